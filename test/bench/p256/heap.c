// SPDX-License-Identifier: Apache-2.0
// Memory for mbedTLS: the arena that its TLS has on our boards.
#include "arena.h"

void *bench_calloc(size_t count, size_t size);
void bench_free(void *ptr);

static _Alignas(16) unsigned char memory[24 * 1024];
static lp_arena_t arena;

void *bench_calloc(size_t count, size_t size)
{
    if (arena.size_ == 0) {
        (void)lp_arena_init(&arena, memory, sizeof memory);
    }
    return lp_arena_take(&arena, count * size);
}

void bench_free(void *ptr)
{
    lp_arena_give(&arena, ptr);
}
