// SPDX-License-Identifier: Apache-2.0
// A first-fit allocator over one block that the image gives: bounded, wiped, with a high-water
// mark.
//
// In memory: [header|payload][header|payload]... up to the end of the block; a header holds the
// size of its payload and whether it is taken. Neighbouring free blocks are merged when one is
// given back.
#ifndef LP_SEC_ARENA_H
#define LP_SEC_ARENA_H

#include <stdbool.h>
#include <stddef.h>

#include "limpet/err.h"

typedef struct {
    unsigned char *base_;
    size_t size_;
    size_t used; // bytes taken, headers included
    size_t peak;
    unsigned refused; // how often there was no room
} lp_arena_t;

// Lends `memory` until the arena is forgotten. LP_E_NOSPACE: too small for one block.
lp_err_t lp_arena_init(lp_arena_t *arena, void *memory, size_t bytes);

// Zeroed, aligned for any type; null when there is no room (also for 0 bytes).
void *lp_arena_take(lp_arena_t *arena, size_t bytes);

// Wipes and gives back what lp_arena_take() gave. Null is fine.
void lp_arena_give(lp_arena_t *arena, void *ptr);

#endif
