// SPDX-License-Identifier: Apache-2.0
// Ways of the log out of its ring, in virtual time: limits, gaps, and what a syslog server gets.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fake/port.h"
#include "limpet/port/clock.h"
#include "limpet/svc_logs.h"

static lp_loop_t loop;
static lp_log_ring_t ring;
static uint8_t memory[4000];
static lp_log_outlet_t out;
static char got[16384];
static unsigned lines;
static lp_err_t answer;

// The port's side: not used by these tests.
lp_err_t lp_port_udp_put(const lp_net_peer_t *to, lp_span_t data)
{
    (void)to;
    (void)data;
    return LP_E_IO;
}

static lp_err_t take(void *ctx, const lp_log_ring_line_t *line)
{
    (void)ctx;
    if (answer != LP_OK) {
        return answer;
    }
    lines++;
    snprintf(got + strlen(got), sizeof got - strlen(got), "%.*s\n", LP_FMT_SPAN(line->text));
    return LP_OK;
}

static int setup(void **state)
{
    (void)state;
    fake_clock_reset();
    fake_system_reset();
    (void)lp_log_set_levels("debug");
    memset(memory, 0, sizeof memory);
    got[0] = '\0';
    lines = 0;
    answer = LP_OK;
    lp_loop_init(&loop);
    lp_log_ring_open(&ring, memory, sizeof memory, 1);
    lp_log_add_sink(lp_log_ring_sink(&ring));
    lp_log_outlet_init(&out, &loop, &ring, take, NULL, 5);
    return 0;
}

static void run(uint32_t ms)
{
    const uint64_t end_ms = lp_port_now_ms() + ms;
    while (lp_port_now_ms() < end_ms) {
        lp_loop_turn(&loop, (uint32_t)(end_ms - lp_port_now_ms()));
    }
}

static void lines_go_from_the_loop_and_by_level(void **state)
{
    (void)state;
    lp_log(LP_LOG_INFO, "a", "before it was open");
    lp_log_outlet_open(&out, LP_LOG_INFO);
    lp_log(LP_LOG_INFO, "a", "one");
    lp_log(LP_LOG_DEBUG, "a", "too little");
    assert_int_equal(lines, 0); // not from inside of lp_log()
    run(10);
    assert_string_equal(got, "I 0.000 a: before it was open\nI 0.000 a: one\n");
}

static void flood_is_slowed_down_and_loses_nothing_that_the_ring_has(void **state)
{
    (void)state;
    lp_log_outlet_open(&out, LP_LOG_INFO);
    for (int i = 0; i < 20; i++) {
        lp_log(LP_LOG_INFO, "a", "line %d", i);
    }
    run(100);
    assert_int_equal(lines, 5); // what goes at once
    run(1000);
    assert_in_range(lines, 9, 11);
    run(4000);
    assert_int_equal(lines, 20);
    assert_null(strstr(got, "dropped"));
}

static void what_the_ring_gave_up_is_told(void **state)
{
    (void)state;
    lp_log_outlet_open(&out, LP_LOG_INFO);
    answer = LP_E_AGAIN;
    for (int i = 0; i < 500; i++) {
        lp_log(LP_LOG_INFO, "a", "line %d", i);
    }
    run(10);
    const unsigned gone = (unsigned)(ring.first_id - 1);
    answer = LP_OK;
    run(120000);
    char words[64];
    snprintf(words, sizeof words, "log: %u lines dropped\n", gone);
    assert_non_null(strstr(got, words));
    assert_true(strstr(got, words) < strstr(got, "line "));
    assert_non_null(strstr(got, "line 499\n"));
}

static void refused_line_counts_as_dropped(void **state)
{
    (void)state;
    lp_log_outlet_open(&out, LP_LOG_INFO);
    answer = LP_E_IO;
    lp_log(LP_LOG_INFO, "a", "refused");
    lp_log(LP_LOG_INFO, "a", "refused");
    run(10);
    answer = LP_OK;
    lp_log(LP_LOG_INFO, "a", "taken");
    run(2000);
    assert_non_null(strstr(got, "log: 2 lines dropped\nI 0.010 a: taken\n"));
    assert_null(strstr(got, "refused"));
}

static void nothing_is_lost_while_the_way_is_not_there_yet(void **state)
{
    (void)state;
    lp_log_outlet_open(&out, LP_LOG_INFO);
    answer = LP_E_AGAIN;
    lp_log(LP_LOG_INFO, "a", "early");
    run(30000);
    assert_int_equal(lines, 0);
    answer = LP_OK;
    run(2000);
    assert_string_equal(got, "I 0.000 a: early\n");
}

static void closed_way_takes_nothing(void **state)
{
    (void)state;
    lp_log_outlet_open(&out, LP_LOG_INFO);
    lp_log_outlet_open(&out, LP_LOG_OFF);
    lp_log(LP_LOG_ERROR, "a", "not for it");
    run(5000);
    assert_int_equal(lines, 0);
    lp_log_outlet_open(&out, LP_LOG_INFO);
    lp_log(LP_LOG_INFO, "a", "again");
    run(5000);
    assert_string_equal(got, "I 5.000 a: again\n");
}

static void lines_of_the_start_before_do_not_go(void **state)
{
    (void)state;
    lp_log(LP_LOG_INFO, "a", "old");
    lp_log_ring_open(&ring, memory, sizeof memory, 1);
    lp_log_outlet_init(&out, &loop, &ring, take, NULL, 5);
    lp_log_ring_put(&ring, LP_LOG_INFO, lp_span_str("I 0.000 a: new"));
    lp_log_outlet_open(&out, LP_LOG_INFO);
    run(100);
    assert_string_equal(got, "I 0.000 a: new\n");
}

// -- RFC 5424

static const char *syslog_of(lp_log_level_t level, const char *text, int64_t utc_ms,
                             const char *host)
{
    static char line[LP_SYSLOG_MAX + 1];
    lp_buf_t buf = lp_buf(line, LP_SYSLOG_MAX);
    const lp_log_ring_line_t of = {.level = level, .text = lp_span_str(text)};
    const lp_err_t err = lp_syslog_format(&buf, &of, utc_ms, host, "sensor");
    line[err == LP_OK ? buf.len : 0] = '\0';
    return line;
}

static void syslog_lines_are_rfc_5424s(void **state)
{
    (void)state;
    assert_string_equal(
        syslog_of(LP_LOG_WARN, "W 12.345 cloud: lost after 31 s", 1700000000123, "lp-1"),
        "<132>1 2023-11-14T22:13:20.123Z lp-1 sensor - cloud - lost after 31 s");
    assert_string_equal(syslog_of(LP_LOG_ERROR, "E 1.000 a: b", 0, "lp-1"),
                        "<131>1 - lp-1 sensor - a - b");
    assert_string_equal(syslog_of(LP_LOG_INFO, "I 1.000 a: b: c", 0, "two words\n"),
                        "<134>1 - two_words_ sensor - a - b: c");
    assert_string_equal(syslog_of(LP_LOG_DEBUG, "no line of ours", 0, ""),
                        "<135>1 - - sensor - - - no line of ours");
    assert_string_equal(syslog_of(LP_LOG_INFO, "", 0, "h"), "<134>1 - h sensor - - - ");
}

static void syslog_line_that_does_not_fit_leaves_nothing(void **state)
{
    (void)state;
    char text[20];
    lp_buf_t buf = lp_buf(text, sizeof text);
    const lp_log_ring_line_t line = {.level = LP_LOG_INFO, .text = lp_span_str("I 1.000 a: words")};
    assert_int_equal(lp_syslog_format(&buf, &line, 0, "host", "application"), LP_E_NOSPACE);
    assert_int_equal(buf.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(lines_go_from_the_loop_and_by_level, setup),
        cmocka_unit_test_setup(flood_is_slowed_down_and_loses_nothing_that_the_ring_has, setup),
        cmocka_unit_test_setup(what_the_ring_gave_up_is_told, setup),
        cmocka_unit_test_setup(refused_line_counts_as_dropped, setup),
        cmocka_unit_test_setup(nothing_is_lost_while_the_way_is_not_there_yet, setup),
        cmocka_unit_test_setup(closed_way_takes_nothing, setup),
        cmocka_unit_test_setup(lines_of_the_start_before_do_not_go, setup),
        cmocka_unit_test(syslog_lines_are_rfc_5424s),
        cmocka_unit_test(syslog_line_that_does_not_fit_leaves_nothing),
    };
    return cmocka_run_group_tests_name("logs", tests, NULL, NULL);
}
