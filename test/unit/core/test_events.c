// SPDX-License-Identifier: Apache-2.0
// limpet/events.h: order, overflow, and subscribers that come and go while events are handed out.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fake/port.h"
#include "limpet/events.h"
#include "limpet/port/clock.h"

enum { CAP = 4, MINE = LP_EVENTS_ID(LP_EVENTS_APP, 1), OTHER = LP_EVENTS_ID(LP_EVENTS_APP, 2) };

static lp_loop_t loop;
static lp_events_t bus;
static lp_events_item_t items[CAP];
static lp_events_sub_t a, b, c;
static char trace[256];

// A one-letter name as a context.
static char *nm(char letter)
{
    static char names[128][2];
    names[(unsigned char)letter & 0x7F][0] = letter;
    return names[(unsigned char)letter & 0x7F];
}

static int setup(void **state)
{
    (void)state;
    fake_clock_reset();
    fake_system_reset();
    lp_loop_init(&loop);
    lp_events_init(&bus, &loop, items, CAP);
    memset(&a, 0, sizeof a);
    memset(&b, 0, sizeof b);
    memset(&c, 0, sizeof c);
    trace[0] = '\0';
    return 0;
}

static void note(void *ctx, const lp_events_item_t *item)
{
    char word[LP_EVENTS_TEXT_MAX + 40];
    snprintf(word, sizeof word, "%s%d%s ", (const char *)ctx, (int)item->number, item->text);
    strncat(trace, word, sizeof trace - strlen(trace) - 1);
}

static void turn(void)
{
    lp_loop_turn(&loop, 0);
}

static void events_come_in_order_to_all_from_the_loop(void **state)
{
    (void)state;
    lp_events_subscribe(&bus, &a, LP_EVENTS_ANY, note, nm('a'));
    lp_events_subscribe(&bus, &b, MINE, note, nm('b'));
    lp_events_publish(&bus, MINE, 1, "x");
    lp_events_publish(&bus, OTHER, 2, NULL);
    lp_events_publish(&bus, MINE, 3, "");
    assert_string_equal(trace, "");
    turn();
    assert_string_equal(trace, "a1x b1x a2 a3 b3 ");
    turn();
    assert_string_equal(trace, "a1x b1x a2 a3 b3 ");
}

static void events_of_a_group_come_with_code_0(void **state)
{
    (void)state;
    lp_events_subscribe(&bus, &a, LP_EVENTS_ID(2, 0), note, nm('a'));
    lp_events_publish(&bus, LP_EV_NET_UP, 1, NULL);
    lp_events_publish(&bus, LP_EV_CLOUD_LOST, 2, NULL);
    lp_events_publish(&bus, LP_EV_NET_DOWN, 3, NULL);
    turn();
    assert_string_equal(trace, "a1 a3 ");
}

static void events_without_a_bus_are_nothing(void **state)
{
    (void)state;
    lp_events_publish(NULL, MINE, 1, "x");
}

static void events_text_is_cut_and_ended(void **state)
{
    char text[2 * LP_EVENTS_TEXT_MAX];
    lp_events_item_t item;
    (void)state;
    memset(text, 'y', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    lp_events_publish(&bus, MINE, INT32_MIN, text);
    assert_true(lp_events_next(&bus, 0, &item));
    assert_int_equal(strlen(item.text), LP_EVENTS_TEXT_MAX - 1);
    assert_int_equal(item.number, INT32_MIN);
}

static void events_too_many_are_lost_counted_and_logged_once(void **state)
{
    (void)state;
    lp_events_subscribe(&bus, &a, MINE, note, nm('a'));
    for (int i = 1; i <= CAP + 2; i++) {
        lp_events_publish(&bus, MINE, i, NULL);
    }
    assert_int_equal(bus.lost, 2);
    turn();
    assert_string_equal(trace, "a1 a2 a3 a4 "); // those that came first
    assert_true(fake_log_contains("2 events were lost"));
    const size_t lines = fake_log_count();
    lp_events_publish(&bus, MINE, 7, NULL);
    turn();
    assert_string_equal(trace, "a1 a2 a3 a4 a7 ");
    assert_int_equal(fake_log_count(), lines);
}

static void publish_again(void *ctx, const lp_events_item_t *item)
{
    note(ctx, item);
    if (item->number < 3) {
        lp_events_publish(&bus, MINE, item->number + 1, NULL);
    }
}

static void events_of_a_subscriber_come_in_the_next_turn(void **state)
{
    (void)state;
    lp_events_subscribe(&bus, &a, MINE, publish_again, nm('a'));
    lp_events_subscribe(&bus, &b, MINE, note, nm('b'));
    lp_events_publish(&bus, MINE, 1, NULL);
    turn();
    assert_string_equal(trace, "a1 b1 ");
    turn();
    assert_string_equal(trace, "a1 b1 a2 b2 ");
    turn();
    turn();
    assert_string_equal(trace, "a1 b1 a2 b2 a3 b3 ");
}

// A subscriber that fills the queue again from inside loses what has no room, and nothing else.
static void flood(void *ctx, const lp_events_item_t *item)
{
    note(ctx, item);
    for (int i = 0; i < CAP && item->number == 1; i++) {
        lp_events_publish(&bus, MINE, 10 + i, NULL);
    }
}

static void events_place_that_is_handed_out_is_not_overwritten(void **state)
{
    (void)state;
    lp_events_subscribe(&bus, &a, MINE, flood, nm('a'));
    lp_events_subscribe(&bus, &b, MINE, note, nm('b'));
    lp_events_publish(&bus, MINE, 1, "kept");
    turn();
    assert_string_equal(trace, "a1kept b1kept ");
    assert_int_equal(bus.lost, 1);
    turn();
    assert_string_equal(trace, "a1kept b1kept a10 b10 a11 b11 a12 b12 ");
}

static void leave_all(void *ctx, const lp_events_item_t *item)
{
    note(ctx, item);
    lp_events_unsubscribe(&bus, &a); // itself
    lp_events_unsubscribe(&bus, &b); // who would be next
}

static void events_go_to_nobody_who_left(void **state)
{
    (void)state;
    lp_events_subscribe(&bus, &a, MINE, leave_all, nm('a'));
    lp_events_subscribe(&bus, &b, MINE, note, nm('b'));
    lp_events_subscribe(&bus, &c, MINE, note, nm('c'));
    lp_events_publish(&bus, MINE, 1, NULL);
    lp_events_publish(&bus, MINE, 2, NULL);
    turn();
    assert_string_equal(trace, "a1 c1 c2 ");
    lp_events_unsubscribe(&bus, &b); // was not there
    lp_events_unsubscribe(&bus, &c);
    lp_events_publish(&bus, MINE, 3, NULL);
    turn();
    assert_string_equal(trace, "a1 c1 c2 ");
}

static void bring_c(void *ctx, const lp_events_item_t *item)
{
    note(ctx, item);
    if (item->number == 1) {
        lp_events_subscribe(&bus, &c, MINE, note, nm('c'));
        lp_events_publish(&bus, MINE, 3, NULL);
    }
}

static void events_come_from_the_subscription_on(void **state)
{
    (void)state;
    lp_events_subscribe(&bus, &a, MINE, bring_c, nm('a'));
    lp_events_publish(&bus, MINE, 1, NULL);
    lp_events_publish(&bus, MINE, 2, NULL); // published before c was there
    turn();
    turn();
    assert_string_equal(trace, "a1 a2 a3 c3 ");
}

static void events_subscribed_again_count_once(void **state)
{
    (void)state;
    lp_events_subscribe(&bus, &a, MINE, note, nm('a'));
    lp_events_subscribe(&bus, &b, MINE, note, nm('b'));
    lp_events_subscribe(&bus, &a, OTHER, note, nm('A')); // and stands behind b now
    lp_events_publish(&bus, MINE, 1, NULL);
    lp_events_publish(&bus, OTHER, 2, NULL);
    turn();
    assert_string_equal(trace, "b1 A2 ");
}

// An interrupt comes while the loop sleeps, and wakes it.
static void interrupt(uint64_t until_ms)
{
    (void)until_ms;
    lp_events_publish(&bus, MINE, 5, "irq");
}

static void events_of_an_interrupt_wake_the_loop(void **state)
{
    (void)state;
    lp_events_subscribe(&bus, &a, MINE, note, nm('a'));
    fake_on_wait = interrupt;
    lp_loop_turn(&loop, UINT32_MAX);
    fake_on_wait = NULL;
    turn();
    assert_string_equal(trace, "a5irq ");
}

static void events_are_readable_until_newer_ones_come(void **state)
{
    lp_events_item_t item;
    (void)state;
    assert_false(lp_events_next(&bus, 0, &item));
    for (int i = 1; i <= 6; i++) {
        fake_clock_advance_ms(10);
        lp_events_publish(&bus, MINE, i, NULL);
        turn();
    }
    assert_true(lp_events_next(&bus, 0, &item)); // 1 and 2 are gone
    assert_int_equal(item.seq, 3);
    assert_int_equal(item.number, 3);
    assert_int_equal(item.at_ms, 30);
    assert_true(lp_events_next(&bus, 6, &item));
    assert_int_equal(item.number, 6);
    assert_false(lp_events_next(&bus, 7, &item));
    assert_false(lp_events_next(&bus, UINT32_MAX, &item));
}

static void events_have_names(void **state)
{
    char name[LP_EVENTS_NAME_MAX];
    (void)state;
    assert_string_equal(lp_events_name(LP_EV_CONFIG_CHANGED, name), "config.changed");
    assert_string_equal(lp_events_name(LP_EVENTS_ID(255, 255), name), "255.255");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(events_come_in_order_to_all_from_the_loop, setup),
        cmocka_unit_test_setup(events_of_a_group_come_with_code_0, setup),
        cmocka_unit_test_setup(events_without_a_bus_are_nothing, setup),
        cmocka_unit_test_setup(events_text_is_cut_and_ended, setup),
        cmocka_unit_test_setup(events_too_many_are_lost_counted_and_logged_once, setup),
        cmocka_unit_test_setup(events_of_a_subscriber_come_in_the_next_turn, setup),
        cmocka_unit_test_setup(events_place_that_is_handed_out_is_not_overwritten, setup),
        cmocka_unit_test_setup(events_go_to_nobody_who_left, setup),
        cmocka_unit_test_setup(events_come_from_the_subscription_on, setup),
        cmocka_unit_test_setup(events_subscribed_again_count_once, setup),
        cmocka_unit_test_setup(events_of_an_interrupt_wake_the_loop, setup),
        cmocka_unit_test_setup(events_are_readable_until_newer_ones_come, setup),
        cmocka_unit_test_setup(events_have_names, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
