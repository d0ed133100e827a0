// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "arena.h"

enum { BYTES = 8192, HELD = 64 };

static _Alignas(max_align_t) uint8_t memory[BYTES];

static bool is_all(const uint8_t *p, uint8_t value, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (p[i] != value) {
            return false;
        }
    }
    return true;
}

static void arena_of_any_size_and_alignment_stays_inside(void **state)
{
    (void)state;
    for (size_t offset = 0; offset < 32; offset++) {
        for (size_t bytes = 0; bytes < 300; bytes++) {
            lp_arena_t arena = {0};
            memset(memory, 0x5A, 512);
            if (lp_arena_init(&arena, memory + offset, bytes) == LP_OK) {
                uint8_t *p = lp_arena_take(&arena, 1);
                assert_non_null(p);
                assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
                while (lp_arena_take(&arena, 16) != NULL) {
                }
                assert_true(arena.refused > 0);
            }
            assert_true(is_all(memory, 0x5A, offset));
            assert_true(is_all(memory + offset + bytes, 0x5A, 64));
        }
    }
}

static void what_is_taken_is_zero_and_what_is_given_back_is_wiped(void **state)
{
    (void)state;
    lp_arena_t arena;
    memset(memory, 0xFF, sizeof memory);
    assert_int_equal(lp_arena_init(&arena, memory, sizeof memory), LP_OK);
    uint8_t *p = lp_arena_take(&arena, 100);
    assert_true(is_all(p, 0, 100));
    memset(p, 0xAB, 100);
    lp_arena_give(&arena, p);
    assert_true(is_all(p, 0, 100));
    assert_int_equal(arena.used, 0);
    assert_true(arena.peak >= 100);
    lp_arena_give(&arena, NULL);
    assert_null(lp_arena_take(&arena, 0));
    assert_null(lp_arena_take(&arena, SIZE_MAX));
    assert_null(lp_arena_take(&arena, sizeof memory));
}

typedef struct {
    uint8_t *ptr;
    size_t len;
    uint8_t mark;
} held_t;

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

static void step(lp_arena_t *arena, held_t *held, uint32_t *seed)
{
    if (held->ptr != NULL) {
        assert_true(is_all(held->ptr, held->mark, held->len)); // nobody else wrote there
        lp_arena_give(arena, held->ptr);
        held->ptr = NULL;
        return;
    }
    held->len = next_random(seed) % 400 + 1;
    held->mark = (uint8_t)next_random(seed);
    held->ptr = lp_arena_take(arena, held->len);
    if (held->ptr != NULL) {
        assert_true(held->ptr >= memory && held->ptr + held->len <= memory + sizeof memory);
        memset(held->ptr, held->mark, held->len);
    }
}

static void random_use_never_overlaps_and_all_comes_back(void **state)
{
    (void)state;
    lp_arena_t arena;
    held_t held[HELD] = {0};
    uint32_t seed = 1;
    assert_int_equal(lp_arena_init(&arena, memory, sizeof memory), LP_OK);
    for (int i = 0; i < 200000; i++) {
        step(&arena, &held[next_random(&seed) % HELD], &seed);
        assert_true(arena.used <= sizeof memory && arena.used <= arena.peak);
    }
    assert_true(arena.refused > 0);
    for (int i = 0; i < HELD; i++) {
        lp_arena_give(&arena, held[i].ptr);
    }
    assert_int_equal(arena.used, 0);
    assert_non_null(lp_arena_take(&arena, sizeof memory - 64)); // in one piece again
}

static void what_is_lent_is_not_counted(void **state)
{
    (void)state;
    lp_arena_t arena;
    assert_int_equal(lp_arena_init(&arena, memory, 1024), LP_OK);
    uint8_t *mine = lp_arena_take(&arena, 100);
    const lp_arena_t before = arena;
    uint8_t *lent = lp_arena_lend(&arena, 600);
    assert_non_null(lent);
    assert_null(lp_arena_lend(&arena, 600));
    assert_int_equal(arena.used, before.used);
    assert_int_equal(arena.peak, before.peak);
    assert_int_equal(arena.refused, before.refused);
    assert_null(lp_arena_take(&arena, 600)); // but nobody else gets it
    memset(lent, 0xAB, 600);
    lp_arena_give_back(&arena, lent);
    assert_true(is_all(lent + sizeof(max_align_t), 0, 500));
    assert_int_equal(arena.used, before.used);
    lp_arena_give_back(&arena, NULL);
    assert_non_null(lp_arena_take(&arena, 600));
    lp_arena_give(&arena, mine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arena_of_any_size_and_alignment_stays_inside),
        cmocka_unit_test(what_is_taken_is_zero_and_what_is_given_back_is_wiped),
        cmocka_unit_test(what_is_lent_is_not_counted),
        cmocka_unit_test(random_use_never_overlaps_and_all_comes_back),
    };
    return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
