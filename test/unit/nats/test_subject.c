// SPDX-License-Identifier: Apache-2.0
// Topics and filters as NATS subjects: nothing is lost on the way, no two topics meet, and what a
// wildcard selects is the same on both sides.
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
// after the above
#include <cmocka.h>

#include "limpet/mqtt_packet.h"
#include "limpet/nats_subject.h"

static const struct {
    const char *topic, *subject;
} pairs[] = {
    {"a", "m.a"},
    {"a/b/c", "m.a.b.c"},
    {"/", "m.%.%"},
    {"a//b/", "m.a.%.b.%"},
    {"%", "m.%25"},
    {"a.b/c d", "m.a%2Eb.c%20d"},
    {"*/>", "m.%2A.%3E"},
    {"a*/>b", "m.a%2A.%3Eb"},
    {"\x01/\x7f", "m.%01.%7F"},
    {"\r\nPUB x 0", "m.%0D%0APUB%20x%200"},
    {"$aws/things/x", "s.$aws.things.x"},
    {"a/$b", "m.a.$b"},
    {"gr\xc3\xbc\xc3\x9f/e", "m.gr\xc3\xbc\xc3\x9f.e"},
};

static void subject_topics_are_written_as_the_header_says(void **state)
{
    (void)state;
    char out[LP_SUBJECT_SIZE];
    char back[LP_SUBJECT_SIZE];
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        assert_true(lp_subject_of_topic(lp_span_str(pairs[i].topic), out));
        assert_string_equal(out, pairs[i].subject);
        assert_true(lp_subject_topic(out, back));
        assert_string_equal(back, pairs[i].topic);
    }
}

static void subject_filters_are_written_as_the_header_says(void **state)
{
    (void)state;
    static const char *const filters[][2] = {
        {"#", "m.>"},         {"+", "m.*"},           {"a/#", "m.a.>"},
        {"+/b/+", "m.*.b.*"}, {"$aws/#", "s.$aws.>"}, {"a/*/>/+", "m.a.%2A.%3E.*"},
        {"/+/", "m.%.*.%"},   {"a", "m.a"},
    };
    char out[LP_SUBJECT_SIZE];
    for (size_t i = 0; i < sizeof filters / sizeof filters[0]; i++) {
        assert_true(lp_subject_of_filter(lp_span_str(filters[i][0]), out));
        assert_string_equal(out, filters[i][1]);
    }
}

static void subject_what_is_no_topic_or_filter_is_refused(void **state)
{
    (void)state;
    static const char *const topics[] = {"", "a/+", "#", "+"};
    static const char *const filters[] = {"", "a#", "#/a", "a+/b", "$share/g/a"};
    char long_topic[LP_SUBJECT_SIZE];
    char out[LP_SUBJECT_SIZE] = "x";
    for (size_t i = 0; i < sizeof topics / sizeof topics[0]; i++) {
        assert_false(lp_subject_of_topic(lp_span_str(topics[i]), out));
        assert_string_equal(out, "");
    }
    for (size_t i = 0; i < sizeof filters / sizeof filters[0]; i++) {
        assert_false(lp_subject_of_filter(lp_span_str(filters[i]), out));
    }
    assert_false(lp_subject_of_topic(lp_span("a\0b", 3), out));
    memset(long_topic, '.', sizeof long_topic);
    assert_false(lp_subject_of_topic(lp_span(long_topic, LP_SUBJECT_SIZE / 3), out));
    assert_string_equal(out, "");
    assert_true(lp_subject_of_topic(lp_span(long_topic, LP_SUBJECT_SIZE / 3 - 2), out));
}

static void subject_written_in_another_way_is_no_subject(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",      "m",     "m.",    "x.a",   "m.%61", "m.%2e",  "m.a%",   "m.%2",  "m..a",
        "m.a.",  "m.*",   "m.>",   "m.a b", "m.%00", "m.$aws", "s.a",    "m.%%",  "m.%.a%",
        "m.a/b", "m.%2F", "m.%2B", "m.%23", "m.+",   "m.%ff",  "m.\xff", "m.%FF", "s.%24aws",
    };
    char out[LP_SUBJECT_SIZE];
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        if (lp_subject_topic(wrong[i], out)) {
            fail_msg("%s is taken as %s", wrong[i], out);
        }
        assert_string_equal(out, "");
    }
}

static void subject_client_ids_are_one_token(void **state)
{
    (void)state;
    static const char *const ids[] = {"lamp", "a/b", "a.b", "*",  ">",
                                      "%",    "",    "a b", "$x", "\xc3\xbc"};
    char out[LP_SUBJECT_SIZE];
    char back[LP_SUBJECT_SIZE];
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        assert_true(lp_subject_of_text(lp_span_str(ids[i]), out));
        assert_null(strpbrk(out, ". *>"));
        assert_true(out[0] != '\0');
        assert_true(lp_subject_text(out, back));
        assert_string_equal(back, ids[i]);
    }
    assert_false(lp_subject_text("a.b", back));
    assert_false(lp_subject_text("%00", back));
    assert_false(lp_subject_text("%41", back));
}

// --- properties ---------------------------------------------------------------------------------

static uint32_t seed = 1;

static uint32_t below(uint32_t n)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % n;
}

// Few letters, so that names meet often; all that means something to either side.
static void make(char *out, bool is_filter)
{
    static const char *const level[] = {"a", "b", "",   ".",   "*",   ">",
                                        "%", "$", "$a", "a b", "%2E", "ab"};
    size_t count = 1 + below(4);
    out[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        bool is_last = i + 1 == count;
        uint32_t kind = is_filter ? below(4) : 3;
        strcat(out, kind == 0              ? "+"
                    : kind == 1 && is_last ? "#"
                                           : level[below(sizeof level / sizeof level[0])]);
        strcat(out, is_last ? "" : "/");
    }
}

// NATS' own rule, of tokens between dots.
static bool nats_fits(const char *filter, const char *subject)
{
    for (;;) {
        size_t f = strcspn(filter, ".");
        size_t s = strcspn(subject, ".");
        if (f == 1 && filter[0] == '>') {
            return s > 0;
        }
        bool same =
            (f == 1 && filter[0] == '*' && s > 0) || (f == s && strncmp(filter, subject, f) == 0);
        if (!same || (filter[f] == '\0') != (subject[s] == '\0')) {
            return false;
        }
        if (filter[f] == '\0') {
            return true;
        }
        filter += f + 1;
        subject += s + 1;
    }
}

// AWS IoT's a/# is everybody else's a/+/#.
static bool mqtt_fits(const char *filter, const char *topic)
{
    char other[100];
    size_t len = strlen(filter);
    snprintf(other, sizeof other, "%s", filter);
    if (len >= 2 && strcmp(filter + len - 2, "/#") == 0) {
        snprintf(other + len - 1, sizeof other - len + 1, "+/#");
    }
    return lp_mqtt_filter_matches(lp_span_str(other), lp_span_str(topic));
}

static void subject_wildcards_select_the_same_on_both_sides(void **state)
{
    (void)state;
    enum { ROUNDS = 200000 };
    int fitting = 0;
    for (int i = 0; i < ROUNDS; i++) {
        char topic[64];
        char filter[64];
        char subject[LP_SUBJECT_SIZE];
        char wild[LP_SUBJECT_SIZE];
        make(topic, false);
        make(filter, true);
        if (!lp_subject_of_topic(lp_span_str(topic), subject) ||
            !lp_subject_of_filter(lp_span_str(filter), wild)) {
            assert_true(topic[0] == '\0' || filter[0] == '\0');
            continue;
        }
        bool fits = mqtt_fits(filter, topic);
        if (fits != nats_fits(wild, subject)) {
            fail_msg("%s and %s: %d, but %s and %s", filter, topic, fits, wild, subject);
        }
        fitting += fits;
    }
    assert_in_range(fitting, ROUNDS / 100, ROUNDS);
}

static void subject_any_text_comes_back_and_no_two_meet(void **state)
{
    (void)state;
    enum { ROUNDS = 50000 };
    char topic[2][12];
    char subject[2][LP_SUBJECT_SIZE];
    char back[LP_SUBJECT_SIZE];
    for (int i = 0; i < ROUNDS; i++) {
        for (int k = 0; k < 2; k++) {
            size_t len = 1 + below(k == 0 ? 10 : 4);
            for (size_t j = 0; j < len; j++) {
                topic[k][j] = (char)(1 + below(127));
            }
            topic[k][len] = '\0';
            if (!lp_subject_of_topic(lp_span_str(topic[k]), subject[k])) {
                assert_non_null(strpbrk(topic[k], "+#"));
                continue;
            }
            assert_null(strpbrk(subject[k], " *>\r\n\t/"));
            assert_true(lp_subject_topic(subject[k], back));
            assert_string_equal(back, topic[k]);
        }
        assert_true(subject[0][0] == '\0' ||
                    (strcmp(topic[0], topic[1]) == 0) == (strcmp(subject[0], subject[1]) == 0));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(subject_topics_are_written_as_the_header_says),
        cmocka_unit_test(subject_filters_are_written_as_the_header_says),
        cmocka_unit_test(subject_what_is_no_topic_or_filter_is_refused),
        cmocka_unit_test(subject_written_in_another_way_is_no_subject),
        cmocka_unit_test(subject_client_ids_are_one_token),
        cmocka_unit_test(subject_wildcards_select_the_same_on_both_sides),
        cmocka_unit_test(subject_any_text_comes_back_and_no_two_meet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
