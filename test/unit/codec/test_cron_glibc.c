// SPDX-License-Identifier: Apache-2.0
// Dates, time zones and cron against glibc's localtime over decades, and against a search of every
// minute.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "limpet/civil.h"
#include "zones.h"

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

// When a job is due, by trying every minute.
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(civil_is_what_glibc_says),
        cmocka_unit_test(offsets_are_what_glibc_says),
        cmocka_unit_test(every_minute_of_a_year),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
