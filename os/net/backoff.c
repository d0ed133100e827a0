// SPDX-License-Identifier: Apache-2.0
#include "limpet/backoff.h"

static uint32_t larger(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

void lp_backoff_init(lp_backoff_t *b, uint32_t floor_ms, uint32_t base_ms, uint32_t max_ms)
{
    b->floor_ms = floor_ms;
    b->base_ms = larger(base_ms, floor_ms);
    b->max_ms = larger(max_ms, b->base_ms);
    b->tries = 0;
}

uint32_t lp_backoff_next(lp_backoff_t *b, uint32_t random)
{
    uint32_t end = b->max_ms;
    if (b->tries < 32 && b->base_ms <= b->max_ms >> b->tries) {
        end = b->base_ms << b->tries;
    }
    if (b->tries < UINT32_MAX) {
        b->tries++;
    }
    // Scaled, not modulo: even over the interval for any width, and no division.
    uint64_t width = (uint64_t)(end - b->floor_ms) + 1;
    return b->floor_ms + (uint32_t)(width * random >> 32);
}

void lp_backoff_reset(lp_backoff_t *b)
{
    b->tries = 0;
}
