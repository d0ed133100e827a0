// SPDX-License-Identifier: Apache-2.0
#include "limpet/tz.h"

#include "limpet/civil.h"

enum { DAY_S = 86400, HOUR_S = 3600, NAME_MIN = 3, NAME_MAX = 16 };

// -- text

typedef struct {
    const uint8_t *at, *end;
} cursor_t;

static bool take(cursor_t *c, char wanted)
{
    if (c->at == c->end || *c->at != (uint8_t)wanted) {
        return false;
    }
    c->at++;
    return true;
}

static bool is_letter(uint8_t ch)
{
    return (ch >= 'A' && ch <= 'Z') || (ch >= 'a' && ch <= 'z');
}

static bool is_quoted(uint8_t ch)
{
    return is_letter(ch) || (ch >= '0' && ch <= '9') || ch == '+' || ch == '-';
}

// A name: letters, or in angle brackets also digits and signs.
static bool take_name(cursor_t *c)
{
    const bool is_in_brackets = take(c, '<');
    unsigned n = 0;
    while (c->at != c->end && (is_in_brackets ? is_quoted(*c->at) : is_letter(*c->at))) {
        c->at++;
        n++;
    }
    return n >= NAME_MIN && n <= NAME_MAX && (!is_in_brackets || take(c, '>'));
}

static bool take_number(cursor_t *c, unsigned max, unsigned *out)
{
    unsigned n = 0;
    const uint8_t *first = c->at;
    while (c->at != c->end && *c->at >= '0' && *c->at <= '9' && n <= max) {
        n = n * 10 + (*c->at++ - (unsigned)'0');
    }
    *out = n;
    return c->at != first && n <= max;
}

// [+-]hh[:mm[:ss]] in seconds.
static bool take_time(cursor_t *c, unsigned max_hours, int32_t *out)
{
    const bool is_negative = take(c, '-');
    unsigned hours = 0;
    unsigned rest[2] = {0, 0};
    if (!is_negative) {
        (void)take(c, '+');
    }
    if (!take_number(c, max_hours, &hours)) {
        return false;
    }
    for (int i = 0; i < 2 && take(c, ':'); i++) {
        if (!take_number(c, 59, &rest[i])) {
            return false;
        }
    }
    const int32_t seconds = (int32_t)(hours * HOUR_S + rest[0] * 60 + rest[1]);
    *out = is_negative ? -seconds : seconds;
    return true;
}

static bool take_weekday_rule(cursor_t *c, lp_tz_rule_t *rule)
{
    unsigned month = 0;
    unsigned week = 0;
    unsigned weekday = 0;
    if (!take_number(c, 12, &month) || !take(c, '.') || !take_number(c, 5, &week) ||
        !take(c, '.') || !take_number(c, 6, &weekday) || month == 0 || week == 0) {
        return false;
    }
    rule->kind = LP_TZ_WEEKDAY;
    rule->month = (uint8_t)month;
    rule->week = (uint8_t)week;
    rule->weekday = (uint8_t)weekday;
    return true;
}

static bool take_day_rule(cursor_t *c, lp_tz_rule_t *rule)
{
    unsigned day = 0;
    rule->kind = take(c, 'J') ? LP_TZ_JULIAN : LP_TZ_YEAR_DAY;
    if (!take_number(c, 365, &day) || (rule->kind == LP_TZ_JULIAN && day == 0)) {
        return false;
    }
    rule->day = (uint16_t)day;
    return true;
}

// ",rule[/time]"
static bool take_rule(cursor_t *c, lp_tz_rule_t *rule)
{
    rule->second = 2 * HOUR_S;
    if (!take(c, ',') || !(take(c, 'M') ? take_weekday_rule(c, rule) : take_day_rule(c, rule))) {
        return false;
    }
    return !take(c, '/') || take_time(c, 167, &rule->second);
}

static bool take_summer(cursor_t *c, lp_tz_t *tz)
{
    tz->has_summer = true;
    tz->summer_s = tz->standard_s + HOUR_S;
    if (!take_name(c)) {
        return false;
    }
    if (c->at != c->end && *c->at != ',') {
        if (!take_time(c, 24, &tz->summer_s)) {
            return false;
        }
        tz->summer_s = -tz->summer_s;
    }
    return take_rule(c, &tz->start) && take_rule(c, &tz->end);
}

lp_err_t lp_tz_parse(lp_span_t text, lp_tz_t *tz)
{
    lp_tz_t out = {0};
    cursor_t c = {text.ptr, text.ptr + text.len};
    if (text.len == 0 || !take_name(&c) || !take_time(&c, 24, &out.standard_s)) {
        return LP_E_FORMAT;
    }
    out.standard_s = -out.standard_s; // the text counts west
    if (c.at != c.end && !take_summer(&c, &out)) {
        return LP_E_FORMAT;
    }
    if (c.at != c.end) {
        return LP_E_FORMAT;
    }
    *tz = out;
    return LP_OK;
}

// -- rules

static int32_t weekday_rule_day(const lp_tz_rule_t *rule, int32_t year)
{
    const int32_t first = lp_civil_days(year, rule->month, 1);
    const unsigned shift = (7u + rule->weekday - lp_civil_of(first).weekday) % 7u;
    unsigned day = shift + 7u * (rule->week - 1u);
    while (day >= lp_civil_month_days(year, rule->month)) {
        day -= 7;
    }
    return first + (int32_t)day;
}

static int32_t rule_day(const lp_tz_rule_t *rule, int32_t year)
{
    const int32_t new_year = lp_civil_days(year, 1, 1);
    switch (rule->kind) {
    case LP_TZ_WEEKDAY:
        return weekday_rule_day(rule, year);
    case LP_TZ_JULIAN:
        return new_year + rule->day - 1 + (lp_civil_is_leap(year) && rule->day > 59 ? 1 : 0);
    case LP_TZ_YEAR_DAY:
        break;
    }
    return new_year + rule->day;
}

static int64_t rule_moment(const lp_tz_rule_t *rule, int32_t year, int32_t offset_s)
{
    return (int64_t)rule_day(rule, year) * DAY_S + rule->second - offset_s;
}

static int32_t year_of(int64_t local_s)
{
    const int64_t days = local_s >= 0 ? local_s / DAY_S : -((DAY_S - 1 - local_s) / DAY_S);
    return lp_civil_of((int32_t)days).year;
}

int32_t lp_tz_offset(const lp_tz_t *tz, int64_t utc_s)
{
    if (!tz->has_summer) {
        return tz->standard_s;
    }
    const int32_t year = year_of(utc_s + tz->standard_s);
    const int64_t start = rule_moment(&tz->start, year, tz->standard_s);
    const int64_t end = rule_moment(&tz->end, year, tz->summer_s);
    // South of the equator summer goes over the turn of the year.
    const bool is_summer =
        start < end ? utc_s >= start && utc_s < end : utc_s < end || utc_s >= start;
    return is_summer ? tz->summer_s : tz->standard_s;
}

bool lp_tz_next_change(const lp_tz_t *tz, int64_t utc_s, int64_t *change_s)
{
    bool is_found = false;
    if (!tz->has_summer) {
        return false;
    }
    const int32_t year = year_of(utc_s + tz->standard_s);
    for (int32_t y = year > 1 ? year - 1 : year; y <= year + 1; y++) {
        // Rules that count days may have summer at the end of a year and not at the beginning of
        // the next one, when only one of the two is a leap year.
        const int64_t moments[] = {rule_moment(&tz->start, y, tz->standard_s),
                                   rule_moment(&tz->end, y, tz->summer_s),
                                   (int64_t)lp_civil_days(y, 1, 1) * DAY_S - tz->standard_s};
        for (int i = 0; i < 3; i++) {
            const bool is_real = lp_tz_offset(tz, moments[i]) != lp_tz_offset(tz, moments[i] - 1);
            if (is_real && moments[i] > utc_s && (!is_found || moments[i] < *change_s)) {
                *change_s = moments[i];
                is_found = true;
            }
        }
    }
    return is_found;
}
