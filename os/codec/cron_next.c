// SPDX-License-Identifier: Apache-2.0
#include "limpet/civil.h"
#include "limpet/cron.h"

enum { DAY_S = 86400, HORIZON_DAYS = 3660, CHANGES_MAX = 24 };

static bool is_day(const lp_cron_t *c, const lp_civil_t *d)
{
    const bool is_date = (c->days >> d->day & 1u) != 0;
    const bool is_weekday = (c->weekdays >> d->weekday & 1u) != 0;
    if ((c->months >> d->month & 1u) == 0) {
        return false;
    }
    if (c->is_any_day || c->is_any_weekday) {
        return is_date && is_weekday;
    }
    return is_date || is_weekday;
}

// The lowest bit from `from` on; `max` + 1 when there is none.
static int32_t bit_from(uint64_t bits, int32_t from, int32_t max)
{
    while (from <= max && (bits >> from & 1u) == 0) {
        from++;
    }
    return from;
}

// The first second of the day from `from` on that matches; DAY_S when there is none.
static int32_t second_from(const lp_cron_t *c, int32_t from)
{
    int32_t hour = from / 3600;
    int32_t minute = from / 60 % 60;
    int32_t second = bit_from(c->seconds, from % 60, 59);
    if (second > 59) {
        minute++;
        second = bit_from(c->seconds, 0, 59);
    }
    const int32_t same_minute = minute;
    minute = minute <= 59 ? bit_from(c->minutes, minute, 59) : 60;
    if (minute > 59) {
        hour++;
        minute = bit_from(c->minutes, 0, 59);
    }
    const int32_t same_hour = hour;
    hour = hour <= 23 ? bit_from(c->hours, hour, 23) : 24;
    if (hour > 23) {
        return DAY_S;
    }
    if (hour != same_hour) {
        minute = bit_from(c->minutes, 0, 59);
    }
    if (hour != same_hour || minute != same_minute) {
        second = bit_from(c->seconds, 0, 59);
    }
    return (hour * 60 + minute) * 60 + second;
}

// The first local time from `from` on that matches, up to the horizon.
static bool find_local(const lp_cron_t *c, int64_t from, int64_t *found)
{
    int32_t day = (int32_t)(from / DAY_S);
    int32_t second = (int32_t)(from % DAY_S);
    for (int i = 0; i < HORIZON_DAYS; i++, day++, second = 0) {
        const lp_civil_t date = lp_civil_of(day);
        const int32_t at = is_day(c, &date) ? second_from(c, second) : DAY_S;
        if (at < DAY_S) {
            *found = (int64_t)day * DAY_S + at;
            return true;
        }
    }
    return false;
}

// Whether this local time was there before: the clock was put back within the last hours.
static bool is_second_time(const lp_tz_t *tz, int64_t utc_s)
{
    const int32_t back_s = tz->summer_s > tz->standard_s ? tz->summer_s - tz->standard_s
                                                         : tz->standard_s - tz->summer_s;
    return tz->has_summer && back_s > 0 &&
           lp_tz_offset(tz, utc_s - back_s) == lp_tz_offset(tz, utc_s) + back_s;
}

// One stretch of time with the same offset, from `from` on. True: *found is in it, or just behind
// it in place of a time that is left out.
static bool find_in_stretch(const lp_cron_t *c, const lp_tz_t *tz, int64_t from, int64_t *found)
{
    const int32_t offset = lp_tz_offset(tz, from);
    int64_t change = INT64_MAX;
    int64_t local = 0;
    (void)lp_tz_next_change(tz, from, &change);
    int64_t start = from;
    bool is_some = find_local(c, start + offset, &local);
    while (is_some && local - offset < change) {
        *found = local - offset;
        if (c->is_any_hour || !is_second_time(tz, *found)) {
            return true;
        }
        start = *found + 1;
        is_some = find_local(c, start + offset, &local);
    }
    *found = change;
    return is_some && change != INT64_MAX && !c->is_any_hour &&
           local < change + lp_tz_offset(tz, change);
}

lp_err_t lp_cron_next(const lp_cron_t *cron, const lp_tz_t *tz, int64_t after_s, int64_t *next_s)
{
    int64_t from = after_s + 1;
    for (int i = 0; i < CHANGES_MAX; i++) {
        int64_t found = 0;
        if (find_in_stretch(cron, tz, from, &found)) {
            *next_s = found;
            return LP_OK;
        }
        if (found == INT64_MAX) {
            break;
        }
        from = found;
    }
    return LP_E_NOT_FOUND;
}
