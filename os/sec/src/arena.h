// SPDX-License-Identifier: Apache-2.0
// A best-fit allocator over one block that the image gives: bounded, wiped, with a high-water mark.
//
//   [head|payload][head|payload] ... [head]     the last head ends the arena: taken, no payload
//
// A head knows its payload's size and the size of the block before it, so neighbouring free blocks
// find each other at once. Free blocks are in a list whose links are in their payload: a TLS
// library takes and gives thousands of small blocks a handshake, and only the few free ones are
// looked at.
#ifndef LP_SEC_ARENA_H
#define LP_SEC_ARENA_H

#include <stdbool.h>
#include <stddef.h>

#include "limpet/err.h"

typedef struct {
    unsigned char *base_;
    size_t size_;
    union lp_arena_block *free_;
    size_t used; // bytes taken, heads included
    size_t peak;
    size_t lent;      // bytes that somebody else has
    unsigned refused; // how often there was no room
} lp_arena_t;

// Lends `memory` until the arena is forgotten. LP_E_NOSPACE: too small for one block.
lp_err_t lp_arena_init(lp_arena_t *arena, void *memory, size_t bytes);

// Zeroed, aligned for any type; null when there is no room (also for 0 bytes).
void *lp_arena_take(lp_arena_t *arena, size_t bytes);

// The same for somebody else than the arena's user: counted in `lent` alone.
void *lp_arena_lend(lp_arena_t *arena, size_t bytes);
void lp_arena_give_back(lp_arena_t *arena, void *ptr);

// Wipes and gives back what lp_arena_take() gave. Null is fine.
void lp_arena_give(lp_arena_t *arena, void *ptr);

#endif
