// SPDX-License-Identifier: Apache-2.0
// Dates, time zones and cron: against glibc's localtime over decades, and against a search of every
// minute.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "limpet/civil.h"
#include "limpet/cron.h"

enum { DAY_S = 86400, MINUTE_S = 60 };
#define Y2020 INT64_C(1577836800)

static const char *const zones[] = {
    "UTC0",
    "CET-1CEST,M3.5.0,M10.5.0/3",
    "EST5EDT,M3.2.0,M11.1.0",
    "AEST-10AEDT,M10.1.0,M4.1.0/3",
    "NZST-12NZDT,M9.5.0,M4.1.0/3",
    "IST-5:30",
    "<+0330>-3:30",
    "<-02>2<-01>,M3.5.0/-1,M10.5.0/0",
    "IST-2IDT,M3.4.4/26,M10.5.0",
    "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
    "XXX3YYY,J60/1:30,J300/0",
    "XXX-3YYY,59,299/23:59:59",
};

static lp_tz_t zone(const char *text)
{
    lp_tz_t tz;
    assert_int_equal(lp_tz_parse(lp_span_str(text), &tz), LP_OK);
    return tz;
}

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

static void civil_is_what_glibc_says(void **state)
{
    (void)state;
    for (int64_t t = 0; t < INT64_C(253402300800); t += DAY_S * 101) {
        const time_t now = (time_t)t;
        struct tm tm;
        gmtime_r(&now, &tm);
        const lp_civil_t d = lp_civil_of((int32_t)(t / DAY_S));
        assert_int_equal(d.year, tm.tm_year + 1900);
        assert_int_equal(d.month, tm.tm_mon + 1);
        assert_int_equal(d.day, tm.tm_mday);
        assert_int_equal(d.weekday, tm.tm_wday);
    }
}

// -- zones

static void offsets_are_what_glibc_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof zones / sizeof zones[0]; i++) {
        const lp_tz_t tz = zone(zones[i]);
        setenv("TZ", zones[i], 1);
        tzset();
        for (int64_t t = Y2020; t < Y2020 + INT64_C(12) * 366 * DAY_S; t += 7200) {
            const time_t now = (time_t)t;
            struct tm tm;
            localtime_r(&now, &tm);
            if (lp_tz_offset(&tz, t) != (int32_t)tm.tm_gmtoff) {
                fail_msg("%s at %lld: %d, glibc has %ld", zones[i], (long long)t,
                         (int)lp_tz_offset(&tz, t), tm.tm_gmtoff);
            }
        }
    }
}

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

static lp_cron_t cron(const char *text)
{
    uint8_t bytes[200];
    lp_buf_t why = lp_buf(bytes, sizeof bytes);
    lp_cron_t c;
    if (lp_cron_parse(lp_span_str(text), &c, &why) != LP_OK) {
        fail_msg("%s: %.*s", text, (int)why.len, (const char *)bytes);
    }
    return c;
}

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

// The same by trying every minute, with glibc's clock.
static bool matches(const lp_cron_t *c, const struct tm *tm)
{
    const bool is_date = (c->days >> tm->tm_mday & 1u) != 0;
    const bool is_weekday = (c->weekdays >> tm->tm_wday & 1u) != 0;
    const bool is_day =
        c->is_any_day || c->is_any_weekday ? is_date && is_weekday : is_date || is_weekday;
    return is_day && (c->months >> (tm->tm_mon + 1) & 1u) != 0 &&
           (c->hours >> tm->tm_hour & 1u) != 0 && (c->minutes >> tm->tm_min & 1u) != 0;
}

typedef struct {
    const char *text;
    lp_cron_t cron;
    int64_t next;
} watched_t;

static void look_at_minute(watched_t *w, const lp_tz_t *tz, int64_t t, const struct tm *tm,
                           bool is_near_change)
{
    const bool is_due = t == w->next;
    // The hours around a change are the business of the test above, for fixed hours.
    if ((w->cron.is_any_hour || !is_near_change) && is_due != matches(&w->cron, tm)) {
        fail_msg("%s at %lld: due %d", w->text, (long long)t, is_due);
    }
    if (is_due) {
        assert_int_equal(lp_cron_next(&w->cron, tz, t, &w->next), LP_OK);
        assert_true(w->next > t);
    }
}

static void every_minute_of_a_year(void **state)
{
    static const char *const texts[] = {"*/7 * * * *",      "13 * * * *",    "0 */3 * * *",
                                        "45 5 * * sat,sun", "20 4 1,15 * *", "0 12 28-31 2-10 *",
                                        "10,50 0 * 3,10 0"};
    enum { TEXTS = sizeof texts / sizeof texts[0] };
    (void)state;
    for (size_t z = 0; z < sizeof zones / sizeof zones[0]; z += 2) {
        const lp_tz_t tz = zone(zones[z]);
        watched_t w[TEXTS];
        long offset_before = 0;
        int64_t changed = 0;
        setenv("TZ", zones[z], 1);
        tzset();
        for (size_t i = 0; i < TEXTS; i++) {
            w[i] = (watched_t){.text = texts[i], .cron = cron(texts[i])};
            assert_int_equal(lp_cron_next(&w[i].cron, &tz, Y2020, &w[i].next), LP_OK);
        }
        for (int64_t t = Y2020 + MINUTE_S; t < Y2020 + INT64_C(366) * DAY_S; t += MINUTE_S) {
            const time_t now = (time_t)t;
            struct tm tm;
            localtime_r(&now, &tm);
            changed = tm.tm_gmtoff != offset_before ? t : changed;
            offset_before = tm.tm_gmtoff;
            for (size_t i = 0; i < TEXTS; i++) {
                look_at_minute(&w[i], &tz, t, &tm, t - changed < 2 * 3600);
            }
        }
    }
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
        cmocka_unit_test(civil_is_what_glibc_says),
        cmocka_unit_test(offsets_are_what_glibc_says),
        cmocka_unit_test(changes_are_where_offsets_change),
        cmocka_unit_test(change_at_the_turn_of_a_year_is_seen),
        cmocka_unit_test(bad_zones_are_refused),
        cmocka_unit_test(ordinary_days),
        cmocka_unit_test(summer_time),
        cmocka_unit_test(every_minute_of_a_year),
        cmocka_unit_test(bad_texts_are_explained),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
