// SPDX-License-Identifier: Apache-2.0
// limpet/utf8.h - UTF-8, strictly: no overlong forms, no surrogates, nothing above U+10FFFF.
// @source RFC 3629, section 4
// @context any
#ifndef LIMPET_UTF8_H
#define LIMPET_UTF8_H

#include "limpet/span.h"

// Length in bytes (1..4) of the well-formed sequence at the start of `s`, its code point in *cp
// (may be null); 0 when `s` is empty or does not start with one.
size_t lp_utf8_next(lp_span_t s, uint32_t *cp);

bool lp_utf8_is_valid(lp_span_t s);

// Writes '?' over every byte that is no part of a well-formed sequence: what others wrote, or what
// was cut, becomes text.
void lp_utf8_mask(uint8_t *text, size_t len);

// Writes 1..4 bytes for a code point and returns how many; 0 for a surrogate or above U+10FFFF.
size_t lp_utf8_put(uint8_t dst[4], uint32_t cp);

#endif
