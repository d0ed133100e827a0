// SPDX-License-Identifier: Apache-2.0
// Events.Read over a stream in memory, in virtual time.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "caller.h"
#include "limpet/port/clock.h"
#include "limpet/svc_events.h"

enum { CAP = 32 };

static lp_events_t bus;
static lp_events_item_t items[CAP];
static lp_svc_events_t service;

static int setup(void **state)
{
    (void)state;
    fake_clock_reset();
    fake_system_reset();
    caller_start();
    lp_events_init(&bus, &caller.loop, items, CAP);
    lp_svc_events_init(&service, &caller.loop, &caller.rpc, &bus, 7);
    caller_open(LP_RPC_READ);
    return 0;
}

static void send(const char *params)
{
    caller_send("Events.Read", params);
}

static void read(const char *params)
{
    (void)caller_call("Events.Read", params);
}

static void events_are_read_once_and_in_order(void **state)
{
    (void)state;
    lp_events_publish(&bus, LP_EV_NET_UP, 0, "10.0.2.15");
    lp_events_publish(&bus, LP_EV_CLOUD_LOST, -9, "say \"no\"");
    read("{}");
    assert_string_equal(
        caller_get("result.events"),
        "[{\"seq\":1,\"at_ms\":0,\"name\":\"net.up\",\"number\":0,\"text\":\"10.0.2.15\"},"
        "{\"seq\":2,\"at_ms\":0,\"name\":\"cloud.lost\",\"number\":-9,\"text\":\"say "
        "\\\"no\\\"\"}]");
    assert_string_equal(caller_get("result.cursor"), "\"00000007.3\"");
    assert_string_equal(caller_get("result.lost"), "0");
    assert_string_equal(caller_get("result.is_new"), "false");
    read(caller_go_on(""));
    assert_string_equal(caller_get("result.events"), "[]");
}

static void gap_and_overflow_are_told(void **state)
{
    (void)state;
    read("{}");
    const char *params = caller_go_on("");
    for (int i = 0; i < CAP + 5; i++) {
        lp_events_publish(&bus, LP_EV_NET_DOWN, i, NULL); // the last 5 have no room
    }
    caller_run(1);
    lp_events_publish(&bus, LP_EV_NET_UP, 0, NULL); // takes the place of the first
    read(params);
    assert_string_equal(caller_get("result.lost"), "1");
    assert_string_equal(caller_get("result.overflowed"), "5");
}

// An answer has room for a part of them; the cursor goes on behind it.
static void long_texts_come_in_parts_and_all_of_them(void **state)
{
    char text[LP_EVENTS_TEXT_MAX];
    unsigned seen = 0;
    (void)state;
    memset(text, 1, sizeof text - 1); // six bytes each in JSON
    text[sizeof text - 1] = '\0';
    for (int i = 0; i < CAP; i++) {
        lp_events_publish(&bus, LP_EV_CONFIG_CHANGED, INT32_MIN, text);
    }
    char params[128] = "{}";
    for (int i = 0; i < CAP && seen < CAP; i++) {
        read(params);
        for (const char *at = caller.answer; (at = strstr(at, "\"seq\":")) != NULL; at++) {
            seen++;
            assert_int_equal(strtoul(at + 6, NULL, 10), seen);
        }
        assert_string_equal(caller_get("result.more"), seen < CAP ? "true" : "false");
        snprintf(params, sizeof params, "%s", caller_go_on(""));
    }
    assert_int_equal(seen, CAP);
}

static void cursor_of_another_start_begins_anew(void **state)
{
    (void)state;
    lp_events_publish(&bus, LP_EV_NET_UP, 0, NULL);
    read("{\"cursor\":\"00000006.9\"}");
    assert_string_equal(caller_get("result.is_new"), "true");
    assert_non_null(strstr(caller.answer, "\"seq\":1,"));
    read("{\"cursor\":\"00000007.900\",\"wait_ms\":1000}"); // ahead of this start: does not wait
    assert_string_equal(caller_get("result.is_new"), "true");
}

static void reader_waits_for_the_next_event(void **state)
{
    (void)state;
    read("{}");
    send(caller_go_on(",\"wait_ms\":5000"));
    caller_run(1000);
    assert_false(caller_has_answer());
    lp_events_publish(&bus, LP_EV_NET_UP, 0, "x");
    caller_run(10);
    assert_true(caller_has_answer());
    assert_non_null(strstr(caller.answer, "\"net.up\""));
}

static void reader_is_answered_when_its_time_is_over(void **state)
{
    (void)state;
    send("{\"wait_ms\":3000}");
    caller_run(2900);
    assert_false(caller_has_answer());
    caller_run(200);
    assert_true(caller_has_answer());
    assert_string_equal(caller_get("result.events"), "[]");
    lp_events_publish(&bus, LP_EV_NET_UP, 0, NULL); // nobody waits any more
    caller_run(10);
    assert_false(caller_has_answer());
}

static void reader_is_not_woken_by_what_it_has(void **state)
{
    (void)state;
    lp_events_publish(&bus, LP_EV_NET_UP, 0, NULL);
    send("{}");
    send("{\"cursor\":\"00000007.2\",\"wait_ms\":5000}"); // before the event was handed out
    caller_run(1);
    assert_true(caller_has_answer());
    caller_run(1000);
    assert_false(caller_has_answer());
}

static void second_reader_does_not_wait(void **state)
{
    (void)state;
    send("{\"wait_ms\":5000}");
    caller_run(10);
    read("{\"wait_ms\":5000}");
    assert_string_equal(caller_get("error.name"), "\"LP_E_BUSY\"");
    lp_events_publish(&bus, LP_EV_NET_UP, 0, NULL);
    caller_run(10);
    assert_true(caller_has_answer());
    assert_string_equal(caller_get("error.name"), "");
}

static void reader_that_hung_up_is_forgotten(void **state)
{
    (void)state;
    send("{\"wait_ms\":5000}");
    caller_run(10);
    lp_rpc_close(&caller.channel);
    lp_events_publish(&bus, LP_EV_NET_UP, 0, NULL);
    caller_run(10);
    caller_open(LP_RPC_READ);
    read("{}");
    assert_non_null(strstr(caller.answer, "\"net.up\""));
}

static void names_of_strangers_become_text(void **state)
{
    (void)state;
    lp_events_publish(&bus, LP_EV_WIFI_JOINED, 0, "a\xFF\xC3");
    read("{}");
    assert_non_null(strstr(caller.answer, "\"text\":\"a??\""));
}

static void nonsense_is_refused(void **state)
{
    static const char *const bad[] = {
        "{\"cursor\":1}",
        "{\"cursor\":\"\"}",
        "{\"cursor\":\"00000007.\"}",
        "{\"cursor\":\"7.1\"}",
        "{\"wait_ms\":30001}",
        "{\"wait_ms\":-1}",
        "{\"wait_ms\":\"soon\"}",
        "{\"cursor\":\"00000007.99999999999\"}",
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        read(bad[i]);
        assert_string_not_equal(caller_get("error.name"), "");
    }
}

static void method_stands_in_the_documentation(void **state)
{
    (void)state;
    assert_true(caller_page_has(RPC_DOC, "| Events.Read | read |"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(events_are_read_once_and_in_order, setup),
        cmocka_unit_test_setup(gap_and_overflow_are_told, setup),
        cmocka_unit_test_setup(long_texts_come_in_parts_and_all_of_them, setup),
        cmocka_unit_test_setup(cursor_of_another_start_begins_anew, setup),
        cmocka_unit_test_setup(reader_waits_for_the_next_event, setup),
        cmocka_unit_test_setup(reader_is_answered_when_its_time_is_over, setup),
        cmocka_unit_test_setup(reader_is_not_woken_by_what_it_has, setup),
        cmocka_unit_test_setup(second_reader_does_not_wait, setup),
        cmocka_unit_test_setup(reader_that_hung_up_is_forgotten, setup),
        cmocka_unit_test_setup(names_of_strangers_become_text, setup),
        cmocka_unit_test_setup(nonsense_is_refused, setup),
        cmocka_unit_test_setup(method_stands_in_the_documentation, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
