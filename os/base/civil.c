// SPDX-License-Identifier: Apache-2.0
#include "limpet/civil.h"

enum {
    DAYS_400_YEARS = 146097,
    DAYS_100_YEARS = 36524,
    DAYS_4_YEARS = 1461,
    YEAR_ONE = -719162, // 0001-01-01, a Monday
};

bool lp_civil_is_leap(int32_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

unsigned lp_civil_month_days(int32_t year, unsigned month)
{
    static const uint8_t days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && lp_civil_is_leap(year) ? 29 : days[month - 1];
}

bool lp_civil_is_day(int32_t year, unsigned month, unsigned day)
{
    return year >= 1 && month >= 1 && month <= 12 && day >= 1 &&
           day <= lp_civil_month_days(year, month);
}

int32_t lp_civil_days(int32_t year, unsigned month, unsigned day)
{
    static const uint16_t before[12] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    const int32_t years = year - 1; // whole ones, and the leap days in them
    const int32_t days = years * 365 + years / 4 - years / 100 + years / 400 + YEAR_ONE;
    const int32_t leap = lp_civil_is_leap(year) && month > 2 ? 1 : 0;
    return days + before[month - 1] + leap + (int32_t)day - 1;
}

// Whole years since year one, of which *rest days are left.
static int32_t whole_years(int32_t days, int32_t *rest)
{
    int32_t years = days / DAYS_400_YEARS * 400;
    int32_t left = days % DAYS_400_YEARS;
    // The last day of a leap year at the end of a span would begin one more.
    const int32_t centuries = left / DAYS_100_YEARS < 4 ? left / DAYS_100_YEARS : 3;
    left -= centuries * DAYS_100_YEARS;
    years += centuries * 100 + left / DAYS_4_YEARS * 4;
    left %= DAYS_4_YEARS;
    const int32_t single = left / 365 < 4 ? left / 365 : 3;
    *rest = left - single * 365;
    return years + single;
}

lp_civil_t lp_civil_of(int32_t days)
{
    const int32_t since = days - YEAR_ONE;
    int32_t rest = 0;
    lp_civil_t date = {
        .year = whole_years(since, &rest) + 1, .month = 1, .weekday = (uint8_t)((since + 1) % 7)};
    while (rest >= (int32_t)lp_civil_month_days(date.year, date.month)) {
        rest -= (int32_t)lp_civil_month_days(date.year, date.month);
        date.month++;
    }
    date.day = (uint8_t)(rest + 1);
    return date;
}
