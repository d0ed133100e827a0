// SPDX-License-Identifier: Apache-2.0
// limpet/hex.h - bytes as hexadecimal digits and back.
// @context any
#ifndef LIMPET_HEX_H
#define LIMPET_HEX_H

#include "limpet/err.h"
#include "limpet/span.h"

// Appends two lower-case digits per byte. LP_E_NOSPACE: nothing was appended.
lp_err_t lp_hex_encode(lp_buf_t *out, lp_span_t bytes);

// Appends the bytes that an even number of digits (either case, nothing else) stands for.
// LP_E_FORMAT: odd length or another character; LP_E_NOSPACE. Nothing was appended then.
lp_err_t lp_hex_decode(lp_buf_t *out, lp_span_t digits);

// Value of one digit, or -1.
int lp_hex_digit(uint8_t c);

#endif
