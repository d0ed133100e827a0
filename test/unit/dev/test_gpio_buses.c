// SPDX-License-Identifier: Apache-2.0
// I2C and SPI on pins. On the two wires of I2C sits a virtual SHT3x, which sees nothing but levels;
// on SPI a shift register. A look at the clock takes a microsecond.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake/port.h"
#include "limpet/chipsim.h"
#include "limpet/i2c_gpio.h"
#include "limpet/parts.h"
#include "limpet/pins.h"
#include "limpet/port/clock.h"
#include "limpet/sht3x.h"
#include "limpet/spi_gpio.h"

enum { SCL = 0, SDA = 2, FREE = 5, TAKEN = 1, LED = 4 };

static lp_loop_t loop;
static unsigned done_count;
static lp_err_t done_err;

static uint64_t now_us(void *ctx)
{
    (void)ctx;
    void (*look)(void) = fake_on_look;
    fake_on_look = NULL; // the parts' clock is none that the board looks at
    const uint64_t us = lp_port_now_us();
    fake_on_look = look;
    return us;
}

static void on_look(void)
{
    fake_clock_advance_us(1);
}

static int set_up(void **state)
{
    (void)state;
    fake_clock_reset();
    lp_loop_init(&loop);
    lp_gpio_begin();
    done_count = 0;
    fake_on_look = on_look;
    return 0;
}

static void run_until_done(void)
{
    for (int i = 0; i < 100000 && done_count == 0; i++) {
        lp_loop_turn(&loop, 10);
    }
    assert_int_equal(done_count, 1);
}

// -- I2C

static lp_i2c_gpio_t i2c;
static lp_chipsim_wires_t wires;
static lp_pins_peer_t at_scl, at_sda;
static bool is_ours;

static bool master_lets_go(uint16_t pin)
{
    const lp_gpio_config_t c = lp_pins_config(pin);
    return c.mode != LP_GPIO_OPEN_DRAIN || c.level;
}

// The master has moved a wire: the chips see both, and may pull.
static void on_wire(void *ctx, bool level)
{
    (void)ctx;
    (void)level;
    if (is_ours) {
        return;
    }
    const bool sda = master_lets_go(SDA);
    const bool is_high = lp_chipsim_wires_set(&wires, master_lets_go(SCL), sda, now_us(NULL));
    is_ours = true;
    lp_pins_drive(&at_sda, sda && !is_high ? LP_PINS_DRIVE_LOW : LP_PINS_LET_GO);
    lp_pins_drive(&at_scl, master_lets_go(SCL) && !lp_chipsim_wires_scl(&wires) ? LP_PINS_DRIVE_LOW
                                                                                : LP_PINS_LET_GO);
    is_ours = false;
}

static void wire_chips(lp_chipsim_bus_t *bus)
{
    lp_chipsim_wires_init(&wires, bus);
    at_scl = (lp_pins_peer_t){.changed = on_wire};
    at_sda = at_scl;
    assert_int_equal(lp_pins_attach(&at_scl, SCL), LP_OK);
    assert_int_equal(lp_pins_attach(&at_sda, SDA), LP_OK);
}

static int32_t temperature;

static void on_measured(void *ctx, lp_err_t err, const lp_sht3x_reading_t *reading)
{
    (void)ctx;
    temperature = err == LP_OK ? reading->temperature : 0;
    done_err = err;
    done_count++;
}

static lp_err_t measure(lp_sht3x_t *sensor)
{
    done_count = 0;
    assert_int_equal(lp_sht3x_measure(sensor, on_measured, NULL), LP_OK);
    run_until_done();
    return done_err;
}

static void a_sensor_answers_on_two_pins(void **state)
{
    const lp_chipsim_clock_t clock = {.now_us = now_us};
    char why[200] = "";
    lp_part_t *part = NULL;
    lp_sht3x_t sensor;
    lp_sht3x_t nobody;
    (void)state;
    lp_chipsim_bus_t *bus = lp_chipsim_bus_new();
    assert_int_equal(lp_part_new(&part, "sht3x=21.5,40", &clock, why, sizeof why), LP_OK);
    assert_int_equal(lp_chipsim_bus_attach_part(bus, lp_part_on_bus(part)), LP_OK);
    assert_int_equal(lp_i2c_gpio_open(&i2c, &loop, SCL, SDA), LP_OK);
    assert_string_equal(lp_gpio_user(SDA), "i2c");
    wire_chips(bus);
    lp_sht3x_init(&sensor, &loop, &i2c.bb.bus, 0x44);
    lp_sht3x_init(&nobody, &loop, &i2c.bb.bus, 0x45);
    assert_int_equal(measure(&sensor), LP_OK);
    assert_in_range(temperature, 2149, 2151);
    assert_int_equal(measure(&nobody), LP_E_I2C_NACK);
    assert_int_equal(measure(&sensor), LP_OK);
    lp_i2c_gpio_close(&i2c);
    assert_null(lp_gpio_user(SCL));
    lp_part_free(part);
    lp_chipsim_bus_free(bus);
}

static void a_wire_that_is_held_is_said(void **state)
{
    lp_sht3x_t sensor;
    (void)state;
    assert_int_equal(lp_i2c_gpio_open(&i2c, &loop, SCL, SDA), LP_OK);
    at_sda = (lp_pins_peer_t){.changed = NULL};
    assert_int_equal(lp_pins_attach(&at_sda, SDA), LP_OK);
    lp_pins_drive(&at_sda, LP_PINS_DRIVE_LOW); // a short circuit
    lp_sht3x_init(&sensor, &loop, &i2c.bb.bus, 0x44);
    assert_int_not_equal(measure(&sensor), LP_OK);
    lp_i2c_gpio_close(&i2c);
}

static void pins_of_others_are_not_taken_and_none_is_kept(void **state)
{
    lp_i2c_gpio_t other;
    (void)state;
    assert_int_equal(lp_i2c_gpio_open(&other, &loop, SCL, TAKEN), LP_E_BUSY);
    assert_int_equal(lp_i2c_gpio_open(&other, &loop, LED, SDA), LP_E_UNSUPPORTED);
    assert_int_equal(lp_i2c_gpio_open(&other, &loop, SCL, 99), LP_E_NOT_FOUND);
    assert_null(lp_gpio_user(SCL));
    assert_null(lp_gpio_user(SDA));
}

// -- SPI: a shift register that answers each byte with the one before it, in any mode

enum { CLOCK = 0, TO_PART = 2, FROM_PART = 5 };

static lp_spi_gpio_t spi;
static lp_pins_peer_t at_clock, at_select, at_answer;
static struct {
    uint8_t mode;
    unsigned in, bits, samples;
    uint8_t answer, previous;
    bool is_selected, was_badly_at_rest;
} part;

static void give(void)
{
    lp_pins_drive(&at_answer, (part.answer & 0x80) != 0 ? LP_PINS_DRIVE_HIGH : LP_PINS_DRIVE_LOW);
}

static void on_clock(void *ctx, bool level)
{
    (void)ctx;
    const bool is_leading = level != (part.mode >= 2);
    if (!part.is_selected) {
        return;
    }
    if (is_leading == (part.mode % 2 == 0)) {
        part.in = (part.in << 1 | (lp_pins_level(TO_PART) ? 1u : 0u)) & 0xFFu;
        part.samples++;
        if (++part.bits % 8 == 0) {
            part.previous = (uint8_t)part.in;
        }
        return;
    }
    part.answer = part.bits % 8 == 0 ? part.previous : (uint8_t)(part.answer << 1);
    give();
}

static void on_select(void *ctx, bool level)
{
    (void)ctx;
    part.is_selected = !level;
    part.was_badly_at_rest |= lp_pins_level(CLOCK) != (part.mode >= 2);
    part.answer = part.previous = 0xA5;
    part.bits = 0;
    give();
}

static void on_moved(void *ctx, lp_err_t err)
{
    (void)ctx;
    done_err = err;
    done_count++;
}

static void bytes_go_and_come_in_each_mode(void **state)
{
    static const uint8_t tx[] = {0x00, 0xFF, 0x5A, 0x81, 0x3C};
    const lp_spi_gpio_setup_t setup = {.clock = CLOCK,
                                       .data_out = TO_PART,
                                       .data_in = FROM_PART,
                                       .selects = {LED},
                                       .select_count = 1};
    (void)state;
    assert_int_equal(lp_spi_gpio_open(&spi, &loop, &setup), LP_OK);
    assert_true(lp_pins_level(LED)); // nobody is selected
    at_clock = (lp_pins_peer_t){.changed = on_clock};
    at_select = (lp_pins_peer_t){.changed = on_select};
    at_answer = (lp_pins_peer_t){.changed = NULL};
    assert_int_equal(lp_pins_attach(&at_clock, CLOCK), LP_OK);
    assert_int_equal(lp_pins_attach(&at_select, LED), LP_OK);
    assert_int_equal(lp_pins_attach(&at_answer, FROM_PART), LP_OK);
    for (uint8_t mode = 0; mode < 4; mode++) {
        const lp_spi_device_t to = {.select = 0, .mode = mode, .rate_hz = 1000000};
        uint8_t rx[6] = {0};
        lp_spi_xfer_t xfer = {.to = &to,
                              .tx = lp_span(tx, sizeof tx),
                              .rx = rx,
                              .rx_len = sizeof rx,
                              .done = on_moved};
        memset(&part, 0, sizeof part);
        part.mode = mode;
        done_count = 0;
        assert_int_equal(lp_spi_start(&spi.bb.bus, &xfer), LP_OK);
        run_until_done();
        assert_int_equal(done_err, LP_OK);
        // With the late phase the first answer is what was there before.
        assert_int_equal(rx[0], 0xA5);
        assert_memory_equal(rx + 1, tx, sizeof tx);
        assert_int_equal(part.samples, 48);
        assert_false(part.was_badly_at_rest);
        assert_true(lp_pins_level(LED));
    }
    lp_spi_gpio_close(&spi);
    assert_null(lp_gpio_user(CLOCK));
    assert_null(lp_gpio_user(LED));
}

static void parts_that_only_listen_and_lines_that_are_none(void **state)
{
    const lp_spi_gpio_setup_t setup = {.clock = CLOCK,
                                       .data_out = TO_PART,
                                       .data_in = LP_SPI_GPIO_NO_PIN,
                                       .selects = {FROM_PART},
                                       .select_count = 1};
    static const uint8_t tx[] = {1, 2};
    const lp_spi_device_t to = {.select = 0, .rate_hz = 100000};
    const lp_spi_device_t none = {.select = 1, .rate_hz = 100000};
    uint8_t rx[2] = {0};
    lp_spi_xfer_t xfer = {.to = &to, .tx = lp_span(tx, 2), .rx = rx, .rx_len = 2, .done = on_moved};
    (void)state;
    assert_int_equal(lp_spi_gpio_open(&spi, &loop, &setup), LP_OK);
    assert_int_equal(lp_spi_start(&spi.bb.bus, &xfer), LP_OK);
    run_until_done();
    assert_int_equal(done_err, LP_OK);
    assert_int_equal(rx[0], 0xFF);
    xfer.to = &none;
    done_count = 0;
    if (lp_spi_start(&spi.bb.bus, &xfer) == LP_OK) {
        run_until_done();
        assert_int_equal(done_err, LP_E_UNSUPPORTED);
    }
    lp_spi_gpio_close(&spi);
}

static void spi_pins_that_cannot_are_refused_whole(void **state)
{
    lp_spi_gpio_setup_t setup = {
        .clock = CLOCK, .data_out = TO_PART, .data_in = LED, .selects = {FREE}, .select_count = 1};
    (void)state;
    assert_int_equal(lp_spi_gpio_open(&spi, &loop, &setup), LP_E_UNSUPPORTED);
    setup.data_in = TAKEN;
    assert_int_equal(lp_spi_gpio_open(&spi, &loop, &setup), LP_E_BUSY);
    setup.select_count = LP_SPI_GPIO_SELECTS + 1;
    assert_int_equal(lp_spi_gpio_open(&spi, &loop, &setup), LP_E_RANGE);
    for (uint16_t pin = 0; pin <= FREE; pin++) {
        assert_true(pin == TAKEN || lp_gpio_user(pin) == NULL);
    }
}

static void a_wait_is_never_shorter(void **state)
{
    static const uint32_t ns[] = {0, 1, 999, 1000, 1001, 5000, 1000000};
    (void)state;
    for (size_t i = 0; i < sizeof ns / sizeof ns[0]; i++) {
        const uint64_t began_us = now_us(NULL);
        lp_gpio_wait_ns(ns[i]);
        const uint64_t took_us = now_us(NULL) - began_us;
        assert_true(took_us * 1000 >= ns[i] && took_us <= ns[i] / 1000 + 4);
    }
}

// Also after a test that failed: the next one's wires are free.
static int tear_down(void **state)
{
    (void)state;
    lp_pins_detach(&at_scl);
    lp_pins_detach(&at_sda);
    lp_pins_detach(&at_clock);
    lp_pins_detach(&at_select);
    lp_pins_detach(&at_answer);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_sensor_answers_on_two_pins, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_wire_that_is_held_is_said, set_up, tear_down),
        cmocka_unit_test_setup_teardown(pins_of_others_are_not_taken_and_none_is_kept, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(bytes_go_and_come_in_each_mode, set_up, tear_down),
        cmocka_unit_test_setup_teardown(parts_that_only_listen_and_lines_that_are_none, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(spi_pins_that_cannot_are_refused_whole, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_wait_is_never_shorter, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
