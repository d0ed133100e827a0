// SPDX-License-Identifier: Apache-2.0
#include "arena.h"

#include <stdint.h>
#include <string.h>

#include "limpet/span.h"

typedef union {
    struct {
        size_t bytes; // of the payload
        size_t is_taken;
    } head;
    max_align_t align;
} block_t;

enum { STEP = sizeof(block_t) };

static block_t *first(const lp_arena_t *arena)
{
    return (block_t *)(void *)arena->base_;
}

static block_t *next(const lp_arena_t *arena, block_t *block)
{
    unsigned char *end = (unsigned char *)(block + 1) + block->head.bytes;
    return end == arena->base_ + arena->size_ ? NULL : (block_t *)(void *)end;
}

lp_err_t lp_arena_init(lp_arena_t *arena, void *memory, size_t bytes)
{
    uintptr_t start = ((uintptr_t)memory + STEP - 1) / STEP * STEP;
    size_t lost = (size_t)(start - (uintptr_t)memory);
    if (bytes < lost + 2 * STEP) {
        return LP_E_NOSPACE;
    }
    *arena = (lp_arena_t){.base_ = (unsigned char *)memory + lost,
                          .size_ = (bytes - lost) / STEP * STEP};
    first(arena)->head.bytes = arena->size_ - STEP;
    first(arena)->head.is_taken = 0;
    return LP_OK;
}

static void split(block_t *block, size_t bytes)
{
    if (block->head.bytes < bytes + 2 * STEP) {
        return;
    }
    block_t *rest = (block_t *)(void *)((unsigned char *)(block + 1) + bytes);
    rest->head.bytes = block->head.bytes - bytes - STEP;
    rest->head.is_taken = 0;
    block->head.bytes = bytes;
}

void *lp_arena_take(lp_arena_t *arena, size_t bytes)
{
    if (arena->base_ == NULL || bytes == 0 || bytes > arena->size_) {
        return NULL;
    }
    bytes = (bytes + STEP - 1) / STEP * STEP;
    for (block_t *block = first(arena); block != NULL; block = next(arena, block)) {
        if (block->head.is_taken == 0 && block->head.bytes >= bytes) {
            split(block, bytes);
            block->head.is_taken = 1;
            arena->used += block->head.bytes + STEP;
            arena->peak = arena->used > arena->peak ? arena->used : arena->peak;
            memset(block + 1, 0, block->head.bytes);
            return block + 1;
        }
    }
    arena->refused++;
    return NULL;
}

static void merge(lp_arena_t *arena)
{
    for (block_t *block = first(arena); block != NULL;) {
        block_t *after = next(arena, block);
        if (after != NULL && block->head.is_taken == 0 && after->head.is_taken == 0) {
            block->head.bytes += after->head.bytes + STEP;
        } else {
            block = after;
        }
    }
}

void lp_arena_give(lp_arena_t *arena, void *ptr)
{
    if (ptr == NULL) {
        return;
    }
    block_t *block = (block_t *)ptr - 1;
    lp_wipe(ptr, block->head.bytes);
    block->head.is_taken = 0;
    arena->used -= block->head.bytes + STEP;
    merge(arena);
}
