// SPDX-License-Identifier: Apache-2.0
// The SPI bridge's driver and that of a thermocouple against virtual ones that were written apart
// from them, on one bus with the crypto chip.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "emulated.h"
#include "fake/port.h"
#include "limpet/i2c_share.h"
#include "limpet/max31855.h"
#include "limpet/parts.h"
#include "limpet/port/clock.h"
#include "limpet/sc18is602.h"

typedef struct {
    world_t *w;
    lp_part_t *part;
    lp_i2c_share_t share;
    lp_i2c_port_t port;
    lp_sc18is602_t bridge;
    lp_max31855_t sensor;
    unsigned done;
    lp_err_t err;
    lp_max31855_reading_t reading;
} scene_t;

static uint64_t now_us(void *ctx)
{
    (void)ctx;
    return lp_port_now_us();
}

static scene_t *open_scene(const char *values)
{
    const lp_chipsim_clock_t clock = {.now_us = now_us};
    char words[80];
    char why[200] = "";
    scene_t *s = calloc(1, sizeof *s);
    assert_non_null(s);
    s->w = world_new(LP_CHIPSIM_ATECC608B);
    snprintf(words, sizeof words, "max31855=%s", values);
    assert_int_equal(lp_part_new(&s->part, words, &clock, why, sizeof why), LP_OK);
    assert_int_equal(lp_chipsim_bus_attach_part(s->w->bus, lp_part_on_bus(s->part)), LP_OK);
    lp_i2c_share_init(&s->share, &s->w->i2c);
    lp_i2c_port_init(&s->port, &s->share);
    lp_sc18is602_init(&s->bridge, &s->w->loop, &s->port.bus, LP_SC18IS602_ADDR);
    lp_max31855_init(&s->sensor, &s->bridge.bus, 0);
    return s;
}

static void close_scene(scene_t *s)
{
    world_free(s->w);
    lp_part_free(s->part);
    free(s);
}

static void wait_for(scene_t *s, unsigned count)
{
    const uint64_t end = lp_port_now_ms() + 2000;
    while (s->done < count && lp_port_now_ms() < end) {
        lp_loop_turn(&s->w->loop, 100);
    }
    assert_int_equal(s->done, count);
}

static void on_read(void *ctx, lp_err_t err, const lp_max31855_reading_t *reading)
{
    scene_t *s = ctx;
    assert_int_equal(reading != NULL, err == LP_OK);
    s->reading = reading != NULL ? *reading : (lp_max31855_reading_t){0};
    s->err = err;
    s->done++;
}

static lp_err_t ask(scene_t *s)
{
    const unsigned count = s->done + 1;
    assert_int_equal(lp_max31855_read(&s->sensor, on_read, s), LP_OK);
    assert_int_equal(lp_max31855_read(&s->sensor, on_read, s), LP_E_BUSY);
    wait_for(s, count);
    return s->err;
}

// Tables 4 and 5 of the sheet.
static void published_temperatures_are_read(void **state)
{
    static const struct {
        const char *values;
        int32_t hot, board;
    } rows[] = {{"1600,127", 160000, 12700}, {"1000,100.5625", 100000, 10056},
                {"100.75,25", 10075, 2500},  {"25,0.0625", 2500, 6},
                {"0,25", 0, 2500},           {"-0.25,-0.0625", -25, -6},
                {"-1,-1", -100, -100},       {"-250,-20", -25000, -2000},
                {"25,-55", 2500, -5500}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        scene_t *s = open_scene(rows[i].values);
        assert_int_equal(ask(s), LP_OK);
        assert_int_equal(s->reading.thermocouple, rows[i].hot);
        assert_int_equal(s->reading.board, rows[i].board);
        close_scene(s);
    }
}

static void each_trouble_has_its_error(void **state)
{
    static const struct {
        const char *values;
        lp_err_t err;
    } rows[] = {{"open", LP_E_NOT_FOUND},
                {"ground", LP_E_IO},
                {"supply", LP_E_IO},
                {"gone", LP_E_UNSUPPORTED},
                {"0,0", LP_E_UNSUPPORTED}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        scene_t *s = open_scene(rows[i].values);
        assert_int_equal(ask(s), rows[i].err);
        assert_int_equal(ask(s), rows[i].err);
        close_scene(s);
    }
}

// Nobody is on the other lines, and there is no fifth.
static void other_lines_are_empty(void **state)
{
    (void)state;
    scene_t *s = open_scene("20,20");
    for (uint8_t line = 1; line < 5; line++) {
        lp_max31855_init(&s->sensor, &s->bridge.bus, line);
        assert_int_equal(ask(s), LP_E_UNSUPPORTED);
    }
    lp_max31855_init(&s->sensor, &s->bridge.bus, 0);
    assert_int_equal(ask(s), LP_OK);
    close_scene(s);
}

static void on_done(void *ctx, lp_err_t err)
{
    scene_t *s = ctx;
    s->err = err;
    s->done++;
}

static lp_err_t transfer(scene_t *s, const lp_spi_device_t *to, size_t len)
{
    static uint8_t rx[200];
    const unsigned count = s->done + 1;
    lp_spi_xfer_t x = {.to = to, .rx = rx, .rx_len = len, .done = on_done, .ctx = s};
    assert_int_equal(lp_spi_start(&s->bridge.bus, &x), LP_OK);
    wait_for(s, count);
    return s->err;
}

// Slow ones take their time and are waited for; two drivers with different settings do not mind.
static void rates_and_modes_are_each_transfers_own(void **state)
{
    (void)state;
    scene_t *s = open_scene("20,20");
    for (uint8_t mode = 0; mode < 4; mode++) {
        for (uint32_t rate = 58000; rate < 8000000; rate *= 2) {
            const lp_spi_device_t to = {.mode = mode, .rate_hz = rate};
            assert_int_equal(transfer(s, &to, LP_SC18IS602_BYTES), LP_OK);
            assert_int_equal(ask(s), LP_OK);
            assert_int_equal(s->reading.thermocouple, 2000);
        }
    }
    const lp_spi_device_t slow = {.mode = 0, .rate_hz = 57000};
    const lp_spi_device_t good = {.mode = 0, .rate_hz = 1000000};
    assert_int_equal(transfer(s, &slow, 1), LP_E_UNSUPPORTED);
    assert_int_equal(transfer(s, &good, LP_SC18IS602_BYTES + 1), LP_E_NOSPACE);
    assert_int_equal(ask(s), LP_OK);
    close_scene(s);
}

// Each transfer of the bus fails in turn: an error, never a reading, and the next one is good.
static void each_transfer_may_fail(void **state)
{
    (void)state;
    unsigned failed = 0;
    for (unsigned n = 1; n < 8; n++) {
        scene_t *s = open_scene("20,20");
        lp_chipsim_bus_faults(s->w->bus, &(lp_chipsim_faults_t){.stuck_after = n});
        failed += ask(s) != LP_OK ? 1 : 0;
        lp_chipsim_bus_faults(s->w->bus, &(lp_chipsim_faults_t){.seed = 1});
        assert_int_equal(ask(s), LP_OK);
        assert_int_equal(s->reading.thermocouple, 2000);
        lp_chipsim_bus_faults(s->w->bus, &(lp_chipsim_faults_t){.nack_next = 1});
        assert_int_equal(ask(s), LP_E_I2C_NACK); // and it is set up anew
        assert_int_equal(ask(s), LP_OK);
        close_scene(s);
    }
    assert_in_range(failed, 2, 6);
}

static void bridge_that_is_not_there_is_said(void **state)
{
    (void)state;
    scene_t *s = open_scene("20,20");
    lp_sc18is602_init(&s->bridge, &s->w->loop, &s->port.bus, LP_SC18IS602_ADDR + 1);
    assert_int_equal(ask(s), LP_E_I2C_NACK);
    close_scene(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_temperatures_are_read),
        cmocka_unit_test(each_trouble_has_its_error),
        cmocka_unit_test(other_lines_are_empty),
        cmocka_unit_test(rates_and_modes_are_each_transfers_own),
        cmocka_unit_test(each_transfer_may_fail),
        cmocka_unit_test(bridge_that_is_not_there_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
