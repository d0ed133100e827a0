// SPDX-License-Identifier: Apache-2.0
#include "cursor.h"

#include "limpet/fmt.h"
#include "limpet/hex.h"

enum { NONCE_DIGITS = 8 };

static bool parse_number(const char *digits, uint32_t *number)
{
    uint64_t n = 0;
    if (*digits == '\0') {
        return false;
    }
    for (; *digits != '\0'; digits++) {
        n = n * 10 + (uint64_t)(*digits - '0');
        if (*digits < '0' || *digits > '9' || n > UINT32_MAX) {
            return false;
        }
    }
    *number = (uint32_t)n;
    return true;
}

bool lp_cursor_parse(const char *text, uint32_t *nonce, uint32_t *id)
{
    uint8_t bytes[NONCE_DIGITS / 2];
    lp_buf_t out = lp_buf(bytes, sizeof bytes);
    const lp_span_t cursor = lp_span_str(text);
    if (cursor.len < NONCE_DIGITS + 2 || text[NONCE_DIGITS] != '.' ||
        lp_hex_decode(&out, lp_span(cursor.ptr, NONCE_DIGITS)) != LP_OK) {
        return false;
    }
    *nonce =
        (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
    return parse_number(text + NONCE_DIGITS + 1, id);
}

const char *lp_cursor_text(char text[LP_CURSOR_BYTES], uint32_t nonce, uint32_t id)
{
    (void)lp_fmt_str(text, LP_CURSOR_BYTES, "%08x.%u", (unsigned)nonce, (unsigned)id);
    return text;
}
