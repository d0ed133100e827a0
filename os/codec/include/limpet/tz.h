// SPDX-License-Identifier: Apache-2.0
// limpet/tz.h - time zones with their rules in the zone's own text, "CET-1CEST,M3.5.0,M10.5.0/3".
//
// Nothing to install and nothing to update on the device: the rules are in the setting.
// @source POSIX.1-2017, Base Definitions, 8.3 (TZ); RFC 8536 3.3.1 for hours beyond 24
// @context any
#ifndef LIMPET_TZ_H
#define LIMPET_TZ_H

#include <stdbool.h>

#include "limpet/err.h"
#include "limpet/span.h"

typedef enum {
    LP_TZ_WEEKDAY,  // Mm.w.d: the w-th (5: the last) weekday d of month m
    LP_TZ_JULIAN,   // Jn: day 1..365, 29 February is never counted
    LP_TZ_YEAR_DAY, // n: day 0..365
} lp_tz_kind_t;

// A moment of each year, in local time before the change.
typedef struct {
    lp_tz_kind_t kind;
    uint8_t month, week, weekday;
    uint16_t day;
    int32_t second;
} lp_tz_rule_t;

typedef struct {
    int32_t standard_s; // seconds east of Greenwich
    int32_t summer_s;
    bool has_summer;
    lp_tz_rule_t start, end; // of summer time
} lp_tz_t;

// "UTC0", "EST5EDT,M3.2.0,M11.1.0", "<+0545>-5:45". LP_E_FORMAT: not such a text, *tz untouched.
// Summer time needs rules: the defaults of POSIX are those of one country.
lp_err_t lp_tz_parse(lp_span_t text, lp_tz_t *tz);

// Seconds to add to UTC for local time at that moment; years 1970 to 9999.
int32_t lp_tz_offset(const lp_tz_t *tz, int64_t utc_s);

// The first moment after `utc_s` at which the offset changes. False: it never does.
bool lp_tz_next_change(const lp_tz_t *tz, int64_t utc_s, int64_t *change_s);

#endif
