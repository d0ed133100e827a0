// SPDX-License-Identifier: Apache-2.0
// A bit-banged master on the two wires.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rig.h"

typedef struct {
    rig_t rig;
    lp_chipsim_wires_t wires;
    bool scl;
    bool sda;
    uint64_t half_us; // half a clock
    bool is_hasty;    // does not look whether SCL rises
} master_t;

static master_t m;

static bool set(bool scl, bool sda)
{
    m.rig.now_us += m.half_us;
    m.scl = scl;
    m.sda = sda;
    return lp_chipsim_wires_set(&m.wires, scl, sda, m.rig.now_us);
}

static void start(void)
{
    set(m.scl, true);
    set(true, true);
    set(true, false);
    set(false, false);
}

static void stop(void)
{
    set(false, false);
    set(true, false);
    set(true, true);
}

static bool clock_bit(bool out)
{
    set(false, out);
    bool in = set(true, out);
    while (!m.is_hasty && !lp_chipsim_wires_scl(&m.wires)) {
        in = set(true, out);
    }
    set(false, out);
    return in;
}

static bool send(uint8_t byte)
{
    for (unsigned bit = 0x80; bit != 0; bit >>= 1) {
        clock_bit((byte & bit) != 0);
    }
    return !clock_bit(true);
}

static uint8_t receive(bool ack)
{
    unsigned byte = 0;
    for (unsigned i = 0; i < 8; i++) {
        byte = byte << 1 | clock_bit(true);
    }
    clock_bit(!ack);
    return (uint8_t)byte;
}

static bool read_from(uint8_t addr, uint8_t *buf, size_t len)
{
    start();
    bool ack = send((uint8_t)(addr << 1 | 1));
    for (size_t i = 0; i < len && ack; i++) {
        buf[i] = receive(i + 1 < len);
    }
    stop();
    return ack;
}

static bool read_bytes(uint8_t *buf, size_t len)
{
    return read_from(0x60, buf, len);
}

static bool write_to(uint8_t addr, const uint8_t *bytes, size_t len)
{
    start();
    bool ack = send((uint8_t)(addr << 1));
    for (size_t i = 0; i < len && ack; i++) {
        ack = send(bytes[i]);
    }
    stop();
    return ack;
}

static bool write_bytes(const uint8_t *bytes, size_t len)
{
    return write_to(0x60, bytes, len);
}

static void wake(void)
{
    set(true, false);
    m.rig.now_us += 60;
    set(true, true);
    m.rig.now_us += 1500;
}

static int set_up(void **state)
{
    (void)state;
    memset(&m, 0, sizeof m);
    m.rig.rule_off = -1;
    m.rig.now_us = 1000000;
    m.rig.timing = LP_CHIPSIM_TIMING_TYPICAL;
    m.half_us = 2;
    m.scl = true;
    m.sda = true;
    rig_image(&m.rig, M508, OPEN);
    rig_start(&m.rig);
    static const uint8_t sleep[1] = {1};
    lp_chipsim_bus_write(m.rig.bus, 0x60, sleep, 1);
    lp_chipsim_wires_init(&m.wires, m.rig.bus);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    rig_stop(&m.rig);
    return 0;
}

static const uint8_t INFO[8] = {3, 7, 0x30, 0, 0, 0, 0x03, 0x5D};

static void a_bit_banged_master_gets_its_answers(void **state)
{
    (void)state;
    static const uint8_t awake[4] = {0x04, 0x11, 0x33, 0x43};
    uint8_t buf[9];
    assert_false(read_bytes(buf, 4)); // asleep
    wake();
    assert_true(read_bytes(buf, 4));
    assert_memory_equal(buf, awake, 4);
    assert_true(write_bytes(INFO, 8));
    assert_false(read_bytes(buf, 7)); // busy
    m.rig.now_us += 1000;
    assert_true(read_bytes(buf, 9));
    assert_int_equal(buf[0], 7);
    assert_int_equal(buf[3], 0x50);
    assert_int_equal(buf[8], 0xFF);
}

static void a_short_pulse_does_not_wake(void **state)
{
    (void)state;
    uint8_t buf[4];
    set(true, false);
    m.rig.now_us += 50;
    set(true, true);
    m.rig.now_us += 1500;
    assert_false(read_bytes(buf, 4));
}

// "A byte of 0x00 at 100 kHz" wakes, at 400 kHz it does not.
static void a_zero_byte_wakes_when_slow(void **state)
{
    (void)state;
    uint8_t buf[4];
    m.half_us = 1;
    start();
    send(0x00);
    stop();
    m.rig.now_us += 2000;
    assert_false(read_bytes(buf, 4));
    m.half_us = 5;
    start();
    send(0x00);
    stop();
    m.rig.now_us += 2000;
    assert_true(read_bytes(buf, 4));
}

static void another_address_is_not_ours(void **state)
{
    (void)state;
    uint8_t buf[4];
    wake();
    start();
    assert_false(send(0xA0));
    assert_false(send(0xC0)); // data of somebody else
    stop();
    assert_true(read_bytes(buf, 4));
}

// The software reset of the sheet: START, nine clocks with SDA high, START, STOP.
static void nine_clocks_free_the_bus(void **state)
{
    (void)state;
    uint8_t buf[4];
    static const uint8_t reset[1] = {0};
    wake();
    start();
    assert_true(send(0xC1));
    clock_bit(true); // the master restarts in the middle of a byte, a chip may hold SDA
    clock_bit(true);
    start();
    for (unsigned i = 0; i < 9; i++) {
        clock_bit(true);
    }
    start();
    stop();
    assert_true(set(true, true)); // SDA is free
    assert_true(write_bytes(reset, 1));
    assert_true(read_bytes(buf, 4));
    assert_int_equal(buf[1], 0x11);
}

static void a_clock_held_low_resets_the_interface(void **state)
{
    (void)state;
    uint8_t buf[4];
    static const uint8_t reset[1] = {0};
    wake();
    start();
    assert_true(send(0xC1));
    set(false, true);
    m.rig.now_us += 80000;
    set(true, true);
    assert_true(set(true, true));
    assert_true(write_bytes(reset, 1));
    assert_true(read_bytes(buf, 4));
    assert_int_equal(buf[1], 0x11);
}

static void stretch(uint32_t us)
{
    const lp_chipsim_faults_t faults = {.stretch_next = 1, .stretch_us = us};
    lp_chipsim_bus_faults(m.rig.bus, &faults);
}

// Who waits for SCL loses time alone, beyond the 25 ms of the byte masters, too.
static void a_stretched_clock_is_waited_for(void **state)
{
    (void)state;
    uint8_t buf[4];
    wake();
    stretch(40000);
    uint64_t before_us = m.rig.now_us;
    assert_true(read_bytes(buf, 4));
    assert_in_range(m.rig.now_us - before_us, 40000, 41000);
    assert_int_equal(buf[1], 0x11);
    assert_true(lp_chipsim_wires_scl(&m.wires));
}

static void a_hasty_master_loses_its_clocks(void **state)
{
    (void)state;
    uint8_t buf[4];
    static const uint8_t reset[1] = {0};
    wake();
    stretch(100);
    m.is_hasty = true;
    bool ack = read_bytes(buf, 4);
    assert_true(!ack || buf[1] != 0x11);
    m.is_hasty = false;
    m.rig.now_us += 100;
    stop();
    assert_true(write_bytes(reset, 1));
    assert_true(read_bytes(buf, 4));
    assert_int_equal(buf[1], 0x11);
}

static void a_clock_stretched_beyond_the_timeout_resets_the_interface(void **state)
{
    (void)state;
    uint8_t buf[4];
    wake();
    stretch(60000);
    assert_false(read_bytes(buf, 4));
    assert_true(read_bytes(buf, 4));
}

static void surplus_bytes_are_refused_on_the_wire(void **state)
{
    (void)state;
    wake();
    start();
    send(0xC0);
    for (unsigned i = 0; i < 8; i++) {
        assert_true(send(INFO[i]));
    }
    assert_false(send(0x55));
    stop();
}

static uint64_t now(void *ctx)
{
    return ((rig_t *)ctx)->now_us;
}

static lp_chipsim_t *another_chip(lp_chipsim_model_t model, uint8_t addr)
{
    lp_chipsim_t *chip;
    lp_chipsim_image_t image;
    lp_chipsim_options_t opt = {.clock = {.now_us = now, .ctx = &m.rig}};
    assert_int_equal(lp_chipsim_image_factory(&image, model, NULL, 8), LP_OK);
    image.config[16] = (uint8_t)(addr << 1);
    assert_int_equal(lp_chipsim_from_image(&chip, &opt, &image), LP_OK);
    assert_int_equal(lp_chipsim_bus_attach(m.rig.bus, chip), LP_OK);
    m.rig.now_us += 200;
    return chip;
}

// One pulse wakes both; then each has SDA to itself, and one may sleep while the other works.
static void two_chips_share_the_wires(void **state)
{
    (void)state;
    static const uint8_t awake[4] = {0x04, 0x11, 0x33, 0x43};
    static const uint8_t sleep[1] = {1};
    uint8_t buf[7];
    lp_chipsim_t *second = another_chip(LP_CHIPSIM_ATECC608A, 0x35);
    wake();
    assert_true(read_bytes(buf, 4));
    assert_memory_equal(buf, awake, 4);
    assert_true(read_from(0x35, buf, 4));
    assert_memory_equal(buf, awake, 4);
    assert_true(write_to(0x35, INFO, 8));
    assert_true(write_bytes(INFO, 8)); // while the other is busy
    m.rig.now_us += 20000;
    assert_true(read_from(0x35, buf, 7));
    assert_int_equal(buf[3], 0x60);
    assert_true(read_bytes(buf, 7));
    assert_int_equal(buf[3], 0x50);
    assert_true(write_bytes(sleep, 1));
    assert_false(read_bytes(buf, 4));
    assert_true(write_to(0x35, INFO, 8));
    m.rig.now_us += 20000;
    assert_true(read_from(0x35, buf, 7));
    assert_int_equal(buf[3], 0x60);
    lp_chipsim_bus_detach(m.rig.bus, second);
    lp_chipsim_free(second);
}

// Two chips that were given one address: both pull, and a low level wins.
static void two_chips_of_one_address_pull_together(void **state)
{
    (void)state;
    uint8_t buf[7];
    lp_chipsim_t *second = another_chip(LP_CHIPSIM_ATECC608A, 0x60);
    wake();
    assert_true(write_bytes(INFO, 8));
    m.rig.now_us += 20000;
    assert_true(read_bytes(buf, 7));
    assert_int_equal(buf[0], 7);
    assert_int_equal(buf[3], 0x50 & 0x60);
    lp_chipsim_bus_detach(m.rig.bus, second);
    lp_chipsim_free(second);
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(a_bit_banged_master_gets_its_answers),
        T(a_short_pulse_does_not_wake),
        T(a_zero_byte_wakes_when_slow),
        T(another_address_is_not_ours),
        T(nine_clocks_free_the_bus),
        T(a_clock_held_low_resets_the_interface),
        T(a_stretched_clock_is_waited_for),
        T(a_hasty_master_loses_its_clocks),
        T(a_clock_stretched_beyond_the_timeout_resets_the_interface),
        T(surplus_bytes_are_refused_on_the_wire),
        T(two_chips_share_the_wires),
        T(two_chips_of_one_address_pull_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
