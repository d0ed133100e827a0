// SPDX-License-Identifier: Apache-2.0
// Memory for mbedTLS, one arena a side: the one that its TLS has on our boards.
#include "arena.h"
#include "mbedtls.h"

void *bench_calloc(size_t count, size_t size);
void bench_free(void *ptr);

static _Alignas(16) unsigned char memory[2][32 * 1024];
static lp_arena_t arenas[2];
static lp_arena_t *arena;

void heap_of(side_way_t whose)
{
    arena = &arenas[whose];
    if (arena->size_ == 0) {
        (void)lp_arena_init(arena, memory[whose], sizeof memory[whose]);
    }
}

size_t heap_peak(void)
{
    return arena->peak;
}

size_t heap_now(void)
{
    return arena->used;
}

void *bench_calloc(size_t count, size_t size)
{
    return lp_arena_take(arena, count * size);
}

void bench_free(void *ptr)
{
    lp_arena_give(arena, ptr);
}
