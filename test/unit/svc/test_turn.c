// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake/port.h"
#include "limpet/turn.h"

static lp_loop_t loop;
static lp_turn_t turn;
static lp_turn_ticket_t a, b, c;
static char trace[16];

static void note(void *ctx)
{
    strcat(trace, ctx);
}

static char *nm(char letter)
{
    static char names[128][2];
    names[(int)letter][0] = letter;
    return names[(int)letter];
}

static int setup(void **state)
{
    (void)state;
    fake_clock_reset();
    lp_loop_init(&loop);
    lp_turn_init(&turn, &loop);
    memset(&a, 0, sizeof a);
    memset(&b, 0, sizeof b);
    memset(&c, 0, sizeof c);
    trace[0] = '\0';
    return 0;
}

static void step(void)
{
    lp_loop_turn(&loop, 0);
    lp_loop_turn(&loop, 0);
}

static void turn_is_one_at_a_time_in_order(void **state)
{
    (void)state;
    lp_turn_take(&turn, &a, note, nm('a'));
    lp_turn_take(&turn, &b, note, nm('b'));
    lp_turn_take(&turn, &c, note, nm('c'));
    lp_turn_take(&turn, &b, note, nm('x')); // waits already
    assert_string_equal(trace, "");
    step();
    assert_string_equal(trace, "a");
    step();
    assert_string_equal(trace, "a");
    lp_turn_give(&turn, &a);
    step();
    assert_string_equal(trace, "ab");
    lp_turn_give(&turn, &b);
    lp_turn_take(&turn, &b, note, nm('B')); // behind the others again
    step();
    lp_turn_give(&turn, &c);
    step();
    assert_string_equal(trace, "abcB");
}

static void turn_given_up_while_waiting_is_not_granted(void **state)
{
    (void)state;
    lp_turn_take(&turn, &a, note, nm('a'));
    lp_turn_take(&turn, &b, note, nm('b'));
    step();
    lp_turn_give(&turn, &b); // the holder stays
    lp_turn_give(&turn, &b); // and again, and one that never asked
    lp_turn_give(&turn, &c);
    step();
    lp_turn_give(&turn, &a);
    step();
    assert_string_equal(trace, "a");
    lp_turn_take(&turn, &c, note, nm('c'));
    step();
    assert_string_equal(trace, "ac");
}

static void turn_given_up_before_it_was_granted_goes_to_the_next(void **state)
{
    (void)state;
    lp_turn_take(&turn, &a, note, nm('a'));
    lp_turn_take(&turn, &b, note, nm('b'));
    lp_turn_give(&turn, &a);
    step();
    assert_string_equal(trace, "b");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(turn_is_one_at_a_time_in_order, setup),
        cmocka_unit_test_setup(turn_given_up_while_waiting_is_not_granted, setup),
        cmocka_unit_test_setup(turn_given_up_before_it_was_granted_goes_to_the_next, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
