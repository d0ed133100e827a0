// SPDX-License-Identifier: Apache-2.0
// Time zones of all kinds, for tests of dates and cron.
#ifndef ZONES_H
#define ZONES_H

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

static inline lp_tz_t zone(const char *text)
{
    lp_tz_t tz;
    assert_int_equal(lp_tz_parse(lp_span_str(text), &tz), LP_OK);
    return tz;
}

static inline lp_cron_t cron(const char *text)
{
    uint8_t bytes[200];
    lp_buf_t why = lp_buf(bytes, sizeof bytes);
    lp_cron_t c;
    if (lp_cron_parse(lp_span_str(text), &c, &why) != LP_OK) {
        fail_msg("%s: %.*s", text, (int)why.len, (const char *)bytes);
    }
    return c;
}

#endif
