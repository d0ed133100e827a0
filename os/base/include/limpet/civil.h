// SPDX-License-Identifier: Apache-2.0
// limpet/civil.h - dates of the Gregorian calendar and days since 1970-01-01.
// @context any
#ifndef LIMPET_CIVIL_H
#define LIMPET_CIVIL_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    int32_t year;    // 1 and up
    uint8_t month;   // 1..12
    uint8_t day;     // 1..31
    uint8_t weekday; // 0 is Sunday; lp_civil_days() does not look at it
} lp_civil_t;

bool lp_civil_is_leap(int32_t year);
// 28..31. `month` is 1..12.
unsigned lp_civil_month_days(int32_t year, unsigned month);
// Whether there is such a day.
bool lp_civil_is_day(int32_t year, unsigned month, unsigned day);

// Days since 1970-01-01, negative before. The date must exist.
int32_t lp_civil_days(int32_t year, unsigned month, unsigned day);
// The date of a day from 0001-01-01 on.
lp_civil_t lp_civil_of(int32_t days);

#endif
