// SPDX-License-Identifier: Apache-2.0
#include "limpet/ring.h"

#include <string.h>

static size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

lp_err_t lp_ring_init(lp_ring_t *r, uint8_t *mem, size_t cap_bytes)
{
    if (cap_bytes == 0 || (cap_bytes & (cap_bytes - 1)) != 0) {
        return LP_E_INVALID;
    }
    *r = (lp_ring_t){.mem_ = mem, .mask_ = cap_bytes - 1};
    return LP_OK;
}

// The counters run free; unsigned wrap-around keeps the difference right.
size_t lp_ring_used(const lp_ring_t *r)
{
    return r->head_ - r->tail_;
}

size_t lp_ring_free(const lp_ring_t *r)
{
    return r->mask_ + 1 - lp_ring_used(r);
}

size_t lp_ring_put(lp_ring_t *r, lp_span_t bytes)
{
    size_t count = min_size(bytes.len, lp_ring_free(r));
    if (count == 0) {
        return 0;
    }
    size_t at = r->head_ & r->mask_;
    size_t first = min_size(count, r->mask_ + 1 - at);
    memcpy(r->mem_ + at, bytes.ptr, first);
    memcpy(r->mem_, bytes.ptr + first, count - first);
    r->head_ += count;
    return count;
}

lp_span_t lp_ring_peek(const lp_ring_t *r)
{
    size_t at = r->tail_ & r->mask_;
    return lp_span(r->mem_ + at, min_size(lp_ring_used(r), r->mask_ + 1 - at));
}

void lp_ring_drop(lp_ring_t *r, size_t count)
{
    r->tail_ += min_size(count, lp_ring_used(r));
}

size_t lp_ring_get(lp_ring_t *r, uint8_t *dst, size_t cap)
{
    size_t got = 0;
    while (got < cap) {
        lp_span_t piece = lp_ring_peek(r);
        size_t count = min_size(piece.len, cap - got);
        if (count == 0) {
            break;
        }
        memcpy(dst + got, piece.ptr, count);
        lp_ring_drop(r, count);
        got += count;
    }
    return got;
}
