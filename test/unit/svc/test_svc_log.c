// SPDX-License-Identifier: Apache-2.0
// Log.Read over a stream in memory, in virtual time.
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
#include "limpet/svc_log.h"

static lp_log_ring_t ring;
static uint8_t memory[3000];
static lp_svc_log_t service;

static int setup(void **state)
{
    (void)state;
    fake_clock_reset();
    fake_system_reset();
    (void)lp_log_set_levels("debug");
    memset(memory, 0, sizeof memory);
    caller_start();
    lp_log_ring_open(&ring, memory, sizeof memory, 0xABCD0001);
    lp_log_add_sink(lp_log_ring_sink(&ring));
    lp_svc_log_init(&service, &caller.loop, &caller.rpc, &ring);
    caller_open(LP_RPC_READ);
    return 0;
}

static void send(const char *params)
{
    caller_send("Log.Read", params);
}

static void read(const char *params)
{
    (void)caller_call("Log.Read", params);
}

static void lines_are_read_once_and_in_order(void **state)
{
    (void)state;
    lp_log(LP_LOG_INFO, "a", "one");
    lp_log(LP_LOG_ERROR, "b", "two \"quoted\"");
    read("{}");
    assert_string_equal(caller_get("result.lines"),
                        "[{\"id\":1,\"start\":0,\"level\":\"info\",\"text\":\"I 0.000 a: one\"},"
                        "{\"id\":2,\"start\":0,\"level\":\"error\",\"text\":\"E 0.000 b: two "
                        "\\\"quoted\\\"\"}]");
    assert_string_equal(caller_get("result.cursor"), "\"abcd0001.3\"");
    assert_string_equal(caller_get("result.lost"), "0");
    read(caller_go_on(""));
    assert_string_equal(caller_get("result.lines"), "[]");
    lp_log(LP_LOG_INFO, "a", "three");
    read(caller_go_on(""));
    assert_non_null(strstr(caller_get("result.lines"), "\"id\":3,"));
    assert_null(strstr(caller_get("result.lines"), "\"id\":2,"));
}

static void gap_is_told(void **state)
{
    (void)state;
    lp_log(LP_LOG_INFO, "a", "one");
    read("{}");
    for (int i = 0; i < 200; i++) {
        lp_log(LP_LOG_INFO, "a", "filler %d", i);
    }
    char lost[16];
    snprintf(lost, sizeof lost, "%u", (unsigned)(ring.first_id - 2));
    read(caller_go_on(""));
    assert_string_equal(caller_get("result.lost"), lost);
    assert_true(ring.first_id > 2);
}

static void cursor_of_another_ring_is_noticed(void **state)
{
    (void)state;
    lp_log(LP_LOG_INFO, "a", "one");
    read("{\"cursor\":\"99999999.1\"}");
    assert_string_equal(caller_get("result.is_new"), "true");
    assert_non_null(strstr(caller_get("result.lines"), "a: one"));
    read("{\"cursor\":\"abcd0001.7\"}"); // of a later time of this ring, before a power cut
    assert_string_equal(caller_get("result.is_new"), "true");
}

static void starts_and_levels_select(void **state)
{
    (void)state;
    lp_log(LP_LOG_INFO, "a", "old");
    lp_log_ring_open(&ring, memory, sizeof memory, 5);
    lp_log(LP_LOG_INFO, "a", "middle");
    lp_log_ring_open(&ring, memory, sizeof memory, 5);
    lp_log(LP_LOG_INFO, "a", "new");
    lp_log(LP_LOG_WARN, "a", "careful");
    read("{\"start\":0}");
    assert_null(strstr(caller_get("result.lines"), "middle"));
    assert_non_null(strstr(caller_get("result.lines"), "new"));
    read("{\"start\":-1}");
    assert_non_null(strstr(caller_get("result.lines"),
                           "\"start\":-1,\"level\":\"info\",\"text\":\"I 0.000 a: middle\""));
    assert_null(strstr(caller_get("result.lines"), "old"));
    read("{\"start\":-1,\"level\":\"warn\"}");
    assert_string_equal(
        caller_get("result.lines"),
        "[{\"id\":4,\"start\":0,\"level\":\"warn\",\"text\":\"W 0.000 a: careful\"}]");
}

static void full_frame_goes_on_where_it_ended(void **state)
{
    (void)state;
    static uint8_t large[20000];
    memset(large, 0, sizeof large);
    lp_log_ring_open(&ring, large, sizeof large, 0xABCD0002);
    for (int i = 0; i < 90; i++) {
        lp_log(LP_LOG_INFO, "a", "%d \"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\" \xff\xff\xff",
               i);
    }
    unsigned seen = 0;
    read("{}");
    for (int turns = 0; turns < 50; turns++) {
        assert_string_equal(caller_get("error"), "");
        for (const char *at = strstr(caller.answer, "\"id\":");
             (at = strstr(at + 1, "{\"id\":")) != NULL;) {
            seen++;
            assert_int_equal(strtoul(at + 6, NULL, 10), seen);
        }
        if (strcmp(caller_get("result.more"), "true") != 0) {
            break;
        }
        read(caller_go_on(""));
    }
    assert_int_equal(seen, 90);
}

static void reader_waits_for_the_next_line(void **state)
{
    (void)state;
    read("{}");
    send(caller_go_on(",\"wait_ms\":20000,\"level\":\"warn\""));
    caller_run(5000);
    assert_false(caller_has_answer());
    lp_log(LP_LOG_INFO, "a", "not for this reader");
    caller_run(5000);
    assert_false(caller_has_answer());
    lp_log(LP_LOG_WARN, "a", "for him");
    caller_run(10);
    assert_true(caller_has_answer());
    assert_non_null(strstr(caller_get("result.lines"), "for him"));
    assert_null(strstr(caller_get("result.lines"), "not for"));
}

static void wait_ends(void **state)
{
    (void)state;
    read("{}");
    send(caller_go_on(",\"wait_ms\":3000"));
    const uint64_t began_ms = lp_port_now_ms();
    caller_run(10000);
    assert_true(caller_has_answer());
    assert_string_equal(caller_get("result.lines"), "[]");
    assert_in_range(lp_port_now_ms() - began_ms, 3000, 3001);
}

static void crowd_of_waiting_readers_is_refused(void **state)
{
    (void)state;
    for (int i = 0; i <= LP_SVC_LOG_WAITERS; i++) {
        send("{\"wait_ms\":1000}");
    }
    caller_run(10);
    assert_true(caller_has_answer());
    assert_string_equal(caller_get("error.name"), "\"LP_E_BUSY\"");
}

static void nonsense_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "{\"cursor\":\"\"}",
        "{\"cursor\":\"abcd0001\"}",
        "{\"cursor\":\"abcd0001.\"}",
        "{\"cursor\":\"abcd0001.x\"}",
        "{\"cursor\":\"zbcd0001.1\"}",
        "{\"cursor\":\"abcd0001.99999999999\"}",
        "{\"cursor\":7}",
        "{\"cursor\":\"abcd0001.1\",\"cursor\":\"abcd0001.1\"}",
        "{\"start\":1}",
        "{\"start\":-1001}",
        "{\"start\":\"x\"}",
        "{\"level\":\"loud\"}",
        "{\"level\":3}",
        "{\"wait_ms\":-1}",
        "{\"wait_ms\":30001}",
        "{\"wait_ms\":true}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        read(bad[i]);
        assert_string_not_equal(caller_get("error.name"), "");
    }
}

static void rpc_doc_has_the_method(void **state)
{
    (void)state;
    assert_true(caller_page_has(RPC_DOC, "| Log.Read | read |"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(lines_are_read_once_and_in_order, setup),
        cmocka_unit_test_setup(gap_is_told, setup),
        cmocka_unit_test_setup(cursor_of_another_ring_is_noticed, setup),
        cmocka_unit_test_setup(starts_and_levels_select, setup),
        cmocka_unit_test_setup(full_frame_goes_on_where_it_ended, setup),
        cmocka_unit_test_setup(reader_waits_for_the_next_line, setup),
        cmocka_unit_test_setup(wait_ends, setup),
        cmocka_unit_test_setup(crowd_of_waiting_readers_is_refused, setup),
        cmocka_unit_test_setup(nonsense_is_refused, setup),
        cmocka_unit_test(rpc_doc_has_the_method),
    };
    return cmocka_run_group_tests_name("svc_log", tests, NULL, NULL);
}
