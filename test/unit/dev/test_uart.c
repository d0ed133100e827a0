// SPDX-License-Identifier: Apache-2.0
// Serial lines as applications use them, lines of text, and a one-wire bus made of a UART whose
// wire is a virtual one.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake/port.h"
#include "fake/uart.h"
#include "limpet/ds18b20.h"
#include "limpet/lines.h"
#include "limpet/onewire_uart.h"
#include "limpet/parts_wire.h"
#include "limpet/port/clock.h"
#include "limpet/uart.h"

static lp_loop_t loop;
static lp_uart_t uart;
static uint8_t rx[16], tx[16];
static uint8_t sent[64];
static size_t sent_len;
static unsigned events_seen;
static int direction; // of RS-485; -1: never told

static void on_byte(unsigned number, uint8_t byte, const lp_uart_format_t *format)
{
    (void)number;
    (void)format;
    assert_true(direction != 0); // never while it listens
    sent[sent_len++] = byte;
}

static void on_stream(void *ctx, unsigned events, lp_err_t why)
{
    (void)ctx;
    assert_int_equal(why, LP_OK);
    events_seen |= events;
}

static void turn_direction(void *ctx, bool is_sending)
{
    (void)ctx;
    direction = is_sending ? 1 : 0;
}

static int set_up(void **state)
{
    (void)state;
    fake_clock_reset();
    fake_uart_reset();
    lp_loop_init(&loop);
    fake_uart_on_byte = on_byte;
    sent_len = 0;
    events_seen = 0;
    direction = -1;
    return 0;
}

static lp_uart_setup_t setup(void)
{
    return (lp_uart_setup_t){.rx = rx, .rx_bytes = sizeof rx, .tx = tx, .tx_bytes = sizeof tx};
}

static void open_line(bool is_rs485)
{
    lp_uart_setup_t s = setup();
    s.direction = is_rs485 ? turn_direction : NULL;
    assert_int_equal(lp_uart_open(&uart, &loop, 0, &s), LP_OK);
    lp_stream_listen(&uart.stream, on_stream, NULL);
}

static void turns(int n)
{
    for (int i = 0; i < n; i++) {
        lp_loop_turn(&loop, 1);
    }
}

// -- the line

static void bytes_go_and_come(void **state)
{
    (void)state;
    uint8_t got[32];
    size_t n = 0;
    open_line(false);
    assert_int_equal(lp_stream_read(&uart.stream, got, sizeof got, &n), LP_E_AGAIN);
    assert_int_equal(lp_stream_write(&uart.stream, lp_span("hello", 5), &n), LP_OK);
    assert_memory_equal(sent, "hello", 5);
    fake_uart_feed(0, "wor", 3);
    fake_uart_feed(0, "ld", 2);
    turns(2);
    assert_int_equal(events_seen, LP_STREAM_READABLE);
    assert_int_equal(lp_stream_read(&uart.stream, got, sizeof got, &n), LP_OK);
    assert_int_equal(n, 5);
    assert_memory_equal(got, "world", 5);
}

static void what_came_before_the_listener_is_told(void **state)
{
    (void)state;
    lp_uart_setup_t s = setup();
    assert_int_equal(lp_uart_open(&uart, &loop, 0, &s), LP_OK);
    fake_uart_feed(0, "x", 1);
    turns(2);
    lp_stream_listen(&uart.stream, on_stream, NULL);
    turns(2);
    assert_int_equal(events_seen, LP_STREAM_READABLE);
}

static void full_line_takes_a_part_and_tells_when_there_is_room(void **state)
{
    (void)state;
    size_t n = 0;
    open_line(false);
    fake_uart_hold(0, true);
    assert_int_equal(lp_stream_write(&uart.stream, lp_span("0123456789abcdefXYZ", 19), &n), LP_OK);
    assert_int_equal(n, 16);
    assert_int_equal(lp_stream_write(&uart.stream, lp_span("X", 1), &n), LP_E_AGAIN);
    assert_true(lp_uart_is_sending(&uart));
    fake_uart_hold(0, false);
    turns(2);
    assert_int_equal(events_seen, LP_STREAM_WRITABLE);
    assert_memory_equal(sent, "0123456789abcdef", 16);
    assert_false(lp_uart_is_sending(&uart));
}

static void lost_bytes_are_counted(void **state)
{
    (void)state;
    open_line(false);
    fake_uart_feed(0, "0123456789abcdef", 16);
    assert_int_equal(lp_uart_counts(&uart).overruns, 0);
    fake_uart_feed(0, "x", 1);
    assert_int_equal(lp_uart_counts(&uart).overruns, 1);
}

static void rs485_turns_when_the_last_bit_is_gone(void **state)
{
    (void)state;
    size_t n = 0;
    open_line(true);
    assert_int_equal(direction, 0);
    fake_uart_keep_last_bit(0, true);
    assert_int_equal(lp_stream_write(&uart.stream, lp_span("ask", 3), &n), LP_OK);
    assert_int_equal(direction, 1);
    turns(20);
    assert_int_equal(sent_len, 3);
    assert_int_equal(direction, 1);
    fake_uart_keep_last_bit(0, false);
    turns(5);
    assert_int_equal(direction, 0);
    fake_uart_hold(0, true);
    assert_int_equal(lp_stream_write(&uart.stream, lp_span("ask", 3), &n), LP_OK);
    lp_uart_close(&uart);
    assert_int_equal(direction, 0); // whatever happens, nobody else's bus is held
}

static void line_says_what_it_cannot(void **state)
{
    (void)state;
    lp_uart_t other;
    uint8_t byte;
    size_t n = 0;
    lp_uart_setup_t s = setup();
    open_line(false);
    assert_int_equal(lp_uart_open(&other, &loop, 0, &s), LP_E_BUSY);
    assert_int_equal(lp_uart_open(&other, &loop, FAKE_UARTS, &s), LP_E_NOT_FOUND);
    s.rx_bytes = 15;
    assert_int_equal(lp_uart_open(&other, &loop, 1, &s), LP_E_INVALID);
    lp_uart_close(&other); // which was never open
    fake_uart_hold(0, true);
    assert_int_equal(lp_stream_write(&uart.stream, lp_span("x", 1), &n), LP_OK);
    const lp_uart_format_t slow = {.baud = 9600, .data_bits = 8, .stop_bits = 1};
    assert_int_equal(lp_uart_set_format(&uart, &slow), LP_E_BUSY);
    fake_uart_hold(0, false);
    assert_int_equal(lp_uart_set_format(&uart, &slow), LP_OK);
    lp_stream_close(&uart.stream);
    lp_stream_close(&uart.stream);
    assert_int_equal(lp_uart_set_format(&uart, &slow), LP_E_CLOSED);
    assert_int_equal(lp_stream_read(&uart.stream, &byte, 1, &n), LP_E_CLOSED);
    assert_int_equal(lp_stream_write(&uart.stream, lp_span("x", 1), &n), LP_E_CLOSED);
}

// -- lines of text

static char heard[200];

static void on_line(void *ctx, lp_span_t line)
{
    (void)ctx;
    strncat(heard, (const char *)line.ptr, line.len);
    strcat(heard, "|");
}

static void feed_slowly(const char *text)
{
    for (; *text != '\0'; text++) {
        fake_uart_feed(0, text, 1);
        turns(1);
    }
}

static void lines_come_whole_or_not_at_all(void **state)
{
    (void)state;
    uint8_t memory[8];
    lp_lines_t lines;
    heard[0] = '\0';
    open_line(false);
    lp_lines_init(&lines, &uart.stream, memory, sizeof memory, on_line, NULL);
    feed_slowly("one\r\ntwo\n\n\rthree\r12345678\n123456789\nfour\n123456789012345678\r\nend");
    assert_string_equal(heard, "one|two|three|12345678|four|");
    assert_int_equal(lp_lines_too_long(&lines), 2);
}

// -- one-wire

static lp_wire_t *wire;
static lp_onewire_uart_t line;
static enum { ECHO_GOOD, ECHO_NONE, ECHO_OPEN } echo_kind;

typedef struct {
    uint32_t from, to;
} low_t;

// Which of its bits a UART sees low, when it looks at the middle of each.
static uint8_t sample(const low_t *lows, size_t count, uint32_t bit_ns)
{
    unsigned value = 0xFF;
    for (unsigned bit = 0; bit < 8; bit++) {
        const uint32_t at = bit_ns * (2 * bit + 3) / 2;
        for (size_t i = 0; i < count; i++) {
            if (at >= lows[i].from && at < lows[i].to) {
                value &= ~(1u << bit);
            }
        }
    }
    return (uint8_t)value;
}

// A byte on the wire: its start bit and zeros are pulses, and what the parts make of them is heard.
static void on_wire_byte(unsigned number, uint8_t byte, const lp_uart_format_t *format)
{
    const uint32_t bit_ns = 1000000000u / format->baud;
    const unsigned bits = (unsigned)byte << 1 | 1u << 9; // start, eight, stop
    low_t lows[20];
    size_t count = 0;
    for (unsigned at = 0; at < 9; at++) {
        unsigned n = 0;
        while (at + n < 9 && (bits >> (at + n) & 1u) == 0) {
            n++;
        }
        if (n > 0) {
            const uint32_t from = at * bit_ns;
            const lp_wire_echo_t e = lp_wire_pulse(wire, n * bit_ns / 1000);
            const uint32_t low_us = e.low_us < 2000 ? e.low_us : 2000;
            const uint32_t presence = from + e.presence_at_us * 1000;
            lows[count++] = (low_t){from, from + low_us * 1000};
            lows[count++] = (low_t){presence, presence + e.presence_us * 1000};
            at += n;
        }
    }
    const uint8_t echo = echo_kind == ECHO_OPEN ? 0xFF : sample(lows, count, bit_ns);
    if (echo_kind != ECHO_NONE) {
        fake_uart_feed(number, &echo, 1);
    }
}

static uint64_t now_us(void *ctx)
{
    (void)ctx;
    return lp_port_now_us();
}

static void open_wire(const char *values, bool is_parasitic)
{
    const lp_chipsim_clock_t clock = {.now_us = now_us};
    wire = lp_wire_new(values, is_parasitic, &clock);
    assert_non_null(wire);
    echo_kind = ECHO_GOOD;
    fake_uart_on_byte = on_wire_byte;
    open_line(false);
    lp_onewire_uart_init(&line, &loop, &uart);
}

static struct {
    bool is_done;
    lp_err_t err;
    int32_t temperature;
} result;

static void on_measured(void *ctx, lp_err_t err, int32_t temperature)
{
    (void)ctx;
    result.is_done = true;
    result.err = err;
    result.temperature = temperature;
}

static lp_err_t measure(lp_ds18b20_t *sensor)
{
    result.is_done = false;
    assert_int_equal(lp_ds18b20_measure(sensor, on_measured, NULL), LP_OK);
    for (int i = 0; i < 3000 && !result.is_done; i++) {
        lp_loop_turn(&loop, 10);
    }
    assert_true(result.is_done);
    return result.err;
}

static void on_scanned(void *ctx, lp_err_t err)
{
    (void)ctx;
    result.is_done = true;
    result.err = err;
}

static lp_err_t scan(lp_onewire_scan_t *s)
{
    result.is_done = false;
    assert_int_equal(lp_onewire_scan(&line.bus, s, on_scanned, NULL), LP_OK);
    for (int i = 0; i < 3000 && !result.is_done; i++) {
        lp_loop_turn(&loop, 10);
    }
    assert_true(result.is_done);
    return result.err;
}

static void wire_of_a_uart_finds_and_measures(void **state)
{
    (void)state;
    static const int32_t want[] = {2150, -325, 12500, 0, -5500, 8500, 1013, 50};
    lp_onewire_scan_t found;
    open_wire("21.5,-3.25,125,0,-55,85,10.125,0.5", false);
    assert_int_equal(scan(&found), LP_OK);
    assert_int_equal(found.count, 8);
    for (size_t i = 0; i < found.count; i++) {
        lp_ds18b20_t sensor;
        size_t who = 0;
        while (memcmp(lp_wire_rom(wire, who), found.rom[i], 8) != 0) {
            who++;
        }
        assert_int_equal(lp_ds18b20_init(&sensor, &line.bus, found.rom[i], 12), LP_OK);
        assert_int_equal(measure(&sensor), LP_OK);
        assert_int_equal(result.temperature, want[who]);
    }
    lp_wire_free(wire);
}

static void wire_of_a_uart_says_what_is_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *values;
        bool is_parasitic;
        int echo;
        lp_err_t err;
    } rows[] = {{"absent", false, ECHO_GOOD, LP_E_NOT_FOUND},
                {"short", false, ECHO_GOOD, LP_E_IO},
                {"crc", false, ECHO_GOOD, LP_E_CRC},
                {"reset", false, ECHO_GOOD, LP_E_VERIFY},
                {"20", true, ECHO_GOOD, LP_E_UNSUPPORTED},
                {"20", false, ECHO_NONE, LP_E_TIMEOUT},
                {"20", false, ECHO_OPEN, LP_E_IO}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        lp_ds18b20_t sensor;
        set_up(state);
        open_wire(rows[i].values, rows[i].is_parasitic);
        echo_kind = rows[i].echo;
        assert_int_equal(lp_ds18b20_init(&sensor, &line.bus, NULL, 9), LP_OK);
        assert_int_equal(measure(&sensor), rows[i].err);
        assert_int_equal(measure(&sensor), rows[i].err);
        lp_wire_free(wire);
    }
}

static void line_that_cannot_change_its_rate_is_an_error(void **state)
{
    (void)state;
    lp_ds18b20_t sensor;
    open_wire("20", false);
    assert_int_equal(lp_ds18b20_init(&sensor, &line.bus, NULL, 9), LP_OK);
    fake_uart_format_error = LP_E_UNSUPPORTED;
    assert_int_equal(measure(&sensor), LP_E_UNSUPPORTED);
    fake_uart_format_error = LP_OK;
    fake_uart_keep_last_bit(0, true); // for ever
    assert_int_equal(measure(&sensor), LP_E_TIMEOUT);
    fake_uart_keep_last_bit(0, false);
    assert_int_equal(measure(&sensor), LP_OK);
    lp_wire_free(wire);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(bytes_go_and_come, set_up),
        cmocka_unit_test_setup(what_came_before_the_listener_is_told, set_up),
        cmocka_unit_test_setup(full_line_takes_a_part_and_tells_when_there_is_room, set_up),
        cmocka_unit_test_setup(lost_bytes_are_counted, set_up),
        cmocka_unit_test_setup(rs485_turns_when_the_last_bit_is_gone, set_up),
        cmocka_unit_test_setup(line_says_what_it_cannot, set_up),
        cmocka_unit_test_setup(lines_come_whole_or_not_at_all, set_up),
        cmocka_unit_test_setup(wire_of_a_uart_finds_and_measures, set_up),
        cmocka_unit_test_setup(wire_of_a_uart_says_what_is_wrong, set_up),
        cmocka_unit_test_setup(line_that_cannot_change_its_rate_is_an_error, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
