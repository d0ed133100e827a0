// SPDX-License-Identifier: Apache-2.0
#include "limpet/base64.h"
#include "limpet/crash.h"
#include "limpet/fmt.h"

enum { BYTES_A_LINE = 48 };

void lp_crash_print(lp_span_t dump, lp_crash_put_fn *put)
{
    static const char begin[] = LP_CRASH_BEGIN, end[] = LP_CRASH_END;
    put(begin, sizeof begin - 1);
    for (size_t at = 0; at < dump.len; at += BYTES_A_LINE) {
        uint8_t text[LP_BASE64_LEN(BYTES_A_LINE)];
        lp_buf_t line = lp_buf(text, sizeof text);
        const size_t left = dump.len - at;
        (void)lp_base64_encode(&line,
                               lp_span(dump.ptr + at, left < BYTES_A_LINE ? left : BYTES_A_LINE));
        put((const char *)line.ptr, line.len);
    }
    put(end, sizeof end - 1);
}
