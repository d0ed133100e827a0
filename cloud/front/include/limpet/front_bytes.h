// SPDX-License-Identifier: Apache-2.0
// limpet/front_bytes.h - a queue of bytes on the heap: filled at the end, emptied from the front.
#ifndef LIMPET_FRONT_BYTES_H
#define LIMPET_FRONT_BYTES_H

#include "limpet/span.h"

typedef struct {
    uint8_t *ptr_;
    size_t at_, end_, cap_;
} lp_bytes_t;

// False: no memory, nothing was added.
bool lp_bytes_put(lp_bytes_t *b, lp_span_t data);
// What waits, lent until the queue is changed.
lp_span_t lp_bytes_span(const lp_bytes_t *b);
size_t lp_bytes_len(const lp_bytes_t *b);
// Takes `count` bytes off the front; memory is given back when the queue is empty.
void lp_bytes_drop(lp_bytes_t *b, size_t count);
// Wipes what is left, since passes and payloads go through here.
void lp_bytes_free(lp_bytes_t *b);

#endif
