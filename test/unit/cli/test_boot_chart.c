// SPDX-License-Identifier: Apache-2.0
// The chart of a board's start, from the lines of its log.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "boot_chart.h"

static lp_boot_chart_t chart;

static void feed(const char *const *lines)
{
    for (; *lines != NULL; lines++) {
        lp_boot_chart_line(&chart, *lines);
    }
}

static int set_up(void **state)
{
    (void)state;
    lp_boot_chart_init(&chart);
    return 0;
}

static const char *const whole[] = {
    "I 0.004 net: the cable is in",
    "I 0.005 app: sensor 0.1.0, board lp-0000c0 on port qemu-lx106, started by power-on",
    "W 0.006 board: random numbers come from the computer below",
    "I 0.146 chip: ATECC508A 0123ee at 0x60, limpet-1, configuration locked, data locked",
    "I 0.031 net: address 10.0.2.15",
    "D 0.201 cloud: dialing name port 8883",
    "D 0.203 cloud: TCP is open",
    "D 0.398 cloud: TLS is open",
    "I 0.402 cloud: connected to name as lp-0000c0: TLS 1.2",
    "I 0.511 cloud: first message acknowledged\r",
    NULL};

static void chart_has_each_phase_once_and_ends_with_the_last(void **state)
{
    (void)state;
    feed(whole);
    assert_true(chart.is_done);
    assert_int_equal(chart.seen, 9); // nobody asked for the time
    assert_string_equal(lp_boot_chart_name(chart.order[0]), "link");
    assert_string_equal(lp_boot_chart_name(chart.order[8]), "PUBACK");
    assert_int_equal(chart.at_ms[chart.order[8]], 511);
    lp_boot_chart_line(&chart, "I 9.000 sntp: the time server was asked"); // it is over
    assert_int_equal(chart.seen, 9);
}

static void chart_rows_have_a_length_and_a_bar(void **state)
{
    (void)state;
    static const char *const lines[] = {"I 0.100 app: x",
                                        "I 0.499 cloud: first message acknowledged", NULL};
    char row[100];
    feed(lines);
    lp_boot_chart_row(&chart, 0, row, sizeof row);
    assert_string_equal(row,
                        "boot        100 ms  ###########.......................................");
    lp_boot_chart_row(&chart, 1, row, sizeof row);
    assert_string_equal(row,
                        "PUBACK      399 ms  ..........########################################");
}

static void chart_begins_anew_with_a_start(void **state)
{
    (void)state;
    static const char *const before[] = {"I 77.120 sys: restarting",
                                         "I 77.200 cloud: connected to x", NULL};
    feed(before);
    assert_int_equal(chart.seen, 1);
    feed(whole);
    assert_int_equal(chart.seen, 9);
    assert_string_equal(lp_boot_chart_name(chart.order[0]), "link");
}

static void chart_takes_no_rubbish(void **state)
{
    (void)state;
    static const char *const lines[] = {"",
                                        "I",
                                        "I 1.",
                                        "I x.100 app: x",
                                        "X 0.100 app: x",
                                        "I -1.100 app: x",
                                        "{\"id\":1,\"result\":{}}",
                                        "I 99999999999999999999.100 app: x",
                                        "app: x",
                                        "I 0.1000 app: x",
                                        NULL};
    feed(lines);
    assert_int_equal(chart.seen, 0);
    assert_false(chart.is_done);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(chart_has_each_phase_once_and_ends_with_the_last, set_up),
        cmocka_unit_test_setup(chart_rows_have_a_length_and_a_bar, set_up),
        cmocka_unit_test_setup(chart_begins_anew_with_a_start, set_up),
        cmocka_unit_test_setup(chart_takes_no_rubbish, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
