// SPDX-License-Identifier: Apache-2.0
// A second stack. Nothing is asserted inside of a fiber: a failure would leave it half-way.
#include "limpet/port/fiber.h"

#include <string.h>

#include "conformance.h"
#include "limpet/port/clock.h"

enum { WORDS = 24 };

static _Alignas(16) uint8_t stack_a[CONFORMANCE_STACK], stack_b[CONFORMANCE_STACK];
static lp_fiber_t fiber_a, fiber_b;
static char trace[64];
static bool is_damaged;

static void note(char c)
{
    const size_t len = strlen(trace);
    if (len + 1 < sizeof trace) {
        trace[len] = c;
        trace[len + 1] = '\0';
    }
}

// Keeps more values than a core has registers over each yield.
static void speak(void *ctx)
{
    const char letter = *(const char *)ctx;
    volatile uint32_t kept[WORDS];
    for (uint32_t i = 0; i < WORDS; i++) {
        kept[i] = (uint32_t)letter * 1000 + i;
    }
    for (int turn = 0; turn < 3; turn++) {
        note(letter);
        lp_port_fiber_yield();
        for (uint32_t i = 0; i < WORDS; i++) {
            is_damaged = is_damaged || kept[i] != (uint32_t)letter * 1000 + i;
        }
    }
}

static int setup(void **state)
{
    (void)state;
    trace[0] = '\0';
    is_damaged = false;
    return 0;
}

static lp_err_t make(lp_fiber_t *f, char *letter, uint8_t *stack)
{
    return lp_port_fiber_init(f, speak, letter, stack, CONFORMANCE_STACK);
}

static char a[] = "a", b[] = "b";

static void fiber_runs_until_it_yields(void **state)
{
    (void)state;
    assert_int_equal(make(&fiber_a, a, stack_a), LP_OK);
    assert_string_equal(trace, "");
    for (int i = 0; i < 3; i++) {
        lp_port_fiber_resume(&fiber_a);
        assert_false(fiber_a.is_done);
        assert_null(lp_port_fiber_current());
    }
    lp_port_fiber_resume(&fiber_a);
    assert_true(fiber_a.is_done);
    lp_port_fiber_resume(&fiber_a); // nothing
    assert_string_equal(trace, "aaa");
    lp_port_fiber_deinit(&fiber_a);
}

static void fibers_take_turns(void **state)
{
    (void)state;
    assert_int_equal(make(&fiber_a, a, stack_a), LP_OK);
    assert_int_equal(make(&fiber_b, b, stack_b), LP_OK);
    while (!fiber_a.is_done || !fiber_b.is_done) {
        lp_port_fiber_resume(&fiber_a);
        lp_port_fiber_resume(&fiber_b);
    }
    assert_string_equal(trace, "ababab");
    assert_false(is_damaged);
}

static void outer(void *ctx)
{
    (void)ctx;
    note(lp_port_fiber_current() == &fiber_a ? '(' : '?');
    while (!fiber_b.is_done) {
        lp_port_fiber_resume(&fiber_b);
    }
    note(lp_port_fiber_current() == &fiber_a ? ')' : '?');
}

static void fiber_may_resume_another(void **state)
{
    (void)state;
    assert_int_equal(lp_port_fiber_init(&fiber_a, outer, NULL, stack_a, CONFORMANCE_STACK), LP_OK);
    assert_int_equal(make(&fiber_b, b, stack_b), LP_OK);
    lp_port_fiber_resume(&fiber_a);
    assert_true(fiber_a.is_done);
    assert_string_equal(trace, "(bbb)");
}

// Interrupts come on whatever stack is in use.
static void spin(void *ctx)
{
    (void)ctx;
    const uint64_t end_ms = lp_port_now_ms() + 30;
    volatile uint32_t sum = 0;
    while (lp_port_now_ms() < end_ms) {
        for (uint32_t i = 1; i <= 100; i++) {
            sum += i;
        }
        is_damaged = is_damaged || sum != 5050;
        sum = 0;
    }
}

static void fiber_outlasts_interrupts(void **state)
{
    (void)state;
    assert_int_equal(lp_port_fiber_init(&fiber_a, spin, NULL, stack_a, CONFORMANCE_STACK), LP_OK);
    lp_port_fiber_resume(&fiber_a);
    assert_true(fiber_a.is_done);
    assert_false(is_damaged);
}

static void abandoned_fiber_frees_its_place(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++) {
        assert_int_equal(make(&fiber_a, a, stack_a), LP_OK);
        lp_port_fiber_resume(&fiber_a);
        lp_port_fiber_deinit(&fiber_a);
        lp_port_fiber_deinit(&fiber_a);
        assert_null(lp_port_fiber_current());
        memset(stack_a, 0, sizeof stack_a); // the memory is the caller's again
    }
}

static void fiber_bad_arguments_are_refused(void **state)
{
    (void)state;
    assert_int_equal(lp_port_fiber_init(&fiber_a, NULL, NULL, stack_a, CONFORMANCE_STACK),
                     LP_E_INVALID);
    assert_int_equal(make(&fiber_a, a, NULL), LP_E_INVALID);
    assert_int_equal(lp_port_fiber_init(&fiber_a, speak, a, stack_a, 100), LP_E_INVALID);
}

int conformance_fiber(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(fiber_runs_until_it_yields, setup),
        cmocka_unit_test_setup(fibers_take_turns, setup),
        cmocka_unit_test_setup(fiber_may_resume_another, setup),
        cmocka_unit_test_setup(fiber_outlasts_interrupts, setup),
        cmocka_unit_test_setup(abandoned_fiber_frees_its_place, setup),
        cmocka_unit_test_setup(fiber_bad_arguments_are_refused, setup),
    };
    return cmocka_run_group_tests_name("fiber", tests, NULL, NULL);
}
