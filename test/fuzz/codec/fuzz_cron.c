// SPDX-License-Identifier: Apache-2.0
// A zone, a newline, a cron text: what is taken has a next time that is later, and matches in local
// time.
#include <string.h>

#include "fuzz.h"
#include "limpet/cron.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = size > 0 ? memchr(data, '\n', size) : NULL;
    lp_tz_t tz = {0};
    lp_cron_t cron;
    uint8_t text[200];
    lp_buf_t why = lp_buf(text, sizeof text);
    if (end == NULL || lp_tz_parse(lp_span(data, (size_t)(end - data)), &tz) != LP_OK) {
        return 0;
    }
    const lp_span_t rest = lp_span(end + 1, size - (size_t)(end - data) - 1);
    if (lp_cron_parse(rest, &cron, &why) != LP_OK) {
        MUST(why.len > 0);
        return 0;
    }
    int64_t at = INT64_C(1577836800);
    for (int i = 0; i < 5; i++) {
        int64_t next = 0;
        if (lp_cron_next(&cron, &tz, at, &next) != LP_OK) {
            return 0;
        }
        MUST(next > at);
        const int64_t local = next + lp_tz_offset(&tz, next);
        const int64_t before = next - 1 + lp_tz_offset(&tz, next - 1);
        const bool is_behind_gap = local - before > 1;
        MUST(is_behind_gap || (cron.seconds >> (local % 60) & 1u) != 0);
        MUST(is_behind_gap || (cron.minutes >> (local / 60 % 60) & 1u) != 0);
        MUST(is_behind_gap || (cron.hours >> (local / 3600 % 24) & 1u) != 0);
        at = next;
    }
    return 0;
}
