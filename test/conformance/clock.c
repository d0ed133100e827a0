// SPDX-License-Identifier: Apache-2.0
// Time, waiting, and keeping interrupts out.
#include "limpet/port/clock.h"

#include "conformance.h"
#include "limpet/port/irq.h"

static void clock_runs_forward_and_ms_agree_with_us(void **state)
{
    (void)state;
    uint64_t last_us = lp_port_now_us();
    uint64_t last_ms = lp_port_now_ms();
    for (int i = 0; i < 20000; i++) {
        const uint64_t us = lp_port_now_us();
        const uint64_t ms = lp_port_now_ms();
        assert_true(us >= last_us && ms >= last_ms);
        assert_true(ms + 1 >= us / 1000 && ms <= lp_port_now_us() / 1000);
        last_us = us;
        last_ms = ms;
    }
}

static void wait_ends_at_its_time_and_not_long_after(void **state)
{
    (void)state;
    for (uint64_t ms = 1; ms <= 64; ms *= 2) {
        const uint64_t start = lp_port_now_ms();
        while (lp_port_now_ms() < start + ms) { // an event may end it early
            lp_port_wait(start + ms);
        }
        assert_true(lp_port_now_ms() - start < ms + 1000);
    }
}

static void wait_in_the_past_returns_at_once(void **state)
{
    (void)state;
    const uint64_t start = lp_port_now_ms();
    for (int i = 0; i < 100; i++) {
        lp_port_wait(0);
        lp_port_wait(start);
    }
    assert_true(lp_port_now_ms() - start < 1000);
}

static unsigned order;

static void on_timer(void *ctx)
{
    order = order * 10 + (unsigned)(uintptr_t)ctx;
}

static void timers_of_the_loop_run_in_their_order(void **state)
{
    (void)state;
    lp_timer_t late, soon;
    order = 0;
    lp_timer_init(&late, on_timer, (void *)2);
    lp_timer_init(&soon, on_timer, (void *)1);
    const uint64_t start = lp_port_now_ms();
    lp_timer_start(&conformance_loop, &late, 40);
    lp_timer_start(&conformance_loop, &soon, 20);
    while (order < 10 && lp_port_now_ms() < start + 5000) {
        lp_loop_turn(&conformance_loop, 5000);
    }
    assert_int_equal(order, 12);
    assert_true(lp_port_now_ms() - start >= 40);
}

static void posted_event_keeps_the_loop_from_sleeping(void **state)
{
    (void)state;
    lp_event_t event;
    order = 0;
    lp_event_init(&event, on_timer, (void *)3);
    lp_loop_post(&conformance_loop, &event);
    const uint64_t start = lp_port_now_ms();
    lp_loop_turn(&conformance_loop, 3000);
    assert_int_equal(order, 3);
    assert_true(lp_port_now_ms() - start < 1000);
}

static void interrupts_are_kept_out_and_it_nests(void **state)
{
    (void)state;
    const uint32_t outer = lp_port_irq_save();
    const uint32_t inner = lp_port_irq_save();
    lp_port_irq_restore(inner);
    const uint64_t inside_us = lp_port_now_us(); // the clock runs all the same
    lp_port_irq_restore(outer);
    assert_true(lp_port_now_us() >= inside_us);
    const uint64_t start = lp_port_now_ms();
    while (lp_port_now_ms() < start + 5) { // and a wait still ends
        lp_port_wait(start + 5);
    }
}

static void utc_is_plausible_or_an_error(void **state)
{
    (void)state;
    int64_t utc_s = -1;
    const lp_err_t err = lp_port_utc_s(&utc_s);
    assert_true(err == LP_OK || err == LP_E_CLOCK);
    assert_true(err == LP_OK ? utc_s > 1577836800 : utc_s == -1);
}

int conformance_clock(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clock_runs_forward_and_ms_agree_with_us),
        cmocka_unit_test(wait_ends_at_its_time_and_not_long_after),
        cmocka_unit_test(wait_in_the_past_returns_at_once),
        cmocka_unit_test(timers_of_the_loop_run_in_their_order),
        cmocka_unit_test(posted_event_keeps_the_loop_from_sleeping),
        cmocka_unit_test(interrupts_are_kept_out_and_it_nests),
        cmocka_unit_test(utc_is_plausible_or_an_error),
    };
    return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
