// SPDX-License-Identifier: Apache-2.0
#include "limpet/utf8.h"

static size_t sequence_len(uint8_t lead)
{
    if (lead < 0x80) {
        return 1;
    }
    if (lead >= 0xc2 && lead <= 0xdf) {
        return 2;
    }
    if (lead >= 0xe0 && lead <= 0xef) {
        return 3;
    }
    return lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
}

static bool is_scalar(uint32_t cp)
{
    return cp <= 0x10ffff && (cp < 0xd800 || cp > 0xdfff);
}

size_t lp_utf8_next(lp_span_t s, uint32_t *cp)
{
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    static const uint8_t lead_bits[5] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    size_t len = s.len > 0 ? sequence_len(s.ptr[0]) : 0;
    if (len == 0 || len > s.len) {
        return 0;
    }
    uint32_t v = s.ptr[0] & lead_bits[len];
    for (size_t i = 1; i < len; i++) {
        if ((s.ptr[i] & 0xc0) != 0x80) {
            return 0;
        }
        v = v << 6 | (s.ptr[i] & 0x3fu);
    }
    if (v < least[len] || !is_scalar(v)) {
        return 0;
    }
    if (cp != NULL) {
        *cp = v;
    }
    return len;
}

bool lp_utf8_is_valid(lp_span_t s)
{
    while (s.len > 0) {
        size_t len = lp_utf8_next(s, NULL);
        if (len == 0) {
            return false;
        }
        s = lp_span(s.ptr + len, s.len - len);
    }
    return true;
}

void lp_utf8_mask(uint8_t *text, size_t len)
{
    for (size_t i = 0; i < len;) {
        const size_t n = lp_utf8_next(lp_span(text + i, len - i), NULL);
        if (n == 0) {
            text[i] = '?';
        }
        i += n > 0 ? n : 1;
    }
}

size_t lp_utf8_put(uint8_t dst[4], uint32_t cp)
{
    if (!is_scalar(cp)) {
        return 0;
    }
    if (cp < 0x80) {
        dst[0] = (uint8_t)cp;
        return 1;
    }
    size_t len = cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
    for (size_t i = len - 1; i > 0; i--) {
        dst[i] = (uint8_t)(0x80 | (cp & 0x3f));
        cp >>= 6;
    }
    static const uint8_t lead[5] = {0, 0, 0xc0, 0xe0, 0xf0};
    dst[0] = (uint8_t)(lead[len] | cp);
    return len;
}
