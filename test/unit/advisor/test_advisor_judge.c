// SPDX-License-Identifier: Apache-2.0
// What the advisor makes of waits, cipher suites and policies.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "limpet/advisor.h"
#include "limpet/backoff.h"

typedef struct {
    uint32_t gaps[10];
    size_t count;
    lp_backoff_kind_t kind;
} row_t;

static void backoff_shapes_are_told_apart(void **state)
{
    (void)state;
    static const row_t rows[] = {
        {{1000, 1000, 1000}, 3, LP_BACKOFF_TOO_FEW},
        {{1000, 1000, 1000, 1000, 1000}, 5, LP_BACKOFF_CONSTANT},
        {{1000, 1100, 980, 1120, 1010}, 5, LP_BACKOFF_CONSTANT},
        {{390, 430, 400, 670, 450}, 5, LP_BACKOFF_CONSTANT}, // as a busy computer shows it
        {{0, 0, 0, 0, 0}, 5, LP_BACKOFF_CONSTANT},
        {{3, 12, 0, 25, 9}, 5, LP_BACKOFF_CONSTANT},
        {{1000, 2000, 3000, 4000, 5000}, 5, LP_BACKOFF_LINEAR},
        {{1010, 1980, 3020, 4010, 4990}, 5, LP_BACKOFF_LINEAR},
        {{1000, 2000, 4000, 8000, 16000}, 5, LP_BACKOFF_EXPONENTIAL},
        {{1010, 1990, 4020, 8000, 16020}, 5, LP_BACKOFF_EXPONENTIAL},
        {{1000, 2000, 4000, 8000, 8000, 8000, 8000}, 7, LP_BACKOFF_EXPONENTIAL},
        {{500, 750, 1125, 1687, 2531}, 5, LP_BACKOFF_EXPONENTIAL},
        {{900, 200, 700, 500, 300}, 5, LP_BACKOFF_RANDOM},
        {{700, 1600, 2300, 7100, 9000}, 5, LP_BACKOFF_JITTER},
        {{600, 500, 3900, 2000, 14000}, 5, LP_BACKOFF_JITTER},
        {{16000, 8000, 4000, 2000, 1000}, 5, LP_BACKOFF_RANDOM}, // backwards is no backoff
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(lp_backoff_classify(rows[i].gaps, rows[i].count, 30), rows[i].kind);
    }
}

// What the firmware does must hardly ever be taken for something worse, and next to never fail.
static void backoff_of_the_firmware_is_jitter(void **state)
{
    (void)state;
    enum { DEVICES = 4000 };
    unsigned kinds[LP_BACKOFF_JITTER + 1] = {0};
    uint32_t seed = 1;
    for (int d = 0; d < DEVICES; d++) {
        lp_backoff_t b;
        uint32_t gaps[5];
        lp_backoff_init(&b, 500, 1000, 60000);
        for (size_t i = 0; i < 5; i++) {
            seed = seed * 1664525u + 1013904223u;
            const uint32_t low = seed;
            seed = seed * 1664525u + 1013904223u;
            gaps[i] = lp_backoff_next(&b, (seed & 0xffff0000u) | low >> 16);
        }
        kinds[lp_backoff_classify(gaps, 5, 30)]++;
    }
    assert_true(kinds[LP_BACKOFF_JITTER] > DEVICES * 93 / 100);
    assert_true(kinds[LP_BACKOFF_CONSTANT] + kinds[LP_BACKOFF_LINEAR] <= DEVICES / 400);
}

static void suites_are_sorted_into_recommended_supported_and_others(void **state)
{
    (void)state;
    lp_advisor_suites_t s;
    static const uint8_t all[] = {0x13, 0x01, 0xc0, 0x2b, 0x00, 0x2f, 0xcc, 0xa9,
                                  0x00, 0xff, 0x56, 0x00, 0x2a, 0x2a, 0x00, 0x9e};
    lp_advisor_suites_judge(lp_span(all, sizeof all), &s);
    assert_int_equal(s.recommended, 2);
    assert_int_equal(s.supported, 3);
    assert_int_equal(s.unsupported, 2);
    assert_string_equal(s.unsupported_names, "0xcca9, 0x009e");
    lp_advisor_suites_judge(lp_span(all, 1), &s);
    assert_int_equal(s.supported + s.unsupported, 0);
}

static void suites_beyond_counting_stay_within_the_text(void **state)
{
    (void)state;
    lp_advisor_suites_t s;
    uint8_t many[4000];
    for (size_t i = 0; i < sizeof many; i++) {
        many[i] = (uint8_t)(i % 2 == 0 ? 0xee : i / 2);
    }
    lp_advisor_suites_judge(lp_span(many, sizeof many), &s);
    assert_int_equal(s.unsupported, sizeof many / 2);
    assert_true(strlen(s.unsupported_names) < sizeof s.unsupported_names);
}

#define POLICY(action, resource)                                                                   \
    "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":" action          \
    ",\"Resource\":" resource "}]}"

static void policies_with_wildcards_fail_unless_they_are_pinned(void **state)
{
    (void)state;
    static const struct {
        const char *document;
        lp_advisor_verdict_t verdict;
        const char *words;
    } rows[] = {
        {POLICY("\"iot:Connect\"", "\"arn:aws:iot:r:1:client/dev1\""), LP_ADVISOR_PASS, ""},
        {POLICY("\"iot:*\"", "\"arn:aws:iot:r:1:client/dev1\""), LP_ADVISOR_FAIL, "iot:*"},
        {POLICY("[\"iot:Publish\",\"*\"]", "\"x\""), LP_ADVISOR_FAIL, "action \"*\""},
        {POLICY("\"iot:Publish\"", "\"*\""), LP_ADVISOR_FAIL, "resource \"*\""},
        {POLICY("\"iot:Publish\"", "[\"a\",\"arn:aws:iot:r:1:topic/*\"]"), LP_ADVISOR_FAIL,
         "topic/*"},
        {POLICY("\"iot:Publish\"", "\"arn:aws:iot:r:1:topic/dev1/*\""), LP_ADVISOR_WARN, "dev1/*"},
        {POLICY("\"iot:Publish\"", "\"arn:aws:iot:r:1:topic/${iot:ClientId}/*\""), LP_ADVISOR_WARN,
         "/*"},
        {POLICY("\"iot:Publish\"", "\"arn:aws:iot:r:1:topic/*/${iot:ClientId}\""), LP_ADVISOR_FAIL,
         ""},
        {"{\"Statement\":{\"Effect\":\"Deny\",\"Action\":\"*\",\"Resource\":\"*\"}}",
         LP_ADVISOR_PASS, ""},
        {"{\"Statement\":[]}", LP_ADVISOR_PASS, ""},
        {"{\"Statement\":7}", LP_ADVISOR_ERROR, "not a document"},
        {"[", LP_ADVISOR_ERROR, "not a document"},
        {"", LP_ADVISOR_ERROR, "not a document"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char why[240];
        assert_int_equal(lp_advisor_policy_judge(rows[i].document, "dev1", why, sizeof why),
                         rows[i].verdict);
        assert_non_null(strstr(why, rows[i].words));
    }
}

static void cases_are_complete_and_found_by_name(void **state)
{
    (void)state;
    size_t count = 0;
    unsigned qualification = 0;
    const lp_advisor_case_t *cases = lp_advisor_cases(&count);
    assert_int_equal(count, 25); // 7 + 13 + 2 + 1 + 1 + 1
    for (size_t i = 0; i < count; i++) {
        assert_ptr_equal(lp_advisor_case_find(cases[i].id), &cases[i]);
        qualification += cases[i].is_qualification ? 1 : 0;
    }
    assert_int_equal(qualification, 11);
    assert_non_null(lp_advisor_case_find("tls_support_aws_iot_cipher_suites"));
    assert_null(lp_advisor_case_find("MQTT_Connec"));
    assert_null(lp_advisor_case_find(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(backoff_shapes_are_told_apart),
        cmocka_unit_test(backoff_of_the_firmware_is_jitter),
        cmocka_unit_test(suites_are_sorted_into_recommended_supported_and_others),
        cmocka_unit_test(suites_beyond_counting_stay_within_the_text),
        cmocka_unit_test(policies_with_wildcards_fail_unless_they_are_pinned),
        cmocka_unit_test(cases_are_complete_and_found_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
