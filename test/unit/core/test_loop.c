// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake/port.h"
#include "limpet/loop.h"
#include "limpet/port/clock.h"

static lp_loop_t loop;
static char trace[64];

static void note(void *ctx)
{
    strcat(trace, ctx);
}

// A one-letter name as a context.
static char *nm(char c)
{
    static char names[128][2];
    names[(unsigned char)c & 0x7F][0] = c;
    return names[(unsigned char)c & 0x7F];
}

static int setup(void **state)
{
    (void)state;
    fake_clock_reset();
    fake_system_reset();
    lp_loop_init(&loop);
    trace[0] = '\0';
    return 0;
}

static void loop_events_run_in_order_of_posting(void **state)
{
    (void)state;
    lp_event_t a, b, c;
    lp_event_init(&a, note, nm('a'));
    lp_event_init(&b, note, nm('b'));
    lp_event_init(&c, note, nm('c'));
    lp_loop_post(&loop, &b);
    lp_loop_post(&loop, &a);
    lp_loop_post(&loop, &b); // already queued: once, at its first place
    lp_loop_post(&loop, &c);
    assert_string_equal(trace, "");
    lp_loop_turn(&loop, 0);
    assert_string_equal(trace, "bac");
    lp_loop_turn(&loop, 0);
    assert_string_equal(trace, "bac");
}

static void loop_unpost_takes_out_first_middle_last(void **state)
{
    (void)state;
    static const char *const left[] = {"bc", "ac", "ab"};
    for (int i = 0; i < 3; i++) {
        setup(NULL);
        lp_event_t ev[3], last;
        lp_event_init(&ev[0], note, nm('a'));
        lp_event_init(&ev[1], note, nm('b'));
        lp_event_init(&ev[2], note, nm('c'));
        lp_event_init(&last, note, nm('!'));
        for (int k = 0; k < 3; k++) {
            lp_loop_post(&loop, &ev[k]);
        }
        lp_loop_unpost(&loop, &ev[i]);
        lp_loop_unpost(&loop, &ev[i]);
        lp_loop_post(&loop, &last); // the tail is still right
        lp_loop_turn(&loop, 0);
        assert_memory_equal(trace, left[i], 2);
        assert_string_equal(trace + 2, "!");
    }
}

static lp_event_t self, victim;

static void post_self_and_drop_victim(void *ctx)
{
    strcat(trace, ctx);
    lp_loop_post(&loop, &self);
    lp_loop_unpost(&loop, &victim);
}

static void loop_event_posted_inside_waits_for_next_turn(void **state)
{
    (void)state;
    lp_event_t after;
    lp_event_init(&self, post_self_and_drop_victim, nm('s'));
    lp_event_init(&victim, note, nm('v'));
    lp_event_init(&after, note, nm('x'));
    lp_loop_post(&loop, &self);
    lp_loop_post(&loop, &victim);
    lp_loop_post(&loop, &after);
    lp_loop_turn(&loop, 0);
    assert_string_equal(trace, "sx"); // the victim was in the same batch and did not run
    lp_loop_turn(&loop, 0);
    assert_string_equal(trace, "sxs");
}

static void timer_order_is_due_time_then_start(void **state)
{
    (void)state;
    lp_timer_t t[4];
    static const uint32_t delay[] = {20, 10, 20, 10};
    static const char names[] = "cadb";
    for (int i = 0; i < 4; i++) {
        lp_timer_init(&t[i], note, nm(names[i]));
        lp_timer_start(&loop, &t[i], delay[i]);
    }
    lp_loop_turn(&loop, 1000);
    assert_string_equal(trace, "ab");
    assert_int_equal(loop.now_ms, 10);
    lp_loop_turn(&loop, 1000);
    assert_string_equal(trace, "abcd");
    assert_false(t[3].is_running);
}

static void timer_never_runs_early(void **state)
{
    (void)state;
    lp_timer_t t;
    lp_timer_init(&t, note, nm('t'));
    fake_clock_advance_ms(500); // the loop's own now is stale
    lp_timer_start(&loop, &t, 100);
    lp_loop_turn(&loop, 99);
    assert_string_equal(trace, "");
    lp_loop_turn(&loop, 1);
    assert_string_equal(trace, "t");
    assert_int_equal(lp_port_now_ms(), 600);
}

static void timer_restart_moves_it(void **state)
{
    (void)state;
    lp_timer_t a, b;
    lp_timer_init(&a, note, nm('a'));
    lp_timer_init(&b, note, nm('b'));
    lp_timer_start(&loop, &a, 10);
    lp_timer_start(&loop, &b, 20);
    lp_timer_start(&loop, &a, 30);
    lp_loop_turn(&loop, 100);
    assert_string_equal(trace, "b");
    lp_timer_stop(&loop, &a);
    lp_timer_stop(&loop, &a);
    lp_loop_turn(&loop, 100);
    assert_string_equal(trace, "b");
    assert_int_equal(loop.now_ms, 120);
}

static lp_timer_t again, other;

static void restart_at_once(void *ctx)
{
    strcat(trace, ctx);
    lp_timer_start(&loop, &again, 0);
    lp_timer_stop(&loop, &other);
}

static void timer_restarted_with_zero_does_not_starve(void **state)
{
    (void)state;
    lp_event_t ev;
    lp_event_init(&ev, note, nm('e'));
    lp_timer_init(&again, restart_at_once, nm('t'));
    lp_timer_init(&other, note, nm('o'));
    lp_timer_start(&loop, &again, 0);
    lp_timer_start(&loop, &other, 0);
    lp_loop_post(&loop, &ev);
    lp_loop_turn(&loop, 10);
    assert_string_equal(trace, "te"); // `other` was due in this turn and was stopped in time
    lp_loop_turn(&loop, 10);
    assert_string_equal(trace, "tet");
    assert_int_equal(loop.now_ms, 0);
}

static uint64_t waited_until;

static void see_wait(uint64_t until_ms)
{
    waited_until = until_ms;
}

static void loop_wait_ends_with_queue_timer_or_limit(void **state)
{
    (void)state;
    fake_on_wait = see_wait;
    lp_loop_turn(&loop, 40);
    assert_int_equal(waited_until, 40);
    lp_timer_t t;
    lp_timer_init(&t, note, nm('t'));
    lp_timer_start(&loop, &t, 5);
    lp_loop_turn(&loop, UINT32_MAX);
    assert_int_equal(waited_until, 45);
    lp_loop_turn(&loop, UINT32_MAX);
    assert_true(waited_until == UINT64_MAX);
    lp_event_t ev;
    lp_event_init(&ev, note, nm('e'));
    lp_loop_post(&loop, &ev);
    lp_loop_turn(&loop, UINT32_MAX);
    assert_int_equal(waited_until, 45);
}

static void stop_loop(void *ctx)
{
    (void)ctx;
    lp_loop_stop(&loop);
}

static void loop_run_ends_with_stop_and_can_run_again(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        lp_timer_t t;
        lp_timer_init(&t, stop_loop, NULL);
        lp_timer_start(&loop, &t, 7);
        lp_loop_run(&loop);
        assert_int_equal(loop.now_ms, 7 * (i + 1));
    }
}

static unsigned feeds_at_callback;

static void look_at_feeds(void *ctx)
{
    (void)ctx;
    feeds_at_callback = fake_watchdog_feeds;
}

static void loop_without_guard_feeds_nobody(void **state)
{
    (void)state;
    lp_loop_turn(&loop, 60000);
    assert_int_equal(fake_watchdog_feeds, 0);
    assert_int_equal(lp_port_now_ms(), 60000);
}

static void loop_under_guard_feeds_around_the_wait(void **state)
{
    (void)state;
    lp_event_t ev;
    lp_event_init(&ev, look_at_feeds, NULL);
    lp_loop_guard(&loop, 8000);
    assert_int_equal(fake_watchdog_ms, 8000);
    lp_loop_post(&loop, &ev);
    lp_loop_turn(&loop, 0);
    assert_int_equal(feeds_at_callback, 2); // the callback has the whole time for itself
    assert_int_equal(fake_watchdog_feeds, 2);
}

static void loop_under_guard_never_sleeps_longer_than_half_of_it(void **state)
{
    (void)state;
    lp_timer_t late;
    lp_timer_init(&late, note, nm('t'));
    lp_loop_guard(&loop, 8000);
    lp_loop_turn(&loop, UINT32_MAX);
    assert_int_equal(lp_port_now_ms(), 4000);
    lp_timer_start(&loop, &late, 100000);
    for (int i = 1; trace[0] == '\0'; i++) {
        const uint64_t before_ms = lp_port_now_ms();
        lp_loop_turn(&loop, UINT32_MAX);
        assert_true(lp_port_now_ms() - before_ms <= 4000 && i <= 25);
    }
    assert_int_equal(lp_port_now_ms(), 104000);
}

static void loop_under_guard_runs_what_is_overdue_at_once(void **state)
{
    (void)state;
    lp_timer_t t;
    lp_timer_init(&t, note, nm('t'));
    lp_loop_guard(&loop, 8000);
    lp_timer_start(&loop, &t, 10);
    fake_clock_advance_ms(500);
    lp_loop_turn(&loop, UINT32_MAX);
    assert_string_equal(trace, "t");
    assert_int_equal(lp_port_now_ms(), 500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(loop_events_run_in_order_of_posting, setup),
        cmocka_unit_test_setup(loop_unpost_takes_out_first_middle_last, setup),
        cmocka_unit_test_setup(loop_event_posted_inside_waits_for_next_turn, setup),
        cmocka_unit_test_setup(timer_order_is_due_time_then_start, setup),
        cmocka_unit_test_setup(timer_never_runs_early, setup),
        cmocka_unit_test_setup(timer_restart_moves_it, setup),
        cmocka_unit_test_setup(timer_restarted_with_zero_does_not_starve, setup),
        cmocka_unit_test_setup(loop_wait_ends_with_queue_timer_or_limit, setup),
        cmocka_unit_test_setup(loop_run_ends_with_stop_and_can_run_again, setup),
        cmocka_unit_test_setup(loop_without_guard_feeds_nobody, setup),
        cmocka_unit_test_setup(loop_under_guard_feeds_around_the_wait, setup),
        cmocka_unit_test_setup(loop_under_guard_never_sleeps_longer_than_half_of_it, setup),
        cmocka_unit_test_setup(loop_under_guard_runs_what_is_overdue_at_once, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
