// SPDX-License-Identifier: Apache-2.0
// aws-iot-setup --policy FILE: one's own document, checked before anything is done, and never at
// the cost of somebody else's version.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "limpet/ui.h"
#include "policy_file.h"
#include "scene_assert.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define ARN "arn:aws:iot:eu-central-1:123456789012:"

static const char narrow[] =
    "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n"
    "    {\"Effect\": \"Allow\", \"Action\": [\"iot:Connect\", \"iot:Publish\"],"
    " \"Resource\": [\"" ARN "client/a\", \"" ARN "topic/limpet/*/proof\"]}\n  ]\n}\n";

static const char before[] = "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\","
                             "\"Action\":\"iot:Connect\",\"Resource\":\"" ARN "client/old\"}}";

static char path[200];

static void write_file(const scene_t *s, const char *text, size_t len)
{
    snprintf(path, sizeof path, "%s/fleet.json", s->home);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static int setup(scene_t *s, const char *a, const char *b)
{
    const char *args[] = {
        "aws-iot-setup", "--port", s->link, "--yes", "--policy", path, a, b, NULL};
    return scene_run(s, args);
}

static int open_with_file(void **state)
{
    int rc = scene_open_for_test(state);
    write_file(*state, narrow, strlen(narrow));
    return rc;
}

static void have_policy(scene_t *s, const char *name, int n_more_versions)
{
    s->cloud.has_policy = true;
    s->cloud.n_policy_versions = n_more_versions;
    snprintf(s->cloud.policy, sizeof s->cloud.policy, "%s", name);
    snprintf(s->cloud.policy_document, sizeof s->cloud.policy_document, "%s", before);
}

static void own_policy_is_made_and_found_again(void **state)
{
    scene_t *s = *state;
    assert_int_equal(setup(s, NULL, NULL), 0);
    scene_assert_set_up(s);
    assert_string_equal(s->cloud.policy, "fleet"); // named after the file
    assert_true(lp_policy_is_same(s->cloud.policy_document, narrow));
    assert_null(strstr(s->err, "every device with it"));
    fake_cloud_calm(&s->cloud);
    assert_int_equal(setup(s, NULL, NULL), 0);
    assert_non_null(strstr(s->err, "Nothing to do"));
    assert_int_equal(s->cloud.n_changes, 0);
}

static void own_policy_takes_the_name_it_is_given(void **state)
{
    scene_t *s = *state;
    assert_int_equal(setup(s, "--policy-name", "other"), 0);
    assert_string_equal(s->cloud.policy, "other");
}

static void another_text_becomes_a_version_and_is_shown_before(void **state)
{
    scene_t *s = *state;
    have_policy(s, "fleet", 0);
    assert_int_equal(setup(s, "--dry-run", NULL), 0);
    assert_int_equal(s->cloud.n_changes, 0);
    assert_string_equal(s->cloud.policy_document, before);
    assert_non_null(strstr(s->out, "new version of policy \"fleet\""));
    assert_non_null(strstr(s->out, "- {\"Effect\":\"Allow\",\"Action\":\"iot:Connect\""));
    assert_non_null(strstr(s->out, "+ {\"Effect\":\"Allow\",\"Action\":[\"iot:Connect\""));
    assert_non_null(strstr(s->err, "for every device that has it"));
    assert_int_equal(setup(s, NULL, NULL), 0);
    assert_int_equal(s->cloud.n_policy_versions, 1);
    assert_true(lp_policy_is_same(s->cloud.policy_document, narrow));
    assert_int_equal(setup(s, NULL, NULL), 0);
    assert_int_equal(s->cloud.n_policy_versions, 1);
}

static void five_versions_are_not_cut_down(void **state)
{
    scene_t *s = *state;
    have_policy(s, "fleet", 4);
    int rc = setup(s, NULL, NULL);
    scene_assert_tidy_failure(s, rc);
    assert_int_equal(rc, LP_EXIT_CONFLICT);
    assert_non_null(strstr(s->err, "error[policy-versions]"));
    assert_non_null(strstr(s->err, "--policy-version-id 3")); // the fake's count begins there
    assert_int_equal(s->cloud.n_changes, 0);
    assert_int_equal(s->board.n_configure + s->board.n_genkey, 0);
    assert_string_equal(s->cloud.policy_document, before);
    // With the text that is in force there is nothing to make.
    write_file(s, before, strlen(before));
    assert_int_equal(setup(s, NULL, NULL), 0);
}

static void refuse(scene_t *s, const char *text, size_t len, const char *why)
{
    write_file(s, text, len);
    int rc = setup(s, NULL, NULL);
    scene_assert_tidy_failure(s, rc);
    assert_int_equal(rc, LP_EXIT_LOCAL);
    assert_non_null(strstr(s->err, "error[policy-file]"));
    if (strstr(s->err, why) == NULL) {
        print_message("%s\n", s->err);
    }
    assert_non_null(strstr(s->err, why));
    assert_int_equal(s->cloud.n_calls, 0);
}

static void documents_that_aws_refuses_are_refused_before(void **state)
{
    scene_t *s = *state;
    static const char *const texts[] = {
        "",
        "{",
        "[]",
        "{}",
        "<html>",
        "{\"Version\":\"2012-10-17\"}",
        "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Maybe\",\"Action\":\"iot:*\","
        "\"Resource\":\"*\"}]}",
        "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Resource\":\"*\"}]}"};
    for (size_t i = 0; i < COUNT(texts); i++) {
        refuse(s, texts[i], strlen(texts[i]), "no policy that can be used");
    }
    refuse(s, "{\"Version\0\":1}", 14, "no text");
    char *big = malloc(70000);
    memset(big, ' ', 70000);
    refuse(s, big, 70000, "longer than 64 KB");
    free(big);
}

// White space does not count; the 2,049th other character does.
static void the_size_is_counted_as_aws_does(void **state)
{
    scene_t *s = *state;
    static const char head[] = "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
                               "\"Action\":\"iot:Connect\",\"Resource\":\"" ARN "client/";
    static const char tail[] = "\"}]}";
    char text[4000];
    int n = LP_POLICY_MAX_CHARS - (int)(strlen(head) + strlen(tail));
    memset(text, 'x', sizeof text);
    char filler[2100];
    memset(filler, 'x', sizeof filler);
    int len = snprintf(text, sizeof text, "%s%.*s%s%500s", head, n, filler, tail, "");
    write_file(s, text, (size_t)len);
    assert_int_equal(setup(s, "--dry-run", NULL), 0);
    fake_cloud_calm(&s->cloud);
    len = snprintf(text, sizeof text, "%s%.*s%s", head, n + 1, filler, tail);
    refuse(s, text, (size_t)len, "2049 characters");
}

static void what_is_no_file_says_what_to_do(void **state)
{
    scene_t *s = *state;
    snprintf(path, sizeof path, "limpet-device");
    int rc = setup(s, NULL, NULL);
    assert_int_equal(rc, LP_EXIT_LOCAL);
    assert_non_null(strstr(s->err, "--policy-name limpet-device"));
    snprintf(path, sizeof path, "%s", s->home);
    assert_int_equal(setup(s, NULL, NULL), LP_EXIT_LOCAL);
    assert_non_null(strstr(s->err, "not a regular file"));
    assert_int_equal(s->cloud.n_calls, 0);
}

static void a_wide_one_is_warned_about(void **state)
{
    scene_t *s = *state;
    static const char wide[] = "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
                               "\"Action\":\"iot:*\",\"Resource\":\"*\"}]}";
    write_file(s, wide, strlen(wide));
    assert_int_equal(setup(s, "--dry-run", NULL), 0);
    assert_non_null(strstr(s->err, "allows iot:* on *: every device with it"));
    have_policy(s, "fleet", 0);
    assert_int_equal(setup(s, "--dry-run", NULL), 0);
    assert_non_null(strstr(s->err, "allows iot:* on *: every device with it"));
}

// Each call that a version needs fails once or for ever; then a run without a fault ends well, with
// one version more and not two.
static void faults_make_no_second_version(void **state)
{
    (void)state;
    static const char *const actions[] = {"GetPolicy", "ListPolicyVersions", "CreatePolicyVersion"};
    static const struct {
        fault_mode_t fault;
        int count;
    } cases[] = {{FAULT_RESET_BEFORE, 1}, {FAULT_RESET_AFTER, 1}, {FAULT_500_AFTER, 1},
                 {FAULT_THROTTLE, 1},     {FAULT_HALF, 1},        {FAULT_NOTHING, 1},
                 {FAULT_DENIED, -1},      {FAULT_500_BEFORE, -1}, {FAULT_KILL, 1}};
    for (size_t i = 0; i < COUNT(actions); i++) {
        // The calls that only look meet every third of the modes.
        bool is_change = strcmp(actions[i], "CreatePolicyVersion") == 0;
        for (size_t j = is_change ? 0 : i; j < COUNT(cases); j += is_change ? 1 : 3) {
            void *scene = NULL;
            (void)open_with_file(&scene);
            scene_t *s = scene;
            have_policy(s, "fleet", 0);
            s->cloud.fault_action = actions[i];
            s->cloud.fault = cases[j].fault;
            s->cloud.fault_count = cases[j].count;
            int rc = setup(s, NULL, NULL);
            assert_true(rc == 0 || rc >= 128 || strstr(s->err, "error[") != NULL);
            assert_int_not_equal(rc, 99);
            fake_cloud_calm(&s->cloud);
            if (rc == 0) {
                scene_assert_set_up(s);
            }
            assert_int_equal(setup(s, NULL, NULL), 0);
            scene_assert_set_up(s);
            assert_int_equal(s->cloud.n_policy_versions, 1);
            assert_true(lp_policy_is_same(s->cloud.policy_document, narrow));
            (void)scene_close_for_test(&scene);
        }
    }
}

#define POLICY_TEST(f) cmocka_unit_test_setup_teardown(f, open_with_file, scene_close_for_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        POLICY_TEST(own_policy_is_made_and_found_again),
        POLICY_TEST(own_policy_takes_the_name_it_is_given),
        POLICY_TEST(another_text_becomes_a_version_and_is_shown_before),
        POLICY_TEST(five_versions_are_not_cut_down),
        POLICY_TEST(documents_that_aws_refuses_are_refused_before),
        POLICY_TEST(the_size_is_counted_as_aws_does),
        POLICY_TEST(what_is_no_file_says_what_to_do),
        POLICY_TEST(a_wide_one_is_warned_about),
        cmocka_unit_test(faults_make_no_second_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
