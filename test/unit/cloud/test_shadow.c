// SPDX-License-Identifier: Apache-2.0
// Shadows: AWS's documents, versions, deltas and refusals.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "limpet/shadow.h"

static const lp_shadow_id_t classic = {.thing = "lamp", .name = ""};
static const lp_shadow_id_t named = {.thing = "lamp", .name = "settings"};

static lp_shadow_answer_t ask(fixture_t *f, const lp_shadow_id_t *id, lp_shadow_op_t op,
                              const char *body)
{
    lp_shadow_answer_t a;
    lp_shadow_request(f->reg, &f->scope, id, op, body, strlen(body), &a);
    return a;
}

// Sends an update and compares a part of the answer, timestamps replaced by T.
static void expect_text(const cJSON *doc, const char *path, const char *expected)
{
    char member[64];
    for (const char *p = path; *p != '\0';) {
        size_t len = strcspn(p, ".");
        snprintf(member, sizeof member, "%.*s", (int)len, p);
        doc = cJSON_GetObjectItemCaseSensitive(doc, member);
        p += len + (p[len] == '.');
    }
    char *text = doc != NULL ? cJSON_PrintUnformatted(doc) : strdup("(none)");
    if (strcmp(text, expected) != 0) {
        print_error("%s is %s, expected %s\n", path, text, expected);
        fail();
    }
    free(text);
}

static void accepted(fixture_t *f, const char *body)
{
    lp_shadow_answer_t a = ask(f, &classic, LP_SHADOW_UPDATE, body);
    if (a.code != 0) {
        print_error("%s: %d\n", body, a.code);
        fail();
    }
    lp_shadow_answer_free(&a);
}

static void shadow_update_answers_with_what_was_asked(void **state)
{
    fixture_t *f = *state;
    lp_shadow_answer_t a =
        ask(f, &classic, LP_SHADOW_UPDATE,
            "{\"state\":{\"desired\":{\"on\":true,\"rgb\":[1,2]}},\"clientToken\":\"tok\"}");
    assert_int_equal(a.code, 0);
    expect_text(a.accepted, "state", "{\"desired\":{\"on\":true,\"rgb\":[1,2]}}");
    expect_text(a.accepted, "version", "1");
    expect_text(a.accepted, "clientToken", "\"tok\"");
    assert_true(cJSON_IsNumber(cJSON_GetObjectItemCaseSensitive(
        cJSON_GetObjectItemCaseSensitive(
            cJSON_GetObjectItemCaseSensitive(
                cJSON_GetObjectItemCaseSensitive(a.accepted, "metadata"), "desired"),
            "on"),
        "timestamp")));
    expect_text(a.delta, "state", "{\"on\":true,\"rgb\":[1,2]}");
    expect_text(a.documents, "previous", "{}");
    expect_text(a.documents, "current.version", "1");
    lp_shadow_answer_free(&a);
}

static void shadow_delta_has_all_that_differs_and_only_that(void **state)
{
    fixture_t *f = *state;
    accepted(f, "{\"state\":{\"desired\":{\"a\":1,\"b\":{\"x\":1,\"y\":2},\"l\":[1]}}}");
    lp_shadow_answer_t a =
        ask(f, &classic, LP_SHADOW_UPDATE,
            "{\"state\":{\"reported\":{\"a\":1,\"b\":{\"x\":1},\"l\":[2],\"other\":5}}}");
    expect_text(a.delta, "state", "{\"b\":{\"y\":2},\"l\":[1]}");
    lp_shadow_answer_free(&a);
    a = ask(f, &classic, LP_SHADOW_UPDATE,
            "{\"state\":{\"reported\":{\"b\":{\"y\":2},\"l\":[1]}}}");
    assert_null(a.delta);
    lp_shadow_answer_free(&a);
}

static void shadow_null_deletes_members_and_sections(void **state)
{
    fixture_t *f = *state;
    accepted(f, "{\"state\":{\"desired\":{\"a\":1,\"b\":2},\"reported\":{\"a\":1}}}");
    accepted(f, "{\"state\":{\"desired\":{\"a\":null},\"reported\":null}}");
    lp_shadow_answer_t a = ask(f, &classic, LP_SHADOW_GET, "");
    expect_text(a.accepted, "state", "{\"desired\":{\"b\":2},\"delta\":{\"b\":2}}");
    expect_text(a.accepted, "metadata.reported", "(none)");
    expect_text(a.accepted, "metadata.desired.a", "(none)");
    lp_shadow_answer_free(&a);
}

static void shadow_value_becomes_object_and_back(void **state)
{
    fixture_t *f = *state;
    accepted(f, "{\"state\":{\"reported\":{\"a\":1}}}");
    accepted(f, "{\"state\":{\"reported\":{\"a\":{\"x\":2}}}}");
    lp_shadow_answer_t a = ask(f, &classic, LP_SHADOW_GET, "");
    expect_text(a.accepted, "state.reported", "{\"a\":{\"x\":2}}");
    expect_text(a.accepted, "metadata.reported.a.timestamp", "(none)");
    lp_shadow_answer_free(&a);
    accepted(f, "{\"state\":{\"reported\":{\"a\":3}}}");
    a = ask(f, &classic, LP_SHADOW_GET, "");
    expect_text(a.accepted, "state.reported", "{\"a\":3}");
    expect_text(a.accepted, "metadata.reported.a.x", "(none)");
    lp_shadow_answer_free(&a);
}

static void shadow_version_guards_and_goes_on_after_delete(void **state)
{
    fixture_t *f = *state;
    accepted(f, "{\"state\":{\"desired\":{\"a\":1}},\"version\":0}");
    accepted(f, "{\"state\":{\"desired\":{\"a\":2}},\"version\":1}");
    lp_shadow_answer_t a =
        ask(f, &classic, LP_SHADOW_UPDATE, "{\"state\":{\"desired\":{\"a\":3}},\"version\":1}");
    assert_int_equal(a.code, 409);
    expect_text(a.rejected, "message", "\"Version conflict\"");
    lp_shadow_answer_free(&a);
    a = ask(f, &classic, LP_SHADOW_DELETE, "{\"version\":1}");
    assert_int_equal(a.code, 409);
    lp_shadow_answer_free(&a);
    a = ask(f, &classic, LP_SHADOW_DELETE, "");
    assert_int_equal(a.code, 0);
    expect_text(a.accepted, "version", "2");
    lp_shadow_answer_free(&a);
    a = ask(f, &classic, LP_SHADOW_GET, "{\"clientToken\":\"t\"}");
    assert_int_equal(a.code, 404);
    expect_text(a.rejected, "message", "\"No shadow exists with name: 'lamp'\"");
    expect_text(a.rejected, "clientToken", "\"t\"");
    lp_shadow_answer_free(&a);
    a = ask(f, &classic, LP_SHADOW_UPDATE, "{\"state\":{\"desired\":{\"a\":1}}}");
    expect_text(a.accepted, "version", "4");
    expect_text(a.documents, "previous", "{}");
    lp_shadow_answer_free(&a);
}

static void shadow_named_are_apart_and_listed(void **state)
{
    fixture_t *f = *state;
    const lp_page_t all = {0};
    cJSON *doc = NULL;
    accepted(f, "{\"state\":{\"desired\":{\"a\":1}}}");
    lp_shadow_answer_t a = ask(f, &named, LP_SHADOW_GET, "");
    assert_int_equal(a.code, 404);
    expect_text(a.rejected, "message", "\"No shadow exists with name: 'lamp~settings'\"");
    lp_shadow_answer_free(&a);
    a = ask(f, &named, LP_SHADOW_UPDATE, "{\"state\":{\"reported\":{\"b\":1}}}");
    assert_int_equal(a.code, 0);
    lp_shadow_answer_free(&a);
    assert_int_equal(lp_shadow_names(f->reg, &f->scope, "lamp", &all, &doc), LP_REG_OK);
    expect_text(doc, "results", "[\"settings\"]");
    cJSON_Delete(doc);
}

static const struct {
    const char *body;
    int code;
} refused[] = {
    {"", 400},
    {"x", 400},
    {"{\"state\":{\"desired\":{\"a\":\"\xff\"}}}", 400},
    {"[]", 400},
    {"{}", 400},
    {"{\"state\":7}", 400},
    {"{\"state\":null}", 400},
    {"{\"state\":{\"wanted\":{}}}", 400},
    {"{\"state\":{\"desired\":5}}", 400},
    {"{\"state\":{\"desired\":{\"a\":[1,null]}}}", 400},
    {"{\"state\":{\"desired\":{\"a\":1}},\"version\":\"1\"}", 400},
    {"{\"state\":{\"desired\":{\"a\":1}},\"version\":-1}", 400},
    {"{\"state\":{\"desired\":{\"a\":1}},\"version\":1.5}", 400},
    {"{\"state\":{\"desired\":{\"a\":1}},\"clientToken\":5}", 400},
    {"{\"state\":{\"desired\":{\"a\":1}},\"version\":7}", 409},
    {"{\"state\":{\"desired\":{\"1\":{\"2\":{\"3\":{\"4\":{\"5\":{\"6\":{\"7\":{\"8\":{}}}}}}}}}}}",
     400},
};

static void shadow_bad_requests_change_nothing(void **state)
{
    fixture_t *f = *state;
    accepted(f, "{\"state\":{\"desired\":{\"keep\":1}}}");
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        lp_shadow_answer_t a = ask(f, &classic, LP_SHADOW_UPDATE, refused[i].body);
        if (a.code != refused[i].code || a.accepted != NULL || a.delta != NULL) {
            print_error("%s: %d\n", refused[i].body, a.code);
            fail();
        }
        lp_shadow_answer_free(&a);
    }
    lp_shadow_answer_t a = ask(f, &classic, LP_SHADOW_GET, "");
    expect_text(a.accepted, "version", "1");
    lp_shadow_answer_free(&a);
}

static void shadow_larger_than_eight_kilobytes_is_refused(void **state)
{
    fixture_t *f = *state;
    char body[9200];
    int n = snprintf(body, sizeof body, "{\"state\":{\"desired\":{\"a\":\"");
    memset(body + n, 'x', 8300);
    snprintf(body + n + 8300, sizeof body - (size_t)n - 8300, "\"}}}");
    lp_shadow_answer_t a = ask(f, &classic, LP_SHADOW_UPDATE, body);
    assert_int_equal(a.code, 413);
    lp_shadow_answer_free(&a);
}

static void shadow_topics_are_read_strictly(void **state)
{
    (void)state;
    lp_shadow_names_t n;
    lp_shadow_op_t op;
    assert_true(lp_shadow_topic("$aws/things/lamp/shadow/update", &n, &op));
    assert_string_equal(n.thing, "lamp");
    assert_string_equal(n.name, "");
    assert_int_equal(op, LP_SHADOW_UPDATE);
    assert_true(lp_shadow_topic("$aws/things/lamp/shadow/name/x/get", &n, &op));
    assert_string_equal(n.name, "x");
    const char *const not_these[] = {"$aws/things/lamp/shadow/update/accepted",
                                     "$aws/things/lamp/shadow",
                                     "$aws/things//shadow/get",
                                     "$aws/things/lamp/shadow/name//get",
                                     "$aws/things/lamp/shadow/name/x",
                                     "aws/things/lamp/shadow/get",
                                     "$aws/things/lamp/jobs/get",
                                     ""};
    for (size_t i = 0; i < sizeof not_these / sizeof not_these[0]; i++) {
        assert_false(lp_shadow_topic(not_these[i], &n, &op));
    }
}

#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(shadow_update_answers_with_what_was_asked),
        T(shadow_delta_has_all_that_differs_and_only_that),
        T(shadow_null_deletes_members_and_sections),
        T(shadow_value_becomes_object_and_back),
        T(shadow_version_guards_and_goes_on_after_delete),
        T(shadow_named_are_apart_and_listed),
        T(shadow_bad_requests_change_nothing),
        T(shadow_larger_than_eight_kilobytes_is_refused),
        cmocka_unit_test(shadow_topics_are_read_strictly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
