// SPDX-License-Identifier: Apache-2.0
// @source RFC 5424, 6
#include <string.h>

#include "limpet/civil.h"
#include "limpet/svc_logs.h"

enum { FACILITY_LOCAL0 = 16, DAY_S = 86400, NAME_MAX_BYTES = 32 };

static unsigned severity(lp_log_level_t level)
{
    static const uint8_t of[] = {[LP_LOG_OFF] = 7,
                                 [LP_LOG_ERROR] = 3,
                                 [LP_LOG_WARN] = 4,
                                 [LP_LOG_INFO] = 6,
                                 [LP_LOG_DEBUG] = 7};
    return of[level];
}

static lp_err_t put_time(lp_buf_t *out, int64_t utc_ms)
{
    if (utc_ms <= 0) {
        return lp_fmt(out, "-");
    }
    const int64_t utc_s = utc_ms / 1000;
    const uint32_t of_day = (uint32_t)(utc_s % DAY_S);
    const lp_civil_t day = lp_civil_of((int32_t)(utc_s / DAY_S));
    return lp_fmt(out, "%d-%02u-%02uT%02u:%02u:%02u.%03uZ", (int)day.year, (unsigned)day.month,
                  (unsigned)day.day, (unsigned)(of_day / 3600), (unsigned)(of_day / 60 % 60),
                  (unsigned)(of_day % 60), (unsigned)(utc_ms % 1000));
}

// A name in a header has no blanks and is not empty.
static void put_name(char *to, size_t cap, const char *from, size_t len)
{
    size_t n = 0;
    for (size_t i = 0; i < len && n + 1 < cap; i++) {
        to[n++] = from[i] > 0x20 && from[i] < 0x7F ? from[i] : '_';
    }
    if (n == 0) {
        to[n++] = '-';
    }
    to[n] = '\0';
}

// "W 12.345 cloud: words" -> cloud, words.
static lp_span_t split(lp_span_t line, lp_span_t *module)
{
    const char *text = (const char *)line.ptr;
    size_t at = 2;
    while (at < line.len && text[at] != ' ') {
        at++;
    }
    const size_t begin = at + 1;
    for (at = begin; at + 1 < line.len; at++) {
        if (text[at] == ':' && text[at + 1] == ' ') {
            *module = lp_span(text + begin, at - begin);
            return lp_span(text + at + 2, line.len - at - 2);
        }
    }
    *module = lp_span(text, 0);
    return line;
}

lp_err_t lp_syslog_format(lp_buf_t *out, const lp_log_ring_line_t *line, int64_t utc_ms,
                          const char *host, const char *app)
{
    char host_name[NAME_MAX_BYTES], app_name[NAME_MAX_BYTES], module_name[NAME_MAX_BYTES];
    lp_span_t module;
    const lp_span_t words = split(line->text, &module);
    put_name(host_name, sizeof host_name, host, strlen(host));
    put_name(app_name, sizeof app_name, app, strlen(app));
    put_name(module_name, sizeof module_name, (const char *)module.ptr, module.len);
    const size_t before = out->len;
    lp_err_t err = lp_fmt(out, "<%u>1 ", FACILITY_LOCAL0 * 8 + severity(line->level));
    if (err == LP_OK) {
        err = put_time(out, utc_ms);
    }
    if (err == LP_OK) {
        err =
            lp_fmt(out, " %s %s - %s - %.*s", host_name, app_name, module_name, LP_FMT_SPAN(words));
    }
    if (err != LP_OK) {
        out->len = before;
    }
    return err;
}
