// SPDX-License-Identifier: Apache-2.0
// limpet/backoff.h - how long to wait before the next try: exponential, with full jitter.
//
// A fleet that lost its server at one instant must not come back at one instant, so the wait is
// drawn evenly from the whole interval, whose end doubles with each try up to a maximum.
// @context any
#ifndef LIMPET_BACKOFF_H
#define LIMPET_BACKOFF_H

#include <stdint.h>

typedef struct {
    uint32_t floor_ms; // never less than this
    uint32_t base_ms;  // end of the first interval
    uint32_t max_ms;   // end of the last ones
    uint32_t tries;    // since init or reset
} lp_backoff_t;

// Any order of the three is accepted: base is at least floor, max at least base.
void lp_backoff_init(lp_backoff_t *b, uint32_t floor_ms, uint32_t base_ms, uint32_t max_ms);

// The next wait in ms: floor_ms..min(max_ms, base_ms * 2^tries). `random` are 32 random bits of the
// caller's; the same bits give the same wait.
uint32_t lp_backoff_next(lp_backoff_t *b, uint32_t random);

// After success that lasted: start over.
void lp_backoff_reset(lp_backoff_t *b);

#endif
