// SPDX-License-Identifier: Apache-2.0
// Tags: what can have them, their limits, and that they go with what they are on.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "limpet/tags.h"

#define COUNT(a)  (sizeof(a) / sizeof((a)[0]))
#define ARN(rest) "arn:aws:iot:us-east-1:" FIXTURE_ACCOUNT ":" rest

static void group(fixture_t *f)
{
    cJSON *doc = NULL;
    const lp_group_config_t config = {0};
    assert_int_equal(lp_reg_group_create(f->reg, &f->scope, "g", &config, &doc), LP_REG_OK);
    cJSON_Delete(doc);
}

static lp_reg_err_t tag(fixture_t *f, const char *arn, const char *tags)
{
    cJSON *list = cJSON_Parse(tags);
    lp_reg_err_t rc = lp_reg_tag(f->reg, &f->scope, arn, list);
    cJSON_Delete(list);
    return rc;
}

static void expect_tags(fixture_t *f, const char *expected)
{
    const lp_page_t all = {0};
    cJSON *doc = NULL;
    assert_int_equal(lp_reg_tags(f->reg, &f->scope, ARN("thinggroup/g"), &all, &doc), LP_REG_OK);
    char *text = cJSON_PrintUnformatted(cJSON_GetObjectItem(doc, "tags"));
    assert_string_equal(text, expected);
    free(text);
    cJSON_Delete(doc);
}

static void tags_are_put_replaced_and_taken_off(void **state)
{
    fixture_t *f = *state;
    group(f);
    assert_int_equal(
        tag(f, ARN("thinggroup/g"), "[{\"Key\":\"a\",\"Value\":\"1\"},{\"Key\":\"b c\"}]"),
        LP_REG_OK);
    assert_int_equal(tag(f, ARN("thinggroup/g"), "[{\"Key\":\"a\",\"Value\":\"\xc3\xa4\"}]"),
                     LP_REG_OK);
    expect_tags(f, "[{\"Key\":\"a\",\"Value\":\"\xc3\xa4\"},{\"Key\":\"b c\",\"Value\":\"\"}]");
    cJSON *keys = cJSON_Parse("[\"a\",\"not there\"]");
    assert_int_equal(lp_reg_untag(f->reg, &f->scope, ARN("thinggroup/g"), keys), LP_REG_OK);
    cJSON_Delete(keys);
    expect_tags(f, "[{\"Key\":\"b c\",\"Value\":\"\"}]");
}

static void tags_go_with_the_resource(void **state)
{
    fixture_t *f = *state;
    group(f);
    assert_int_equal(tag(f, ARN("thinggroup/g"), "[{\"Key\":\"a\"}]"), LP_REG_OK);
    assert_int_equal(lp_reg_group_delete(f->reg, &f->scope, "g", 0), LP_REG_OK);
    group(f);
    expect_tags(f, "[]");
}

static void tags_have_limits(void **state)
{
    fixture_t *f = *state;
    static const char *const bad[] = {
        "[{\"Key\":\"\"}]",
        "[{\"Value\":\"x\"}]",
        "[{\"Key\":\"aws:x\"}]",
        "[{\"Key\":\"a!\"}]",
        "[{\"Key\":\"a\"},{\"Key\":\"a\"}]",
        "[{\"Key\":\"a\",\"Value\":7}]",
        "{}",
        "7",
    };
    group(f);
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_int_equal(tag(f, ARN("thinggroup/g"), bad[i]), LP_REG_INVALID);
    }
    char many[2000] = "[";
    for (int i = 0; i <= LP_TAGS_MAX; i++) {
        snprintf(many + strlen(many), sizeof many - strlen(many), "%s{\"Key\":\"k%d\"}",
                 i > 0 ? "," : "", i);
    }
    strcat(many, "]");
    assert_int_equal(tag(f, ARN("thinggroup/g"), many), LP_REG_LIMIT);
    expect_tags(f, "[]"); // all or nothing
}

static void tags_only_where_aws_has_them(void **state)
{
    fixture_t *f = *state;
    cJSON *doc = NULL;
    const lp_thing_config_t config = {0};
    assert_int_equal(lp_reg_thing_create(f->reg, &f->scope, "lamp", &config, &doc), LP_REG_OK);
    cJSON_Delete(doc);
    static const struct {
        const char *arn;
        lp_reg_err_t err;
    } cases[] = {
        {ARN("thing/lamp"), LP_REG_INVALID},
        {ARN("cert/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"),
         LP_REG_INVALID},
        {ARN("thinggroup/none"), LP_REG_NOT_FOUND},
        {ARN("job/none"), LP_REG_NOT_FOUND},
        {"arn:aws:iot:eu-west-1:" FIXTURE_ACCOUNT ":thinggroup/g", LP_REG_INVALID},
        {"lamp", LP_REG_INVALID},
        {NULL, LP_REG_INVALID},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(tag(f, cases[i].arn, "[{\"Key\":\"a\"}]"), cases[i].err);
    }
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        T(tags_are_put_replaced_and_taken_off),
        T(tags_go_with_the_resource),
        T(tags_have_limits),
        T(tags_only_where_aws_has_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
