// SPDX-License-Identifier: Apache-2.0
// limpet/ring.h - a ring of bytes in caller-owned memory.
//
// One producer and one consumer, which may be an interrupt and the loop of the same core: each side
// writes its own index only.
// @context any, for the side that it belongs to
#ifndef LIMPET_RING_H
#define LIMPET_RING_H

#include "limpet/span.h"

typedef struct {
    uint8_t *mem_;
    size_t mask_;
    volatile size_t head_; // counts bytes put, written by the producer
    volatile size_t tail_; // counts bytes taken, written by the consumer
} lp_ring_t;

// `mem` is borrowed for the life of the ring; `cap_bytes` must be a power of two, else
// LP_E_INVALID and the ring is not usable.
lp_err_t lp_ring_init(lp_ring_t *r, uint8_t *mem, size_t cap_bytes);

size_t lp_ring_used(const lp_ring_t *r);
size_t lp_ring_free(const lp_ring_t *r);

// Producer: copies as much as fits, returns how many bytes that was.
size_t lp_ring_put(lp_ring_t *r, lp_span_t bytes);
// Consumer: copies up to `cap` bytes out, returns how many.
size_t lp_ring_get(lp_ring_t *r, uint8_t *dst, size_t cap);
// Consumer: the oldest bytes that lie in one piece, without taking them; then drop what was used.
lp_span_t lp_ring_peek(const lp_ring_t *r);
// Consumer: drops up to `count` of the oldest bytes.
void lp_ring_drop(lp_ring_t *r, size_t count);

#endif
