// SPDX-License-Identifier: Apache-2.0
#include "arena.h"

#include <stdint.h>
#include <string.h>

#include "limpet/span.h"

typedef union lp_arena_block block_t;

union lp_arena_block {
    struct {
        size_t bytes;  // of the payload, a multiple of STEP; bit 0: taken
        size_t before; // bytes of the payload of the block before this one; 0: this is the first
    } head;
    struct {
        block_t *next;
        block_t *prev;
    } link; // in the payload of a free block
    max_align_t align;
};

enum { STEP = sizeof(block_t), TAKEN = 1 };

static size_t bytes_of(const block_t *block)
{
    return block->head.bytes & ~(size_t)TAKEN;
}

static bool is_taken(const block_t *block)
{
    return (block->head.bytes & TAKEN) != 0;
}

static block_t *after(block_t *block)
{
    return (block_t *)(void *)((unsigned char *)(block + 1) + bytes_of(block));
}

static block_t *before(block_t *block)
{
    return (block_t *)(void *)((unsigned char *)block - block->head.before) - 1;
}

static void insert(lp_arena_t *arena, block_t *block)
{
    block[1].link.next = arena->free_;
    block[1].link.prev = NULL;
    if (arena->free_ != NULL) {
        arena->free_[1].link.prev = block;
    }
    arena->free_ = block;
}

static void extract(lp_arena_t *arena, block_t *block)
{
    block_t *next = block[1].link.next;
    block_t *prev = block[1].link.prev;
    if (prev != NULL) {
        prev[1].link.next = next;
    } else {
        arena->free_ = next;
    }
    if (next != NULL) {
        next[1].link.prev = prev;
    }
}

// Gives `block` this size and tells its neighbour.
static void resize(block_t *block, size_t bytes)
{
    block->head.bytes = bytes;
    after(block)->head.before = bytes;
}

lp_err_t lp_arena_init(lp_arena_t *arena, void *memory, size_t bytes)
{
    uintptr_t start = ((uintptr_t)memory + STEP - 1) / STEP * STEP;
    size_t lost = (size_t)(start - (uintptr_t)memory);
    if (bytes < lost + 3 * STEP) {
        return LP_E_NOSPACE;
    }
    *arena = (lp_arena_t){.base_ = (unsigned char *)memory + lost,
                          .size_ = (bytes - lost) / STEP * STEP};
    block_t *first = (block_t *)(void *)arena->base_;
    first->head.before = 0;
    resize(first, arena->size_ - 2 * STEP);
    after(first)->head.bytes = TAKEN;
    insert(arena, first);
    return LP_OK;
}

static block_t *find(const lp_arena_t *arena, size_t bytes)
{
    block_t *best = NULL;
    for (block_t *block = arena->free_; block != NULL; block = block[1].link.next) {
        if (block->head.bytes == bytes) {
            return block;
        }
        if (block->head.bytes > bytes && (best == NULL || block->head.bytes < best->head.bytes)) {
            best = block;
        }
    }
    return best;
}

static void cut(lp_arena_t *arena, block_t *block, size_t bytes)
{
    size_t rest = bytes_of(block) - bytes;
    if (rest >= 2 * STEP) {
        resize(block, bytes);
        resize(after(block), rest - STEP);
        insert(arena, after(block));
    }
}

void *lp_arena_take(lp_arena_t *arena, size_t bytes)
{
    if (bytes == 0 || bytes > arena->size_) {
        arena->refused += bytes != 0;
        return NULL;
    }
    bytes = (bytes + STEP - 1) / STEP * STEP;
    block_t *block = find(arena, bytes);
    if (block == NULL) {
        arena->refused++;
        return NULL;
    }
    extract(arena, block);
    cut(arena, block, bytes);
    arena->used += bytes_of(block) + STEP;
    arena->peak = arena->used > arena->peak ? arena->used : arena->peak;
    memset(block + 1, 0, bytes_of(block));
    block->head.bytes |= TAKEN;
    return block + 1;
}

void lp_arena_give(lp_arena_t *arena, void *ptr)
{
    if (ptr == NULL) {
        return;
    }
    block_t *block = (block_t *)ptr - 1;
    size_t bytes = bytes_of(block);
    lp_wipe(ptr, bytes);
    arena->used -= bytes + STEP;
    block_t *next = after(block);
    if (!is_taken(next)) {
        extract(arena, next);
        bytes += bytes_of(next) + STEP;
    }
    if (block->head.before != 0 && !is_taken(before(block))) {
        block = before(block);
        extract(arena, block);
        bytes += bytes_of(block) + STEP;
    }
    resize(block, bytes);
    insert(arena, block);
}

void *lp_arena_lend(lp_arena_t *arena, size_t bytes)
{
    const lp_arena_t before = *arena;
    void *ptr = lp_arena_take(arena, bytes);
    arena->lent += arena->used - before.used;
    arena->used = before.used;
    arena->peak = before.peak;
    arena->refused = before.refused;
    return ptr;
}

void lp_arena_give_back(lp_arena_t *arena, void *ptr)
{
    const size_t used = arena->used;
    lp_arena_give(arena, ptr);
    arena->lent -= used - arena->used;
    arena->used = used;
}
