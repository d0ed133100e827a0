// SPDX-License-Identifier: Apache-2.0
// Dates, time zones and cron. Against glibc's clock: test_cron_glibc.c.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "limpet/civil.h"
#include "zones.h"

// -- dates

static void civil_days_and_back(void **state)
{
    (void)state;
    assert_int_equal(lp_civil_days(1970, 1, 1), 0);
    assert_int_equal(lp_civil_days(2000, 3, 1), 11017);
    for (int32_t day = lp_civil_days(1, 1, 1); day < lp_civil_days(10000, 1, 1); day += 17) {
        const lp_civil_t d = lp_civil_of(day);
        if (!lp_civil_is_day(d.year, d.month, d.day) ||
            lp_civil_days(d.year, d.month, d.day) != day) {
            fail_msg("day %d is %d-%d-%d", (int)day, (int)d.year, d.month, d.day);
        }
    }
}

// -- zones

static void changes_are_where_offsets_change(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof zones / sizeof zones[0]; i++) {
        const lp_tz_t tz = zone(zones[i]);
        int64_t at = Y2020;
        for (int n = 0; n < 20; n++) {
            int64_t change = 0;
            if (!lp_tz_next_change(&tz, at, &change)) {
                assert_false(tz.has_summer);
                break;
            }
            assert_true(change > at);
            assert_int_equal(lp_tz_offset(&tz, at), lp_tz_offset(&tz, change - 1));
            assert_int_not_equal(lp_tz_offset(&tz, change - 1), lp_tz_offset(&tz, change));
            at = change;
        }
    }
}

// The two days are one in leap years only, so that summer begins with such a year, where no rule
// says so.
static void change_at_the_turn_of_a_year_is_seen(void **state)
{
    (void)state;
    const lp_tz_t tz = zone("XXX3YYY,J60/1:30,60/1:30");
    const int64_t new_year = Y2020 + 3 * 3600;
    int64_t change = 0;
    assert_int_equal(lp_tz_offset(&tz, new_year - 1), -3 * 3600);
    assert_int_equal(lp_tz_offset(&tz, new_year), -2 * 3600);
    assert_true(lp_tz_next_change(&tz, Y2020, &change));
    assert_int_equal(change, new_year);
    assert_true(lp_tz_next_change(&tz, Y2020 - 86400, &change));
    assert_int_equal(change, new_year);
}

static void bad_zones_are_refused(void **state)
{
    static const char *const bad[] = {"",
                                      "CET",
                                      "CE-1",
                                      "CET-1CEST",
                                      "CET-1CEST,M3.5.0",
                                      "CET-1CEST,M13.5.0,M10.5.0",
                                      "CET-1CEST,M3.6.0,M10.5.0",
                                      "CET-1CEST,M3.5.7,M10.5.0",
                                      "CET-1CEST,M3.0.0,M10.5.0",
                                      "CET-1CEST,J0,J1",
                                      "CET-1CEST,366,1",
                                      "CET-25",
                                      "CET-1:60",
                                      "CET-1 ",
                                      "<CET-1",
                                      "Europe/Berlin",
                                      "CET-1CEST,M3.5.0/168,M10.5.0",
                                      "ABCDEFGHIJKLMNOPQ1"};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        lp_tz_t tz = {.standard_s = 77};
        if (lp_tz_parse(lp_span_str(bad[i]), &tz) != LP_E_FORMAT || tz.standard_s != 77) {
            fail_msg("%s was taken", bad[i]);
        }
    }
}

// -- cron

static int64_t utc(int year, int month, int day, int hour, int minute)
{
    return ((int64_t)lp_civil_days(year, (unsigned)month, (unsigned)day) * 24 + hour) * 3600 +
           minute * 60;
}

static void assert_next(const char *text, const char *tz_text, int64_t after, int64_t want)
{
    const lp_cron_t c = cron(text);
    const lp_tz_t tz = zone(tz_text);
    int64_t got = 0;
    assert_int_equal(lp_cron_next(&c, &tz, after, &got), LP_OK);
    if (got != want) {
        fail_msg("%s in %s after %lld: %lld instead of %lld", text, tz_text, (long long)after,
                 (long long)got, (long long)want);
    }
}

// Nothing is there twice when the clock does not move.
static void summer_without_a_shift_is_no_second_time(void **state)
{
    (void)state;
    const int64_t noon = utc(2026, 11, 28, 12, 0);
    assert_next("0 12 * * *", "AAA0BBB0,M3.5.0,M10.5.0", noon, noon + DAY_S);
}

static void ordinary_days(void **state)
{
    (void)state;
    const int64_t noon = utc(2026, 11, 28, 12, 0); // a Saturday
    assert_next("* * * * *", "UTC0", noon, noon + 60);
    assert_next("*/5 * * * *", "UTC0", noon + 1, noon + 300);
    assert_next("*/10 * * * * *", "UTC0", noon, noon + 10);
    assert_next("30 0 12 * * *", "UTC0", noon, noon + 30);
    assert_next("0 12 * * *", "UTC0", noon, noon + DAY_S);
    assert_next("0 12 * * *", "UTC0", noon - 1, noon);
    assert_next("15 7 * * mon-fri", "UTC0", noon, utc(2026, 11, 30, 7, 15));
    assert_next("0 0 1 jan *", "UTC0", noon, utc(2027, 1, 1, 0, 0));
    assert_next("0 0 29 2 *", "UTC0", noon, utc(2028, 2, 29, 0, 0));
    assert_next("0 0 * * 7", "UTC0", noon, utc(2026, 11, 29, 0, 0));
    assert_next("0 0 13 * fri", "UTC0", noon, utc(2026, 12, 4, 0, 0)); // either is enough
    assert_next("@monthly", "UTC0", noon, utc(2026, 12, 1, 0, 0));
    assert_next("@weekly", "UTC0", noon, utc(2026, 11, 29, 0, 0));
    assert_next("@hourly", "IST-5:30", noon, noon + 1800);
    assert_next("59 23 31 12 *", "UTC0", noon, utc(2026, 12, 31, 23, 59));
    assert_next("5/20 8-10,20 * * *", "UTC0", noon, utc(2026, 11, 28, 20, 5));
}

// Central Europe: forward on 29 March 2026 at 01:00 UTC, back on 25 October at 01:00 UTC.
static void summer_time(void **state)
{
    static const char cet[] = "CET-1CEST,M3.5.0,M10.5.0/3";
    (void)state;
    // 02:30 is left out: it happens right behind the gap, and next day as ever.
    assert_next("30 2 * * *", cet, utc(2026, 3, 28, 12, 0), utc(2026, 3, 29, 1, 0));
    assert_next("30 2 * * *", cet, utc(2026, 3, 29, 1, 0), utc(2026, 3, 30, 0, 30));
    // 02:30 comes twice: it happens the first time.
    assert_next("30 2 * * *", cet, utc(2026, 10, 24, 12, 0), utc(2026, 10, 25, 0, 30));
    assert_next("30 2 * * *", cet, utc(2026, 10, 25, 0, 30), utc(2026, 10, 26, 1, 30));
    assert_next("30 2 * * *", cet, utc(2026, 10, 25, 1, 10), utc(2026, 10, 26, 1, 30));
    // What leaves the hour open goes on in real time.
    assert_next("*/10 * * * *", cet, utc(2026, 3, 29, 0, 55), utc(2026, 3, 29, 1, 0));
    assert_next("*/10 * * * *", cet, utc(2026, 10, 25, 0, 55), utc(2026, 10, 25, 1, 0));
    assert_next("15 * * * *", cet, utc(2026, 10, 25, 0, 15), utc(2026, 10, 25, 1, 15));
    assert_next("0 3 * * *", cet, utc(2026, 3, 29, 0, 0), utc(2026, 3, 29, 1, 0));
}

static void bad_texts_are_explained(void **state)
{
    static const struct {
        const char *text, *word;
        lp_err_t err;
    } bad[] = {
        {"", "five fields", LP_E_FORMAT},
        {"* * * *", "five fields", LP_E_FORMAT},
        {"* * * * * * *", "five fields", LP_E_FORMAT},
        {"@never", "five fields", LP_E_FORMAT},
        {"60 * * * *", "minute", LP_E_FORMAT},
        {"* 24 * * *", "hour", LP_E_FORMAT},
        {"* * 0 * *", "day", LP_E_FORMAT},
        {"* * 32 * *", "day", LP_E_FORMAT},
        {"* * * 13 *", "month", LP_E_FORMAT},
        {"* * * * 8", "weekday", LP_E_FORMAT},
        {"61 * * * * *", "second", LP_E_FORMAT},
        {"*/0 * * * *", "minute", LP_E_FORMAT},
        {"5-1 * * * *", "minute", LP_E_FORMAT},
        {"1, * * * *", "minute", LP_E_FORMAT},
        {"1--2 * * * *", "minute", LP_E_FORMAT},
        {"* * * foo *", "month", LP_E_FORMAT},
        {"99999999999999999999 * * * *", "minute", LP_E_FORMAT},
        {"0 0 30 2 *", "no month has such a day", LP_E_NOT_FOUND},
        {"0 0 31 4,6,9,11 *", "no month has such a day", LP_E_NOT_FOUND},
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        uint8_t bytes[200] = {0};
        lp_buf_t why = lp_buf(bytes, sizeof bytes - 1);
        lp_cron_t c;
        assert_int_equal(lp_cron_parse(lp_span_str(bad[i].text), &c, &why), bad[i].err);
        if (strstr((const char *)bytes, bad[i].word) == NULL) {
            fail_msg("\"%s\": %s", bad[i].text, (const char *)bytes);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(civil_days_and_back),
        cmocka_unit_test(changes_are_where_offsets_change),
        cmocka_unit_test(change_at_the_turn_of_a_year_is_seen),
        cmocka_unit_test(bad_zones_are_refused),
        cmocka_unit_test(summer_without_a_shift_is_no_second_time),
        cmocka_unit_test(ordinary_days),
        cmocka_unit_test(summer_time),
        cmocka_unit_test(bad_texts_are_explained),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
