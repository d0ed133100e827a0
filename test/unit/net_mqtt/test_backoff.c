// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "limpet/backoff.h"

static void backoff_interval_doubles_up_to_the_maximum(void **state)
{
    (void)state;
    static const uint32_t ends[] = {1000, 2000, 4000, 8000, 10000, 10000, 10000};
    lp_backoff_t low;
    lp_backoff_t high;
    lp_backoff_init(&low, 200, 1000, 10000);
    lp_backoff_init(&high, 200, 1000, 10000);
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        assert_int_equal(lp_backoff_next(&low, 0), 200);
        assert_int_equal(lp_backoff_next(&high, UINT32_MAX), ends[i]);
    }
    lp_backoff_reset(&high);
    assert_int_equal(lp_backoff_next(&high, UINT32_MAX), 1000);
    assert_int_equal(high.tries, 1);
}

static void backoff_never_overflows(void **state)
{
    (void)state;
    lp_backoff_t b;
    lp_backoff_init(&b, 0, 1, UINT32_MAX);
    uint32_t before = 0;
    for (unsigned i = 0; i < 100; i++) {
        uint32_t wait = lp_backoff_next(&b, UINT32_MAX);
        assert_true(wait >= before);
        before = wait;
    }
    assert_int_equal(before, UINT32_MAX);
    b.tries = UINT32_MAX;
    assert_int_equal(lp_backoff_next(&b, UINT32_MAX), UINT32_MAX);
    assert_int_equal(b.tries, UINT32_MAX);
    lp_backoff_init(&b, 5, 3, 1); // put in order
    assert_int_equal(lp_backoff_next(&b, UINT32_MAX), 5);
    assert_int_equal(lp_backoff_next(&b, 0), 5);
}

// Full jitter: all parts of the interval come up equally often.
static void backoff_is_spread_over_the_whole_interval(void **state)
{
    (void)state;
    unsigned hits[10] = {0};
    uint32_t random = 12345;
    for (unsigned i = 0; i < 10000; i++) {
        lp_backoff_t b;
        lp_backoff_init(&b, 0, 9999, 9999);
        random = random * 1664525u + 1013904223u;
        hits[lp_backoff_next(&b, random) / 1000]++;
    }
    for (unsigned i = 0; i < 10; i++) {
        assert_in_range(hits[i], 850, 1150);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(backoff_interval_doubles_up_to_the_maximum),
        cmocka_unit_test(backoff_never_overflows),
        cmocka_unit_test(backoff_is_spread_over_the_whole_interval),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
