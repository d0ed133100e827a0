// SPDX-License-Identifier: Apache-2.0
// What counts as too wide in a policy.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "observe.h"
#include "policy_check.h"

#define ARN "arn:aws:iot:eu-central-1:123456789012:"

static void policy_check_finds_what_is_wide(void **state)
{
    (void)state;
    static const struct {
        const char *document;
        const char *words; // null: nothing
    } table[] = {
        {"{\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"iot:*\",\"Resource\":\"*\"}]}",
         "iot:* on *"},
        {"{\"Statement\":{\"Effect\":\"Allow\",\"Action\":[\"*\"],\"Resource\":[\"" ARN
         "topic/a\"]}}",
         "* on " ARN "topic/a"},
        {"{\"Statement\":[{\"Effect\":\"Deny\",\"Action\":\"iot:*\",\"Resource\":\"*\"}]}", NULL},
        {"{\"Statement\":[{\"Effect\":\"Deny\",\"Action\":\"iot:*\",\"Resource\":\"*\"},"
         "{\"Effect\":\"Allow\",\"Action\":[\"iot:Connect\",\"iot:Publish\"],"
         "\"Resource\":[\"" ARN "topic/a\",\"" ARN "*\"]}]}",
         "iot:Connect on " ARN "*"},
        {"{\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"iot:Publish\",\"Resource\":\"" ARN
         "topic/a/*\"}]}",
         NULL},
        {"{\"Statement\":[{\"Effect\":\"Allow\",\"NotAction\":\"iot:Publish\",\"Resource\":\"x\"}]"
         "}",
         "NotAction on x"},
        {"{\"Statement\":[]}", NULL},
        {"{\"Statement\":[{\"Effect\":7,\"Action\":{},\"Resource\":null}]}", NULL},
        {"{}", "a document that is none"},
        {"<html>", "a document that is none"},
        {"", "a document that is none"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char words[240] = "";
        bool is_found = lp_policy_find_wildcard(table[i].document, words, sizeof words);
        assert_int_equal(is_found, table[i].words != NULL);
        assert_string_equal(words, table[i].words != NULL ? table[i].words : "");
    }
}

static bool is_wide(const char *action, const char *resource)
{
    char document[400];
    char words[240];
    snprintf(document, sizeof document,
             "{\"Statement\":[{\"Effect\":\"Deny\",\"Action\":\"*\",\"Resource\":\"*\"},"
             "{\"Effect\":\"Allow\",\"Action\":[\"iot:Receive\",\"%s\"],\"Resource\":\"%s\"}]}",
             action, resource);
    return lp_policy_find_wildcard(document, words, sizeof words);
}

static void policy_check_knows_every_spelling_of_all(void **state)
{
    (void)state;
    static const char *const all[] = {"*",
                                      "**",
                                      "arn:*",
                                      "arn:aws:iot:*",
                                      "arn:aws:iot:*:*:*",
                                      ARN "topic/*",
                                      ARN "**",
                                      "arn:aws:iot:*:*:client/*"};
    static const char *const some[] = {"", "arn:aws:iot:*:*:client/a*", "arn:aws:iot:*:*:topic/x/*",
                                       ARN "topic/${iot:ClientId}/*", ARN "client/"};
    static const char *const actions[] = {"*", "**", "iot:*", "IoT:**", "io*", "i*"};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        assert_true(is_wide("iot:Publish", all[i]));
    }
    for (size_t i = 0; i < sizeof some / sizeof some[0]; i++) {
        assert_false(is_wide("iot:Publish", some[i]));
        assert_false(is_wide("iot:Publish*", some[i]));
        for (size_t j = 0; j < sizeof actions / sizeof actions[0]; j++) {
            assert_true(is_wide(actions[j], some[i]));
        }
    }
}

static void policy_check_likes_our_own(void **state)
{
    (void)state;
    char words[240];
    char *document = lp_setup_policy_document(ARN "cert/0");
    assert_non_null(document);
    assert_false(lp_policy_find_wildcard(document, words, sizeof words));
    free(document);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(policy_check_finds_what_is_wide),
        cmocka_unit_test(policy_check_knows_every_spelling_of_all),
        cmocka_unit_test(policy_check_likes_our_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
