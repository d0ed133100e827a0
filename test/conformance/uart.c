// SPDX-License-Identifier: Apache-2.0
// limpet/port/uart.h. Line 2 is wired to an echo, where there is a line 2.
#include "limpet/port/uart.h"

#include <string.h>

#include "conformance.h"
#include "limpet/port/clock.h"

enum { LINE = 2, RING = 64, TOTAL = 2000, LIMIT_MS = 30000 };

static const lp_uart_format_t usual = {.baud = 115200, .data_bits = 8, .stop_bits = 1};
static uint8_t rx[RING], tx[RING];
static lp_port_uart_t uart;
static volatile unsigned notified;

static void notify(lp_port_uart_t *u)
{
    assert_ptr_equal(u, &uart);
    notified++;
}

static void prepare(void)
{
    uart = (lp_port_uart_t){.notify = notify};
    assert_int_equal(lp_ring_init(&uart.rx, rx, sizeof rx), LP_OK);
    assert_int_equal(lp_ring_init(&uart.tx, tx, sizeof tx), LP_OK);
}

static uint8_t pattern(size_t i)
{
    return (uint8_t)(i * 7 + i / 256);
}

static void uart_lines_that_are_none_are_refused(void **state)
{
    (void)state;
    prepare();
    assert_int_equal(lp_port_uart_open(0, &uart, &usual), LP_E_DENIED);
    assert_int_equal(lp_port_uart_open(lp_port_uart_end(), &uart, &usual), LP_E_NOT_FOUND);
    lp_port_uart_close(lp_port_uart_end());
}

static void uart_format_that_cannot_be_is_refused(void **state)
{
    (void)state;
    const lp_uart_format_t none = {.baud = 0, .data_bits = 8, .stop_bits = 1};
    const lp_uart_format_t odd = {.baud = 115200, .data_bits = 12, .stop_bits = 1};
    prepare();
    assert_int_equal(lp_port_uart_open(LINE, &uart, &none), LP_E_UNSUPPORTED);
    assert_int_equal(lp_port_uart_open(LINE, &uart, &odd), LP_E_UNSUPPORTED);
    assert_int_equal(lp_port_uart_open(LINE, &uart, &usual), LP_OK);
    assert_int_equal(lp_port_uart_open(LINE, &uart, &usual), LP_E_BUSY);
    assert_int_equal(lp_port_uart_set_format(LINE, &none), LP_E_UNSUPPORTED);
    assert_int_equal(lp_port_uart_set_format(LINE, &usual), LP_OK);
    lp_port_uart_close(LINE);
}

// No more is under way than the ring holds, since a line has no flow control.
static void echo_all(void)
{
    size_t put = 0;
    size_t got = 0;
    uint8_t byte;
    const uint64_t end_ms = lp_port_now_ms() + LIMIT_MS;
    while (got < TOTAL && lp_port_now_ms() < end_ms) {
        while (put < TOTAL && put - got < RING) {
            byte = pattern(put);
            if (lp_ring_put(&uart.tx, lp_span(&byte, 1)) == 0) {
                break;
            }
            put++;
        }
        lp_port_uart_serve(LINE);
        lp_loop_turn(&conformance_loop, 10);
        while (lp_ring_get(&uart.rx, &byte, 1) == 1) {
            assert_int_equal(byte, pattern(got));
            got++;
        }
    }
    assert_int_equal(got, TOTAL);
}

static void uart_bytes_come_back_in_order(void **state)
{
    (void)state;
    const uint64_t end_ms = lp_port_now_ms() + LIMIT_MS;
    prepare();
    notified = 0;
    assert_int_equal(lp_port_uart_open(LINE, &uart, &usual), LP_OK);
    echo_all();
    while (!lp_port_uart_is_sent(LINE) && lp_port_now_ms() < end_ms) {
        lp_loop_turn(&conformance_loop, 1);
    }
    assert_true(lp_port_uart_is_sent(LINE));
    assert_true(notified > 0);
    assert_int_equal(uart.overruns, 0);
    assert_int_equal(uart.damaged, 0);
    lp_port_uart_close(LINE);
}

// And nothing of the first time is left for the second.
static void uart_opens_again(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        prepare();
        assert_int_equal(lp_port_uart_open(LINE, &uart, &usual), LP_OK);
        if (i == 1) {
            echo_all();
        }
        lp_port_uart_close(LINE);
        const unsigned before = notified;
        lp_loop_turn(&conformance_loop, 10);
        assert_int_equal(notified, before);
        lp_port_uart_close(LINE);
    }
}

int conformance_uart(void)
{
    const struct CMUnitTest always[] = {cmocka_unit_test(uart_lines_that_are_none_are_refused)};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uart_format_that_cannot_be_is_refused),
        cmocka_unit_test(uart_bytes_come_back_in_order),
        cmocka_unit_test(uart_opens_again),
    };
    const int failed = cmocka_run_group_tests_name("uart", always, NULL, NULL);
    return lp_port_uart_end() > LINE
               ? failed + cmocka_run_group_tests_name("uart 2", tests, NULL, NULL)
               : failed;
}
