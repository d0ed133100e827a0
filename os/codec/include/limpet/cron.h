// SPDX-License-Identifier: Apache-2.0
// limpet/cron.h - when something is to happen, in the words of cron, in local time.
//
// Five fields (minute hour day month weekday) or six, with the second in front; each is *, a
// number, a range a-b, any of these with a step /n, or a list with commas. Months and weekdays have
// names, too (jan, sun; 0 and 7 are Sunday).
// @hourly, @daily, @weekly, @monthly. When day and weekday are both restricted, either is enough,
// as in crontab(5).
//
// Summer time: what names an hour happens once a day. In the hour that is left out it happens right
// behind it; in the one that comes twice, the first time. What leaves the hour open (*/10 * * * *)
// goes on every ten minutes of real time.
// @source POSIX.1-2017, crontab; crontab(5) of ISC cron for steps, names and the two days
// @context any
#ifndef LIMPET_CRON_H
#define LIMPET_CRON_H

#include "limpet/tz.h"

typedef struct {
    uint64_t seconds, minutes; // a bit for each
    uint32_t hours, days;      // days: bits 1..31
    uint16_t months;           // bits 1..12
    uint8_t weekdays;          // bits 0..6
    bool is_any_hour, is_any_day, is_any_weekday;
} lp_cron_t;

// LP_E_FORMAT: not such a text; `why` says which field is wrong. LP_E_NOT_FOUND: there is no such
// day (30 February).
lp_err_t lp_cron_parse(lp_span_t text, lp_cron_t *cron, lp_buf_t *why);

// The first moment after `after_s`, in UTC. LP_E_NOT_FOUND: none within ten years.
lp_err_t lp_cron_next(const lp_cron_t *cron, const lp_tz_t *tz, int64_t after_s, int64_t *next_s);

#endif
