// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "limpet/port/fiber.h"

enum { STACK = 256 * 1024 };

static _Alignas(16) uint8_t stack_a[STACK];
static _Alignas(16) uint8_t stack_b[STACK];
static char trace[64];
static lp_fiber_t fiber_a, fiber_b;

static void speak(void *ctx)
{
    const char *word = ctx;
    volatile char local[1000];
    local[999] = word[0];
    for (int i = 0; i < 3; i++) {
        strncat(trace, word, 1);
        lp_port_fiber_yield();
        assert_int_equal(local[999], word[0]);
    }
}

static char *letter(char c)
{
    static char letters[128][2];
    letters[(int)c][0] = c;
    return letters[(int)c];
}

static int setup(void **state)
{
    (void)state;
    trace[0] = '\0';
    return 0;
}

static void fiber_runs_until_it_yields(void **state)
{
    (void)state;
    assert_int_equal(lp_port_fiber_init(&fiber_a, speak, letter('a'), stack_a, STACK), LP_OK);
    assert_string_equal(trace, "");
    assert_null(lp_port_fiber_current());
    for (int i = 0; i < 3; i++) {
        lp_port_fiber_resume(&fiber_a);
        assert_false(fiber_a.is_done);
        assert_null(lp_port_fiber_current());
    }
    lp_port_fiber_resume(&fiber_a);
    assert_true(fiber_a.is_done);
    assert_string_equal(trace, "aaa");
    lp_port_fiber_resume(&fiber_a); // nothing
    lp_port_fiber_deinit(&fiber_a);
}

static void fibers_take_turns(void **state)
{
    (void)state;
    assert_int_equal(lp_port_fiber_init(&fiber_a, speak, letter('a'), stack_a, STACK), LP_OK);
    assert_int_equal(lp_port_fiber_init(&fiber_b, speak, letter('b'), stack_b, STACK), LP_OK);
    while (!fiber_a.is_done || !fiber_b.is_done) {
        lp_port_fiber_resume(&fiber_a);
        lp_port_fiber_resume(&fiber_b);
    }
    assert_string_equal(trace, "ababab");
}

static void outer(void *ctx)
{
    (void)ctx;
    assert_ptr_equal(lp_port_fiber_current(), &fiber_a);
    strcat(trace, "(");
    while (!fiber_b.is_done) {
        lp_port_fiber_resume(&fiber_b);
        assert_ptr_equal(lp_port_fiber_current(), &fiber_a);
    }
    strcat(trace, ")");
}

static void fiber_may_resume_another(void **state)
{
    (void)state;
    assert_int_equal(lp_port_fiber_init(&fiber_a, outer, NULL, stack_a, STACK), LP_OK);
    assert_int_equal(lp_port_fiber_init(&fiber_b, speak, letter('b'), stack_b, STACK), LP_OK);
    lp_port_fiber_resume(&fiber_a);
    assert_true(fiber_a.is_done);
    assert_string_equal(trace, "(bbb)");
}

static void abandoned_fiber_frees_its_place(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++) {
        assert_int_equal(lp_port_fiber_init(&fiber_a, speak, letter('a'), stack_a, STACK), LP_OK);
        lp_port_fiber_resume(&fiber_a);
        lp_port_fiber_deinit(&fiber_a);
        lp_port_fiber_deinit(&fiber_a);
        trace[0] = '\0';
        memset(stack_a, 0, sizeof stack_a); // the memory is the caller's again
    }
}

static void fiber_bad_arguments_are_refused(void **state)
{
    (void)state;
    assert_int_equal(lp_port_fiber_init(&fiber_a, NULL, NULL, stack_a, STACK), LP_E_INVALID);
    assert_int_equal(lp_port_fiber_init(&fiber_a, speak, NULL, NULL, STACK), LP_E_INVALID);
    assert_int_equal(lp_port_fiber_init(&fiber_a, speak, NULL, stack_a, 100), LP_E_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(fiber_runs_until_it_yields, setup),
        cmocka_unit_test_setup(fibers_take_turns, setup),
        cmocka_unit_test_setup(fiber_may_resume_another, setup),
        cmocka_unit_test_setup(abandoned_fiber_frees_its_place, setup),
        cmocka_unit_test_setup(fiber_bad_arguments_are_refused, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
