// SPDX-License-Identifier: Apache-2.0
// Sensor drivers against virtual sensors that were written apart from them, on one bus with the
// crypto chip.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "emulated.h"
#include "fake/port.h"
#include "limpet/bme280.h"
#include "limpet/i2c_share.h"
#include "limpet/parts.h"
#include "limpet/port/clock.h"
#include "limpet/sht3x.h"

typedef struct {
    world_t *w;
    lp_part_t *part[2];
    lp_i2c_share_t share;
    lp_i2c_port_t port[3];
    lp_sht3x_t sht;
    lp_bme280_t bme;
    lp_sht3x_reading_t air;
    lp_bme280_reading_t weather;
    unsigned done;
    lp_err_t err;
} scene_t;

static uint64_t now_us(void *ctx)
{
    (void)ctx;
    return lp_port_now_us();
}

static void attach(scene_t *s, size_t i, const char *words)
{
    const lp_chipsim_clock_t clock = {.now_us = now_us};
    char why[200] = "";
    assert_int_equal(lp_part_new(&s->part[i], words, &clock, why, sizeof why), LP_OK);
    assert_int_equal(lp_chipsim_bus_attach_part(s->w->bus, lp_part_on_bus(s->part[i])), LP_OK);
}

static scene_t *open_scene(const char *first, const char *second)
{
    scene_t *s = calloc(1, sizeof *s);
    assert_non_null(s);
    s->w = world_new(LP_CHIPSIM_ATECC608B);
    attach(s, 0, first);
    if (second != NULL) {
        attach(s, 1, second);
    }
    lp_i2c_share_init(&s->share, &s->w->i2c);
    for (size_t i = 0; i < 3; i++) {
        lp_i2c_port_init(&s->port[i], &s->share);
    }
    lp_sht3x_init(&s->sht, &s->w->loop, &s->port[0].bus, LP_SHT3X_ADDR);
    lp_bme280_init(&s->bme, &s->w->loop, &s->port[1].bus, LP_BME280_ADDR);
    return s;
}

static void close_scene(scene_t *s)
{
    world_free(s->w);
    lp_part_free(s->part[0]);
    lp_part_free(s->part[1]);
    free(s);
}

static void on_air(void *ctx, lp_err_t err, const lp_sht3x_reading_t *reading)
{
    scene_t *s = ctx;
    assert_int_equal(reading != NULL, err == LP_OK);
    s->air = reading != NULL ? *reading : (lp_sht3x_reading_t){0};
    s->err = err;
    s->done++;
}

static void on_weather(void *ctx, lp_err_t err, const lp_bme280_reading_t *reading)
{
    scene_t *s = ctx;
    assert_int_equal(reading != NULL, err == LP_OK);
    s->weather = reading != NULL ? *reading : (lp_bme280_reading_t){0};
    s->err = err;
    s->done++;
}

static void wait_for(scene_t *s, unsigned count)
{
    const uint64_t end = lp_port_now_ms() + 1000;
    while (s->done < count && lp_port_now_ms() < end) {
        lp_loop_turn(&s->w->loop, 100);
    }
    assert_int_equal(s->done, count);
}

static lp_err_t ask_sht(scene_t *s)
{
    const unsigned count = s->done + 1;
    assert_int_equal(lp_sht3x_measure(&s->sht, on_air, s), LP_OK);
    wait_for(s, count);
    return s->err;
}

static lp_err_t ask_bme(scene_t *s)
{
    const unsigned count = s->done + 1;
    assert_int_equal(lp_bme280_measure(&s->bme, on_weather, s), LP_OK);
    wait_for(s, count);
    return s->err;
}

static void assert_near(long got, long want, long slack)
{
    if (got < want - slack || got > want + slack) {
        fail_msg("%ld instead of %ld", got, want);
    }
}

// -- SHT3x

static void sht_measures_over_its_whole_range(void **state)
{
    (void)state;
    for (int i = 0; i <= 17; i++) {
        char words[60];
        const double t = -45 + 10 * i;
        const double h = i * 100.0 / 17;
        snprintf(words, sizeof words, "sht3x=%.2f,%.2f", t, h);
        scene_t *s = open_scene(words, NULL);
        assert_int_equal(ask_sht(s), LP_OK);
        assert_near(s->air.temperature, (long)(t * 100), 1);
        assert_near(s->air.humidity, (long)(h * 100 + 0.5), 1);
        close_scene(s);
    }
}

static lp_chipsim_tap_t tap;
static int flip_at = -1; // byte of an answer that is damaged on the wire

static bool flip(void *ctx, uint8_t addr, lp_buf_t *bytes)
{
    (void)ctx;
    if (addr == LP_SHT3X_ADDR && flip_at >= 0) {
        bytes->ptr[flip_at] ^= 0x10;
    }
    return true;
}

static void sht_damaged_answer_is_no_reading(void **state)
{
    (void)state;
    scene_t *s = open_scene("sht3x=20,50", NULL);
    tap = (lp_chipsim_tap_t){.from_chip = flip};
    lp_chipsim_bus_tap(s->w->bus, &tap);
    for (flip_at = 0; flip_at < 6; flip_at++) {
        assert_int_equal(ask_sht(s), LP_E_CRC);
    }
    flip_at = -1;
    assert_int_equal(ask_sht(s), LP_OK);
    close_scene(s);
}

static void sht_that_is_not_there_is_said(void **state)
{
    (void)state;
    scene_t *s = open_scene("sht3x@0x45=20,50", NULL);
    assert_int_equal(ask_sht(s), LP_E_I2C_NACK);
    lp_sht3x_init(&s->sht, &s->w->loop, &s->port[0].bus, LP_SHT3X_ADDR_HIGH);
    assert_int_equal(ask_sht(s), LP_OK);
    close_scene(s);
}

static void one_measurement_at_a_time(void **state)
{
    (void)state;
    scene_t *s = open_scene("sht3x=20,50", "bme280=20,50,1013");
    assert_int_equal(lp_sht3x_measure(&s->sht, on_air, s), LP_OK);
    assert_int_equal(lp_sht3x_measure(&s->sht, on_air, s), LP_E_BUSY);
    assert_int_equal(lp_bme280_measure(&s->bme, on_weather, s), LP_OK);
    assert_int_equal(lp_bme280_measure(&s->bme, on_weather, s), LP_E_BUSY);
    wait_for(s, 2);
    close_scene(s);
}

// -- BME280

// The worked example of the BMP280's sheet (BST-BMP280-DS001, 3.12).
static void bme_computes_the_published_example(void **state)
{
    const lp_bme280_trim_t trim = {.t1 = 27504,
                                   .t2 = 26435,
                                   .t3 = -1000,
                                   .p1 = 36477,
                                   .p2 = -10685,
                                   .p3 = 3024,
                                   .p4 = 2855,
                                   .p5 = 140,
                                   .p6 = -7,
                                   .p7 = 15500,
                                   .p8 = -14600,
                                   .p9 = 6000};
    const lp_bme280_raw_t raw = {.temperature = 519888, .pressure = 415148};
    (void)state;
    const lp_bme280_reading_t r = lp_bme280_compensate(&trim, &raw);
    assert_int_equal(r.temperature, 2508);
    assert_int_equal(r.pressure, 100653);
}

static void bme_measures_over_its_whole_range(void **state)
{
    (void)state;
    for (int i = 0; i <= 12; i++) {
        char words[80];
        const double t = -40 + 10 * i;
        const double h = 2 + 8.0 * i;
        const double p = 300 + 66.0 * i;
        snprintf(words, sizeof words, "bme280=%.2f,%.2f,%.2f", t, h, p);
        scene_t *s = open_scene(words, NULL);
        assert_int_equal(ask_bme(s), LP_OK);
        assert_near(s->weather.temperature, (long)(t * 100), 1);
        assert_near((long)s->weather.humidity, (long)(h * 100), 4);
        assert_near((long)s->weather.pressure, (long)(p * 100), 3);
        close_scene(s);
    }
}

static void write_file(const char *path, const char *values)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(values, f);
    assert_int_equal(fclose(f), 0);
}

static void bme_follows_the_weather(void **state)
{
    char path[] = "/tmp/limpet-weather-XXXXXX";
    char words[80];
    (void)state;
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    write_file(path, "10,20,990\n");
    snprintf(words, sizeof words, "bme280=%s", path);
    scene_t *s = open_scene(words, NULL);
    assert_int_equal(ask_bme(s), LP_OK);
    assert_near(s->weather.temperature, 1000, 1);
    write_file(path, "30,25,995\n");
    assert_int_equal(ask_bme(s), LP_OK);
    assert_near(s->weather.temperature, 3000, 1);
    write_file(path, "30"); // half a file changes nothing
    assert_int_equal(ask_bme(s), LP_OK);
    assert_near((long)s->weather.pressure, 99500, 3);
    (void)remove(path);
    close_scene(s);
}

// A BMP280 says so.
static bool as_bmp280(void *ctx, uint8_t addr, lp_buf_t *bytes)
{
    (void)ctx;
    if (addr == LP_BME280_ADDR && bytes->ptr[0] == 0x60) {
        bytes->ptr[0] = 0x58;
    }
    return true;
}

static void bme_another_part_is_refused_and_calibration_is_read_again(void **state)
{
    (void)state;
    scene_t *s = open_scene("bme280=20,50,1000", NULL);
    assert_int_equal(ask_bme(s), LP_OK);
    const unsigned first = s->w->transfers;
    assert_int_equal(ask_bme(s), LP_OK);
    const unsigned second = s->w->transfers - first;
    assert_true(second < first); // what is known is not asked again
    lp_chipsim_bus_faults(s->w->bus, &(lp_chipsim_faults_t){.nack_next = 1});
    assert_int_equal(ask_bme(s), LP_E_I2C_NACK);
    const unsigned before = s->w->transfers;
    assert_int_equal(ask_bme(s), LP_OK);
    assert_int_equal(s->w->transfers - before, first);
    lp_bme280_init(&s->bme, &s->w->loop, &s->port[1].bus, LP_BME280_ADDR);
    tap = (lp_chipsim_tap_t){.from_chip = as_bmp280};
    lp_chipsim_bus_tap(s->w->bus, &tap);
    assert_int_equal(ask_bme(s), LP_E_UNSUPPORTED);
    close_scene(s);
}

// Whatever a part sends, nothing overflows (UBSan looks on).
static void bme_takes_any_numbers(void **state)
{
    uint32_t x = 1;
    (void)state;
    for (int i = 0; i < 200000; i++) {
        lp_bme280_trim_t trim;
        lp_bme280_raw_t raw;
        uint8_t bytes[sizeof trim + sizeof raw];
        for (size_t j = 0; j < sizeof bytes; j++) {
            x = x * 1664525u + 1013904223u;
            bytes[j] = (x >> 24) % 3 == 0 ? ((x >> 8 & 1u) != 0 ? 0x7F : 0x80) : (uint8_t)(x >> 16);
        }
        memcpy(&trim, bytes, sizeof trim);
        memcpy(&raw, bytes + sizeof trim, sizeof raw);
        raw.temperature &= 0xFFFFF;
        raw.pressure &= 0xFFFFF;
        raw.humidity &= 0xFFFF;
        trim.h4 = (int16_t)(trim.h4 / 16);
        trim.h5 = (int16_t)(trim.h5 / 16);
        const lp_bme280_reading_t r = lp_bme280_compensate(&trim, &raw);
        assert_true(r.humidity <= 10000);
    }
}

// Each transfer fails in turn: an error, never a reading, and the next measurement is good.
static void each_transfer_may_fail(void **state)
{
    (void)state;
    for (unsigned n = 0; n < 9; n++) {
        scene_t *s = open_scene("sht3x=20,50", "bme280=20,50,1000");
        lp_chipsim_faults_t faults = {.stuck_after = n + 1};
        lp_chipsim_bus_faults(s->w->bus, &faults);
        const lp_err_t err = ask_bme(s);
        assert_true(err == LP_OK || err == LP_E_I2C_BUS);
        lp_chipsim_bus_faults(s->w->bus, &(lp_chipsim_faults_t){.seed = 1});
        assert_int_equal(ask_bme(s), LP_OK);
        assert_near(s->weather.temperature, 2000, 1);
        assert_int_equal(ask_sht(s), LP_OK);
        close_scene(s);
    }
}

// -- one bus for all

static void sensors_and_chip_share_a_bus(void **state)
{
    (void)state;
    scene_t *s = open_scene("sht3x=21.5,40", "bme280=-5,80,950");
    const lp_atecc_config_t cfg = {
        .loop = &s->w->loop, .bus = &s->port[2].bus, .addr = lp_chipsim_addr(s->w->sim)};
    lp_atecc_init(&s->w->chip, &cfg);
    assert_int_equal(world_provision(s->w), LP_OK);
    for (unsigned round = 0; round < 20; round++) {
        const unsigned count = s->done + 2;
        const unsigned chip_done = s->w->done + 1;
        assert_int_equal(lp_sht3x_measure(&s->sht, on_air, s), LP_OK);
        assert_int_equal(lp_bme280_measure(&s->bme, on_weather, s), LP_OK);
        assert_int_equal(lp_atecc_random(&s->w->chip, &s->w->req, s->w->pub, world_done, s->w),
                         LP_OK);
        assert_int_equal(world_wait(s->w, chip_done), LP_OK);
        wait_for(s, count);
        assert_int_equal(s->air.temperature, 2150);
        assert_near(s->weather.temperature, -500, 1);
    }
    close_scene(s);
}

typedef struct {
    lp_i2c_port_t *port;
    lp_i2c_xfer_t xfer;
    unsigned left;
    unsigned id;
} user_t;

static unsigned turns[12];
static unsigned turn_count;

static void again(void *ctx, lp_err_t err)
{
    user_t *u = ctx;
    assert_int_equal(err, LP_E_I2C_NACK);
    turns[turn_count++] = u->id;
    if (--u->left > 0) {
        assert_int_equal(lp_i2c_start(&u->port->bus, &u->xfer), LP_OK);
    }
}

// Nobody is passed over: who starts again from its completion waits behind the others.
static void transfers_take_turns(void **state)
{
    user_t users[3];
    static uint8_t byte;
    (void)state;
    scene_t *s = open_scene("sht3x=20,50", NULL);
    turn_count = 0;
    for (unsigned i = 0; i < 3; i++) {
        users[i] = (user_t){.port = &s->port[i], .left = 4, .id = i};
        users[i].xfer = (lp_i2c_xfer_t){.op = LP_I2C_READ,
                                        .addr = 0x11,
                                        .rx = &byte,
                                        .rx_len = 1,
                                        .done = again,
                                        .ctx = &users[i]};
        assert_int_equal(lp_i2c_start(&s->port[i].bus, &users[i].xfer), LP_OK);
        assert_int_equal(lp_i2c_start(&s->port[i].bus, &users[i].xfer), LP_E_BUSY);
    }
    for (int i = 0; i < 100 && turn_count < 12; i++) {
        lp_loop_turn(&s->w->loop, 10);
    }
    for (unsigned i = 0; i < 12; i++) {
        assert_int_equal(turns[i], i % 3);
    }
    close_scene(s);
}

static void sequences_refuse_what_does_not_fit(void **state)
{
    lp_i2c_seq_t seq;
    uint8_t long_one[LP_I2C_SEQ_TX_MAX + 1] = {0};
    (void)state;
    scene_t *s = open_scene("sht3x=20,50", NULL);
    lp_i2c_seq_init(&seq, &s->w->loop, &s->port[0].bus);
    const lp_i2c_seq_step_t nothing = {.addr = 0x44};
    const lp_i2c_seq_step_t too_long = {.addr = 0x44, .tx = {long_one, sizeof long_one}};
    assert_int_equal(lp_i2c_seq_start(&seq, &nothing), LP_E_INVALID);
    assert_int_equal(lp_i2c_seq_start(&seq, &too_long), LP_E_INVALID);
    close_scene(s);
}

static void bad_words_are_explained(void **state)
{
    static const char *const words[] = {
        "",          "sht4x=1,2",      "sht3x",      "sht3x=1",        "sht3x=1,2,3",
        "sht3x=a,b", "sht3x@0x90=1,2", "sht3x@=1,2", "bme280=1,2,inf", "sht3x=/nowhere"};
    (void)state;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        lp_part_t *part = NULL;
        char why[200] = "";
        assert_int_equal(lp_part_new(&part, words[i], NULL, why, sizeof why), LP_E_FORMAT);
        assert_null(part);
        assert_true(why[0] != '\0');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sht_measures_over_its_whole_range),
        cmocka_unit_test(sht_damaged_answer_is_no_reading),
        cmocka_unit_test(sht_that_is_not_there_is_said),
        cmocka_unit_test(one_measurement_at_a_time),
        cmocka_unit_test(bme_computes_the_published_example),
        cmocka_unit_test(bme_measures_over_its_whole_range),
        cmocka_unit_test(bme_follows_the_weather),
        cmocka_unit_test(bme_another_part_is_refused_and_calibration_is_read_again),
        cmocka_unit_test(bme_takes_any_numbers),
        cmocka_unit_test(each_transfer_may_fail),
        cmocka_unit_test(sensors_and_chip_share_a_bus),
        cmocka_unit_test(transfers_take_turns),
        cmocka_unit_test(sequences_refuse_what_does_not_fit),
        cmocka_unit_test(bad_words_are_explained),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
