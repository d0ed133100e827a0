// SPDX-License-Identifier: Apache-2.0
// limpet/span.h - borrowed bytes: a pointer and a length, never an owner.
// @context any
#ifndef LIMPET_SPAN_H
#define LIMPET_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "limpet/err.h"

// Read-only bytes that somebody else owns. An empty span may have a null ptr.
typedef struct {
    const uint8_t *ptr;
    size_t len;
} lp_span_t;

// A caller-owned buffer that a function fills. `len` is what is used, `cap` what there is.
typedef struct {
    uint8_t *ptr;
    size_t len;
    size_t cap;
} lp_buf_t;

static inline lp_span_t lp_span(const void *ptr, size_t len)
{
    return (lp_span_t){.ptr = (const uint8_t *)ptr, .len = len};
}

// The bytes of a C string without its terminator. `s` must not be null.
lp_span_t lp_span_str(const char *s);

bool lp_span_equal(lp_span_t a, lp_span_t b);
bool lp_span_equal_str(lp_span_t a, const char *s);

static inline lp_buf_t lp_buf(void *ptr, size_t cap)
{
    return (lp_buf_t){.ptr = (uint8_t *)ptr, .len = 0, .cap = cap};
}

// Appends a copy of `bytes`; they must not overlap the buffer. LP_E_NOSPACE: nothing was appended.
lp_err_t lp_buf_put(lp_buf_t *b, lp_span_t bytes);
// Appends a C string without its terminator.
lp_err_t lp_buf_put_str(lp_buf_t *b, const char *s);
lp_err_t lp_buf_put_byte(lp_buf_t *b, uint8_t byte);

static inline lp_span_t lp_buf_span(const lp_buf_t *b)
{
    return lp_span(b->ptr, b->len);
}

// Overwrites memory so that the compiler cannot leave it out. For secrets, on every path.
void lp_wipe(void *ptr, size_t len);

// Compares in time that depends on `len` alone.
bool lp_equal_ct(const void *a, const void *b, size_t len);

#endif
