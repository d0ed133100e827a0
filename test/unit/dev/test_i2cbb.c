// SPDX-License-Identifier: Apache-2.0
// The bus of two pins against a slave that sees nothing but levels: it follows the edges as the
// specification defines them, acknowledges, stretches, and can be made to misbehave.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake/port.h"
#include "limpet/i2cbb.h"

enum { ADDR = 0x48, MEMORY = 8 };

typedef enum { QUIET, TAKING, GIVING, DEAF } slave_mode_t;

static struct {
    bool master_scl, master_sda, slave_sda; // true: released
    uint64_t now_ns, sda_low_since_ns, longest_low_ns, stretch_until_ns, shortest_half_ns;
    uint64_t last_edge_ns;
    slave_mode_t mode;
    unsigned bits;
    uint8_t shift, memory[MEMORY];
    size_t pos, written;
    bool is_address, is_giving_next, master_acked;
    unsigned starts, stops, refuse_after; // data bytes that are taken
    uint64_t stretch_ns;                  // held after each byte
    unsigned stuck_clocks;                // how long SDA is held whatever comes
    bool holds_scl;
} bus;

static bool scl(void *ctx)
{
    (void)ctx;
    return bus.master_scl && !bus.holds_scl && bus.now_ns >= bus.stretch_until_ns;
}

static bool sda(void *ctx)
{
    (void)ctx;
    return bus.master_sda && bus.slave_sda && bus.stuck_clocks == 0;
}

static void put_bit(void)
{
    bus.slave_sda = (bus.shift >> 7 & 1) != 0;
    bus.shift = (uint8_t)(bus.shift << 1);
}

static void byte_came(void)
{
    const bool is_mine = !bus.is_address || bus.shift >> 1 == ADDR;
    const bool has_room = bus.is_address || bus.written < bus.refuse_after;
    if (!bus.is_address && is_mine && has_room) {
        bus.memory[bus.written++ % MEMORY] = bus.shift;
    }
    bus.is_giving_next = bus.is_address && (bus.shift & 1) != 0;
    bus.slave_sda = !(is_mine && has_room); // the acknowledge
    bus.mode = is_mine && has_room ? bus.mode : DEAF;
    bus.is_address = false;
}

static void clock_fell(void)
{
    bus.slave_sda = true;
    if (bus.stuck_clocks > 0) {
        bus.stuck_clocks--;
    }
    if (bus.mode == TAKING && bus.bits == 8) {
        byte_came();
    } else if ((bus.mode == TAKING || bus.mode == GIVING) && bus.bits == 9) {
        bus.bits = 0;
        bus.stretch_until_ns = bus.now_ns + bus.stretch_ns;
        const bool goes_on = bus.mode == TAKING || bus.master_acked;
        bus.mode = bus.is_giving_next || bus.mode == GIVING ? (goes_on ? GIVING : DEAF) : TAKING;
        bus.is_giving_next = false;
        bus.shift = bus.memory[bus.pos % MEMORY];
        bus.pos += bus.mode == GIVING ? 1 : 0;
    }
    if (bus.mode == GIVING && bus.bits < 8) {
        put_bit();
    }
}

static void clock_rose(void)
{
    bus.bits++;
    if (bus.mode == TAKING && bus.bits <= 8) {
        bus.shift = (uint8_t)(bus.shift << 1 | (bus.master_sda ? 1 : 0));
    }
    bus.master_acked = !bus.master_sda;
}

static void data_moved_while_clock_is_high(bool is_up)
{
    bus.starts += is_up ? 0 : 1;
    bus.stops += is_up ? 1 : 0;
    bus.mode = is_up ? QUIET : TAKING;
    bus.is_address = !is_up;
    bus.bits = 0;
    bus.pos = bus.written = 0;
    bus.slave_sda = true;
}

static void note_low_time(bool was, bool is)
{
    if (was && !is) {
        bus.sda_low_since_ns = bus.now_ns;
    } else if (!was && is && bus.now_ns - bus.sda_low_since_ns > bus.longest_low_ns) {
        bus.longest_low_ns = bus.now_ns - bus.sda_low_since_ns;
    }
}

static void set(void *ctx, bool new_scl, bool new_sda)
{
    (void)ctx;
    const bool was_scl = bus.master_scl, was_sda = bus.master_sda;
    note_low_time(was_sda, new_sda);
    if (was_scl && !new_scl) {
        bus.master_scl = false;
        clock_fell();
    }
    if (was_scl && new_scl && was_sda != new_sda) {
        data_moved_while_clock_is_high(new_sda);
    }
    bus.master_sda = new_sda;
    if (!was_scl && new_scl) {
        bus.master_scl = true;
        clock_rose();
    }
}

static void wait_ns(void *ctx, uint32_t ns)
{
    (void)ctx;
    bus.now_ns += ns;
    if (bus.shortest_half_ns == 0 || ns < bus.shortest_half_ns) {
        bus.shortest_half_ns = ns;
    }
}

static const lp_i2cbb_pins_t pins = {.set = set, .scl = scl, .sda = sda, .wait_ns = wait_ns};
static lp_loop_t loop;
static lp_i2cbb_t bb;
static unsigned dones;
static lp_err_t result;

static void on_done(void *ctx, lp_err_t err)
{
    (void)ctx;
    dones++;
    result = err;
}

static int setup(void **state)
{
    (void)state;
    memset(&bus, 0, sizeof bus);
    bus.master_scl = bus.master_sda = bus.slave_sda = true;
    bus.refuse_after = 100;
    dones = 0;
    fake_clock_reset();
    lp_loop_init(&loop);
    lp_i2cbb_init(&bb, &loop, &pins);
    return 0;
}

static lp_err_t transfer(lp_i2c_xfer_t x)
{
    static lp_i2c_xfer_t kept;
    kept = x;
    kept.done = on_done;
    dones = 0;
    const lp_err_t err = lp_i2c_start(&bb.bus, &kept);
    if (err != LP_OK) {
        return err;
    }
    assert_int_equal(dones, 0); // never from inside
    for (int i = 0; i < 300 && dones == 0; i++) {
        lp_loop_turn(&loop, 0);
    }
    lp_loop_turn(&loop, 0);
    assert_int_equal(dones, 1);
    return result;
}

static lp_err_t send(uint8_t addr, const char *bytes, size_t len)
{
    return transfer((lp_i2c_xfer_t){.op = LP_I2C_WRITE, .addr = addr, .tx = lp_span(bytes, len)});
}

static lp_err_t fetch(uint8_t *buf, size_t len)
{
    return transfer((lp_i2c_xfer_t){.op = LP_I2C_READ, .addr = ADDR, .rx = buf, .rx_len = len});
}

static void i2cbb_writes_and_reads(void **state)
{
    (void)state;
    uint8_t back[5] = {0};
    assert_int_equal(send(ADDR, "\x00\xFF\xA5\x5A\x81", 5), LP_OK);
    assert_int_equal(bus.starts, 1);
    assert_int_equal(bus.stops, 1);
    assert_int_equal(fetch(back, sizeof back), LP_OK);
    assert_memory_equal(back, "\x00\xFF\xA5\x5A\x81", 5);
    assert_int_equal(bus.stops, 2);
    assert_true(bus.master_scl && bus.master_sda); // the bus is free again
    assert_int_equal(fetch(back, 1), LP_OK);
    assert_int_equal(send(ADDR, "", 0), LP_OK); // a probe
}

static void i2cbb_one_byte_a_turn(void **state)
{
    (void)state;
    lp_i2c_xfer_t x = {.op = LP_I2C_WRITE, .addr = ADDR, .tx = lp_span("abc", 3), .done = on_done};
    assert_int_equal(lp_i2c_start(&bb.bus, &x), LP_OK);
    assert_int_equal(lp_i2c_start(&bb.bus, &x), LP_E_BUSY);
    for (size_t turns = 1; turns <= 4; turns++) {
        assert_int_equal(dones, 0);
        const uint64_t began_ns = bus.now_ns;
        lp_loop_turn(&loop, 0);
        assert_true(bus.now_ns - began_ns <= 120000); // nine clocks, START, STOP
    }
    assert_int_equal(dones, 1);
    assert_int_equal(result, LP_OK);
}

static void i2cbb_no_acknowledge_is_said_and_the_bus_is_freed(void **state)
{
    (void)state;
    assert_int_equal(send(0x21, "x", 1), LP_E_I2C_NACK);
    assert_int_equal(bus.written, 0);
    assert_int_equal(bus.stops, 1);
    bus.refuse_after = 2;
    assert_int_equal(send(ADDR, "abcd", 4), LP_E_I2C_NACK);
    assert_int_equal(bus.stops, 2);
    assert_true(bus.master_scl && bus.master_sda);
}

static void i2cbb_stretched_clock_is_waited_for_and_not_for_ever(void **state)
{
    (void)state;
    bus.stretch_ns = 1500000;
    assert_int_equal(send(ADDR, "ab", 2), LP_OK);
    assert_memory_equal(bus.memory, "ab", 2);
    bus.stretch_ns = 50000000;
    assert_int_equal(send(ADDR, "ab", 2), LP_E_TIMEOUT);
    bus.stretch_until_ns = bus.stretch_ns = 0;
    assert_int_equal(send(ADDR, "cd", 2), LP_OK); // and all is well afterwards
    bus.holds_scl = true;
    assert_int_equal(send(ADDR, "ef", 2), LP_E_I2C_BUS);
}

static void i2cbb_held_data_line_is_said_and_recovered(void **state)
{
    (void)state;
    bus.stuck_clocks = 5;
    assert_int_equal(send(ADDR, "a", 1), LP_E_I2C_BUS);
    assert_int_equal(bus.starts, 0);
    assert_int_equal(transfer((lp_i2c_xfer_t){.op = LP_I2C_RECOVER}), LP_OK);
    assert_int_equal(send(ADDR, "a", 1), LP_OK);
    bus.stuck_clocks = 1000;
    assert_int_equal(transfer((lp_i2c_xfer_t){.op = LP_I2C_RECOVER}), LP_E_I2C_BUS);
}

static void i2cbb_wake_pulse_is_long_enough_at_any_rate(void **state)
{
    (void)state;
    static const uint32_t rates[] = {10000, 100000, 400000};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(lp_i2c_set_rate(&bb.bus, rates[i]), LP_OK);
        bus.longest_low_ns = 0;
        assert_int_equal(transfer((lp_i2c_xfer_t){.op = LP_I2C_WAKE, .addr = 0}), LP_OK);
        assert_true(bus.longest_low_ns >= 60000);
    }
    assert_int_equal(send(ADDR, "z", 1), LP_OK); // and the rate is what it was
    assert_int_equal(bus.shortest_half_ns, 1250);
}

static void i2cbb_bad_arguments_are_refused(void **state)
{
    (void)state;
    assert_int_equal(lp_i2c_set_rate(&bb.bus, 0), LP_E_UNSUPPORTED);
    assert_int_equal(lp_i2c_set_rate(&bb.bus, 1000000), LP_E_UNSUPPORTED);
    assert_int_equal(send(0x80, "a", 1), LP_E_INVALID);
    assert_int_equal(fetch(NULL, 1), LP_E_INVALID);
    lp_i2c_xfer_t x = {.op = LP_I2C_WRITE, .addr = ADDR};
    assert_int_equal(lp_i2c_start(&bb.bus, &x), LP_E_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(i2cbb_writes_and_reads, setup),
        cmocka_unit_test_setup(i2cbb_one_byte_a_turn, setup),
        cmocka_unit_test_setup(i2cbb_no_acknowledge_is_said_and_the_bus_is_freed, setup),
        cmocka_unit_test_setup(i2cbb_stretched_clock_is_waited_for_and_not_for_ever, setup),
        cmocka_unit_test_setup(i2cbb_held_data_line_is_said_and_recovered, setup),
        cmocka_unit_test_setup(i2cbb_wake_pulse_is_long_enough_at_any_rate, setup),
        cmocka_unit_test_setup(i2cbb_bad_arguments_are_refused, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
