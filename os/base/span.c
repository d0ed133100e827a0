// SPDX-License-Identifier: Apache-2.0
#include "limpet/span.h"

#include <string.h>

lp_span_t lp_span_str(const char *s)
{
    return lp_span(s, strlen(s));
}

bool lp_span_equal(lp_span_t a, lp_span_t b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool lp_span_equal_str(lp_span_t a, const char *s)
{
    return lp_span_equal(a, lp_span_str(s));
}

lp_err_t lp_buf_put(lp_buf_t *b, lp_span_t bytes)
{
    if (bytes.len > b->cap - b->len) {
        return LP_E_NOSPACE;
    }
    if (bytes.len > 0) {
        memcpy(b->ptr + b->len, bytes.ptr, bytes.len);
        b->len += bytes.len;
    }
    return LP_OK;
}

lp_err_t lp_buf_put_str(lp_buf_t *b, const char *s)
{
    return lp_buf_put(b, lp_span_str(s));
}

lp_err_t lp_buf_put_byte(lp_buf_t *b, uint8_t byte)
{
    return lp_buf_put(b, lp_span(&byte, 1));
}

// Who is called is volatile, so the compiler cannot know that it is memset, which it might leave
// out. No bytes at null are fine with the C libraries that there are.
void lp_wipe(void *ptr, size_t len)
{
    static void *(*const volatile set)(void *, int, size_t) = memset;
    (void)set(ptr, 0, len);
}

bool lp_equal_ct(const void *a, const void *b, size_t len)
{
    const volatile uint8_t *x = a;
    const volatile uint8_t *y = b;
    uint8_t diff = 0;
    for (size_t i = 0; i < len; i++) {
        diff = (uint8_t)(diff | (x[i] ^ y[i]));
    }
    return diff == 0;
}
