// SPDX-License-Identifier: Apache-2.0
// The watchdog: never while the loop turns, always when it does not. What bites is shown by the
// start that follows, so this is a chain of starts: restarted, bitten, bitten again in a fiber,
// restarted.
#include "limpet/port/watchdog.h"

#include <string.h>

#include "conformance.h"
#include "limpet/port/clock.h"
#include "limpet/port/fiber.h"
#include "limpet/port/system.h"

enum { TIMEOUT_MS = 1000, TURNING_MS = 3500, GIVE_UP_MS = 60000, COMPUTING_MS = 600 };

static _Alignas(16) uint8_t stack[CONFORMANCE_STACK];

static void compute(uint32_t ms)
{
    const uint64_t end_ms = lp_port_now_ms() + ms;
    while (lp_port_now_ms() < end_ms) {
    }
}

static void hang(void *ctx)
{
    (void)ctx;
    compute(GIVE_UP_MS);
}

static void hang_in_a_fiber(void *ctx)
{
    (void)ctx;
    lp_fiber_t fiber;
    (void)lp_port_fiber_init(&fiber, hang, NULL, stack, sizeof stack);
    lp_port_fiber_resume(&fiber);
}

// Returns only where no watchdog bites.
static void turn_until_bitten(lp_loop_fn *fn)
{
    lp_event_t ev;
    lp_event_init(&ev, fn, NULL);
    lp_loop_guard(&conformance_loop, TIMEOUT_MS);
    lp_loop_post(&conformance_loop, &ev);
    lp_loop_turn(&conformance_loop, 0);
}

static void watchdog_had_no_part_in_a_restart(void **state)
{
    (void)state;
    assert_string_equal(lp_port_boot_reason(), "software");
    assert_int_equal(lp_port_watchdog_starts(), 0);
}

static void watchdog_lets_a_loop_that_turns_alone(void **state)
{
    (void)state;
    const uint64_t begin_ms = lp_port_now_ms();
    lp_loop_guard(&conformance_loop, TIMEOUT_MS);
    while (lp_port_now_ms() - begin_ms < TURNING_MS) {
        lp_loop_turn(&conformance_loop, UINT32_MAX); // nothing is due: it only sleeps
    }
}

static void watchdog_lets_a_long_computation_end(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        lp_loop_turn(&conformance_loop, 0);
        compute(COMPUTING_MS);
    }
    lp_loop_turn(&conformance_loop, 0);
}

static void watchdog_bit(void **state)
{
    (void)state;
    assert_string_equal(lp_port_boot_reason(), "watchdog");
    assert_int_equal(lp_port_watchdog_starts(), 1);
}

static void watchdog_bit_in_a_fiber_too_and_counts(void **state)
{
    (void)state;
    assert_string_equal(lp_port_boot_reason(), "watchdog");
    assert_int_equal(lp_port_watchdog_starts(), 2);
}

static void restart_ends_the_row(void **state)
{
    (void)state;
    assert_string_equal(lp_port_boot_reason(), "software");
    assert_int_equal(lp_port_watchdog_starts(), 0);
}

int conformance_watchdog(uint8_t start)
{
    static const struct CMUnitTest first[] = {
        cmocka_unit_test(watchdog_had_no_part_in_a_restart),
        cmocka_unit_test(watchdog_lets_a_loop_that_turns_alone),
        cmocka_unit_test(watchdog_lets_a_long_computation_end)};
    static const struct CMUnitTest second[] = {cmocka_unit_test(watchdog_bit)};
    static const struct CMUnitTest third[] = {
        cmocka_unit_test(watchdog_bit_in_a_fiber_too_and_counts)};
    static const struct CMUnitTest fourth[] = {cmocka_unit_test(restart_ends_the_row)};
    switch (start) {
    case 1:
        return cmocka_run_group_tests_name("watchdog", first, NULL, NULL);
    case 2:
        return cmocka_run_group_tests_name("watchdog, bitten", second, NULL, NULL);
    case 3:
        return cmocka_run_group_tests_name("watchdog, bitten again", third, NULL, NULL);
    default:
        return cmocka_run_group_tests_name("watchdog, restarted", fourth, NULL, NULL);
    }
}

void conformance_next_start(uint8_t start)
{
    switch (start) {
    case 1:
        turn_until_bitten(hang);
        break;
    case 2:
        turn_until_bitten(hang_in_a_fiber);
        break;
    case 4:
        lp_loop_guard(&conformance_loop, TIMEOUT_MS);
        conformance_more_sleep();
        break;
    default:
        break;
    }
    lp_port_reboot(); // where the watchdog did not bite, the next start says so
}
