// SPDX-License-Identifier: Apache-2.0
// limpet/hexline.h - bytes as lower-case hex digits in a C string.
#ifndef LIMPET_HEXLINE_H
#define LIMPET_HEXLINE_H

#include <stddef.h>

// Writes 2 * len digits and a terminator; `out` must have room for them.
static inline void lp_hexline(char *out, const unsigned char *bytes, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < len; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15u];
    }
    out[2 * len] = '\0';
}

#endif
