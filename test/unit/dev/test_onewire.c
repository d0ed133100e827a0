// SPDX-License-Identifier: Apache-2.0
// The one-wire bus, its bridge on I2C and the DS18B20 driver against a virtual bridge with virtual
// sensors that were written apart from them, on one bus with the crypto chip.
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
#include "limpet/ds18b20.h"
#include "limpet/ds2482.h"
#include "limpet/i2c_share.h"
#include "limpet/parts.h"
#include "limpet/parts_wire.h"
#include "limpet/port/clock.h"

enum { SENSORS = 8 };

typedef struct {
    world_t *w;
    lp_part_t *part;
    lp_wire_t *names; // a second wire with the same numbers
    lp_i2c_share_t share;
    lp_i2c_port_t port[2];
    lp_ds2482_t bridge;
    lp_ds18b20_t sensor[SENSORS];
    unsigned done;
    lp_err_t err[SENSORS];
    int32_t value[SENSORS];
    char path[40]; // of what the sensors measure
} scene_t;

static uint64_t now_us(void *ctx)
{
    (void)ctx;
    return lp_port_now_us();
}

static void set_values(const scene_t *s, const char *values)
{
    FILE *f = fopen(s->path, "w");
    assert_non_null(f);
    fputs(values, f);
    fclose(f);
}

static scene_t *open_scene(const char *kind, const char *values)
{
    const lp_chipsim_clock_t clock = {.now_us = now_us};
    char words[100];
    char why[200] = "";
    scene_t *s = calloc(1, sizeof *s);
    assert_non_null(s);
    s->w = world_new(LP_CHIPSIM_ATECC608B);
    snprintf(s->path, sizeof s->path, "/tmp/limpet-wire-XXXXXX");
    const int fd = mkstemp(s->path);
    assert_true(fd >= 0);
    close(fd);
    set_values(s, values);
    snprintf(words, sizeof words, "%s=%s", kind, s->path);
    assert_int_equal(lp_part_new(&s->part, words, &clock, why, sizeof why), LP_OK);
    assert_int_equal(lp_chipsim_bus_attach_part(s->w->bus, lp_part_on_bus(s->part)), LP_OK);
    s->names = lp_wire_new("0,0,0,0,0,0,0,0", false, &clock);
    lp_i2c_share_init(&s->share, &s->w->i2c);
    lp_i2c_port_init(&s->port[0], &s->share);
    lp_i2c_port_init(&s->port[1], &s->share);
    lp_ds2482_init(&s->bridge, &s->w->loop, &s->port[0].bus, LP_DS2482_ADDR);
    return s;
}

static void close_scene(scene_t *s)
{
    world_free(s->w);
    lp_part_free(s->part);
    lp_wire_free(s->names);
    (void)remove(s->path);
    free(s);
}

static void wait_for(scene_t *s, unsigned count)
{
    const uint64_t end = lp_port_now_ms() + 20000;
    while (s->done < count && lp_port_now_ms() < end) {
        lp_loop_turn(&s->w->loop, 100);
    }
    assert_int_equal(s->done, count);
}

// Which of the sensors a completion is for.
typedef struct {
    scene_t *s;
    size_t i;
} mine_t;
static mine_t mine[SENSORS];

static void on_measured(void *ctx, lp_err_t err, int32_t temperature)
{
    const mine_t *m = ctx;
    m->s->err[m->i] = err;
    m->s->value[m->i] = temperature;
    m->s->done++;
    assert_true(err == LP_OK || temperature == 0);
}

static void start(scene_t *s, size_t i)
{
    mine[i] = (mine_t){s, i};
    assert_int_equal(lp_ds18b20_measure(&s->sensor[i], on_measured, &mine[i]), LP_OK);
}

static lp_err_t measure(scene_t *s, size_t i)
{
    const unsigned count = s->done + 1;
    start(s, i);
    wait_for(s, count);
    return s->err[i];
}

static void init_sensor(scene_t *s, size_t i, unsigned bits)
{
    assert_int_equal(lp_ds18b20_init(&s->sensor[i], &s->bridge.bus, lp_wire_rom(s->names, i), bits),
                     LP_OK);
}

static void init_alone(scene_t *s, unsigned bits)
{
    assert_int_equal(lp_ds18b20_init(&s->sensor[0], &s->bridge.bus, NULL, bits), LP_OK);
}

// -- who is there

static void on_found(void *ctx, lp_err_t err)
{
    scene_t *s = ctx;
    s->err[0] = err;
    s->done++;
}

static lp_err_t find_next(scene_t *s, lp_onewire_search_t *search)
{
    const unsigned count = s->done + 1;
    const lp_err_t err = lp_onewire_search_next(&s->bridge.bus, search, on_found, s);
    if (err == LP_OK) {
        wait_for(s, count);
        return s->err[0];
    }
    return err;
}

static bool is_one_of(const scene_t *s, const uint8_t *rom, size_t count, unsigned *seen)
{
    for (size_t i = 0; i < count; i++) {
        if (memcmp(lp_wire_rom(s->names, i), rom, 8) == 0 && (*seen >> i & 1) == 0) {
            *seen |= 1u << i;
            return true;
        }
    }
    return false;
}

static void search_finds_each_part_once(void **state)
{
    (void)state;
    char values[40] = "";
    for (size_t count = 1; count <= SENSORS; count++) {
        strcat(values, "20 ");
        lp_onewire_search_t search;
        unsigned seen = 0;
        scene_t *s = open_scene("ds18b20", values);
        lp_onewire_search_init(&search, LP_ONEWIRE_SEARCH_ROM);
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(find_next(s, &search), LP_OK);
            assert_true(is_one_of(s, search.rom, count, &seen));
        }
        assert_int_equal(find_next(s, &search), LP_E_NOT_FOUND);
        close_scene(s);
    }
}

static void search_of_alarms_finds_only_those(void **state)
{
    (void)state;
    lp_onewire_search_t search;
    scene_t *s = open_scene("ds18b20", "72,80,71"); // TL is 70, TH 75
    for (size_t i = 0; i < 3; i++) {
        init_sensor(s, i, 9);
        lp_onewire_xfer_t convert = {.tx = lp_span("\xCC\x44", 2), .done = on_found, .ctx = s};
        assert_int_equal(lp_onewire_start(&s->bridge.bus, &convert), LP_OK);
        wait_for(s, s->done + 1);
    }
    fake_clock_advance_ms(750);
    lp_onewire_search_init(&search, LP_ONEWIRE_SEARCH_ALARM);
    assert_int_equal(find_next(s, &search), LP_OK);
    assert_memory_equal(search.rom, lp_wire_rom(s->names, 1), 8);
    assert_int_equal(find_next(s, &search), LP_E_NOT_FOUND);
    close_scene(s);
}

static void search_says_who_is_missing_and_goes_on(void **state)
{
    (void)state;
    lp_onewire_search_t search;
    unsigned seen = 0;
    scene_t *s = open_scene("ds18b20", "absent absent");
    lp_onewire_search_init(&search, LP_ONEWIRE_SEARCH_ROM);
    assert_int_equal(find_next(s, &search), LP_E_NOT_FOUND);
    set_values(s, "short short");
    assert_int_equal(find_next(s, &search), LP_E_IO);
    set_values(s, "20 21");
    assert_int_equal(find_next(s, &search), LP_OK);
    assert_true(is_one_of(s, search.rom, 2, &seen));
    lp_chipsim_bus_faults(s->w->bus, &(lp_chipsim_faults_t){.nack_next = 1});
    assert_int_equal(find_next(s, &search), LP_E_I2C_NACK);
    assert_int_equal(find_next(s, &search), LP_OK); // the same place again
    assert_true(is_one_of(s, search.rom, 2, &seen));
    close_scene(s);
}

// -- DS18B20

static void measures_over_its_whole_range_at_each_resolution(void **state)
{
    (void)state;
    scene_t *s = open_scene("ds18b20", "0");
    for (unsigned bits = 9; bits <= 12; bits++) {
        init_alone(s, bits);
        const long slack = 1 + (100 >> (bits - 9)) / 4; // half a step
        for (int t = -5500; t <= 12500; t += 777) {
            char text[20];
            snprintf(text, sizeof text, "%.2f", t / 100.0);
            set_values(s, text);
            assert_int_equal(measure(s, 0), LP_OK);
            assert_in_range(s->value[0] + 10000, t + 10000 - slack, t + 10000 + slack);
        }
    }
    close_scene(s);
}

// Table 1 of the sheet, what can be seen of it: these are exact.
static void measures_the_published_examples(void **state)
{
    static const struct {
        const char *text;
        int32_t want;
    } rows[] = {{"125", 12500},      {"85", 8500},  {"25.0625", 2506}, {"10.125", 1013},
                {"0.5", 50},         {"0", 0},      {"-0.5", -50},     {"-10.125", -1013},
                {"-25.0625", -2506}, {"-55", -5500}};
    (void)state;
    scene_t *s = open_scene("ds18b20", "0");
    init_alone(s, 12);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        set_values(s, rows[i].text);
        assert_int_equal(measure(s, 0), LP_OK);
        assert_int_equal(s->value[0], rows[i].want);
    }
    close_scene(s);
}

static void several_measure_at_the_same_time(void **state)
{
    (void)state;
    scene_t *s = open_scene("ds18b20", "1,2,3,4,5,6,7,8");
    for (size_t i = 0; i < SENSORS; i++) {
        init_sensor(s, i, 12);
        start(s, i);
        assert_int_equal(lp_ds18b20_measure(&s->sensor[i], on_measured, &mine[i]), LP_E_BUSY);
    }
    const uint64_t began_ms = lp_port_now_ms();
    wait_for(s, SENSORS);
    assert_true(lp_port_now_ms() - began_ms < SENSORS * 750);
    for (size_t i = 0; i < SENSORS; i++) {
        assert_int_equal(s->err[i], LP_OK);
        assert_int_equal(s->value[i], (int)(i + 1) * 100);
    }
    close_scene(s);
}

static void those_without_a_supply_are_fed(void **state)
{
    (void)state;
    scene_t *s = open_scene("ds18b20-parasite", "21.5,-3");
    init_sensor(s, 0, 12);
    init_sensor(s, 1, 9);
    for (int round = 0; round < 3; round++) {
        const unsigned count = s->done + 2;
        start(s, 0);
        start(s, 1);
        wait_for(s, count);
        assert_int_equal(s->err[0], LP_OK);
        assert_int_equal(s->value[0], 2150);
        assert_int_equal(s->err[1], LP_OK);
        assert_int_equal(s->value[1], -300);
    }
    close_scene(s);
}

// What goes wrong is said, is never a temperature, and is over when it is over.
static void each_trouble_has_its_error_and_passes(void **state)
{
    static const struct {
        const char *trouble;
        lp_err_t err;
    } rows[] = {{"absent 20", LP_E_NOT_FOUND},
                {"absent absent", LP_E_NOT_FOUND},
                {"crc 20", LP_E_CRC},
                {"reset 20", LP_E_VERIFY}, // would be 85 degrees
                {"short 20", LP_E_IO}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        scene_t *s = open_scene("ds18b20", "21.5,20");
        init_sensor(s, 0, 10);
        assert_int_equal(measure(s, 0), LP_OK);
        set_values(s, rows[i].trouble);
        for (int again = 0; again < 3; again++) {
            assert_int_equal(measure(s, 0), rows[i].err);
        }
        set_values(s, "-7.25 20");
        assert_int_equal(measure(s, 0), LP_OK);
        assert_int_equal(s->value[0], -725);
        close_scene(s);
    }
}

static void true_85_degrees_are_a_temperature(void **state)
{
    (void)state;
    scene_t *s = open_scene("ds18b20", "85");
    init_alone(s, 12);
    assert_int_equal(measure(s, 0), LP_OK);
    assert_int_equal(s->value[0], 8500);
    close_scene(s);
}

// Each transfer of the bridge fails in turn, in three ways: an error or the truth, never something
// else, and the next measurement is good.
static void each_transfer_may_fail(void **state)
{
    (void)state;
    unsigned failed = 0;
    for (unsigned n = 1; n < 260; n++) {
        scene_t *s = open_scene("ds18b20", "21.5");
        init_sensor(s, 0, 9);
        lp_chipsim_bus_faults(s->w->bus, &(lp_chipsim_faults_t){.stuck_after = n});
        const lp_err_t err = measure(s, 0);
        assert_true(err != LP_OK || s->value[0] == 2150);
        failed += err != LP_OK ? 1 : 0;
        lp_chipsim_bus_faults(s->w->bus, &(lp_chipsim_faults_t){.seed = 1});
        assert_int_equal(measure(s, 0), LP_OK);
        assert_int_equal(s->value[0], 2150);
        close_scene(s);
        if (err == LP_OK) {
            break;
        }
    }
    assert_in_range(failed, 50, 250); // the last one was beyond the end
}

static void numbers_of_others_are_refused(void **state)
{
    lp_ds18b20_t sensor;
    uint8_t rom[8] = {0x10, 1, 2, 3, 4, 5, 6, 0};
    (void)state;
    scene_t *s = open_scene("ds18b20", "20");
    rom[7] = lp_onewire_crc8(lp_span(rom, 7));
    assert_int_equal(lp_ds18b20_init(&sensor, &s->bridge.bus, rom, 12), LP_E_UNSUPPORTED);
    rom[7] ^= 1;
    assert_int_equal(lp_ds18b20_init(&sensor, &s->bridge.bus, rom, 12), LP_E_CRC);
    assert_int_equal(lp_ds18b20_init(&sensor, &s->bridge.bus, NULL, 8), LP_E_RANGE);
    assert_int_equal(lp_ds18b20_init(&sensor, &s->bridge.bus, NULL, 13), LP_E_RANGE);
    close_scene(s);
}

static void bridge_that_is_not_there_is_said(void **state)
{
    (void)state;
    scene_t *s = open_scene("ds18b20", "20");
    lp_ds2482_init(&s->bridge, &s->w->loop, &s->port[0].bus, LP_DS2482_ADDR + 1);
    init_alone(s, 9);
    assert_int_equal(measure(s, 0), LP_E_I2C_NACK);
    lp_ds2482_init(&s->bridge, &s->w->loop, &s->port[0].bus, LP_DS2482_ADDR);
    init_alone(s, 9);
    assert_int_equal(measure(s, 0), LP_OK);
    close_scene(s);
}

// Somebody else at the bridge's address, and a bridge that is never done.
static bool say_nonsense(void *ctx, uint8_t addr, lp_buf_t *bytes)
{
    if (addr == LP_DS2482_ADDR) {
        memset(bytes->ptr, *(const uint8_t *)ctx, bytes->len);
    }
    return true;
}

static void bridge_that_talks_nonsense_is_refused(void **state)
{
    static lp_chipsim_tap_t tap;
    uint8_t value = 0;
    (void)state;
    scene_t *s = open_scene("ds18b20", "20");
    init_alone(s, 9);
    tap = (lp_chipsim_tap_t){.from_chip = say_nonsense, .ctx = &value};
    for (unsigned v = 0; v < 256; v += 5) {
        value = (uint8_t)v;
        lp_chipsim_bus_tap(s->w->bus, &tap);
        assert_true(measure(s, 0) != LP_OK);
        lp_chipsim_bus_tap(s->w->bus, NULL);
        assert_int_equal(measure(s, 0), LP_OK);
        lp_chipsim_bus_tap(s->w->bus, &tap); // in the middle of its life
        assert_true(measure(s, 0) != LP_OK);
    }
    close_scene(s);
}

static void transfers_say_what_they_cannot(void **state)
{
    (void)state;
    scene_t *s = open_scene("ds18b20", "20");
    lp_onewire_xfer_t x = {.rx_len = 1, .done = on_found, .ctx = s};
    assert_int_equal(lp_onewire_start(&s->bridge.bus, &x), LP_E_INVALID);
    x = (lp_onewire_xfer_t){.tx = lp_span("\xCC", 1)};
    assert_int_equal(lp_onewire_start(&s->bridge.bus, &x), LP_E_INVALID);
    close_scene(s);
}

// Maxim's application note 27 works this number out: its CRC is A2.
static void crc_is_the_published_one(void **state)
{
    static const uint8_t rom[] = {0x02, 0x1C, 0xB8, 0x01, 0x00, 0x00, 0x00, 0xA2};
    (void)state;
    assert_int_equal(lp_onewire_crc8(lp_span(rom, 7)), 0xA2);
    assert_int_equal(lp_onewire_crc8(lp_span(rom, 8)), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(search_finds_each_part_once),
        cmocka_unit_test(search_of_alarms_finds_only_those),
        cmocka_unit_test(search_says_who_is_missing_and_goes_on),
        cmocka_unit_test(measures_over_its_whole_range_at_each_resolution),
        cmocka_unit_test(measures_the_published_examples),
        cmocka_unit_test(several_measure_at_the_same_time),
        cmocka_unit_test(those_without_a_supply_are_fed),
        cmocka_unit_test(each_trouble_has_its_error_and_passes),
        cmocka_unit_test(true_85_degrees_are_a_temperature),
        cmocka_unit_test(each_transfer_may_fail),
        cmocka_unit_test(numbers_of_others_are_refused),
        cmocka_unit_test(bridge_that_is_not_there_is_said),
        cmocka_unit_test(bridge_that_talks_nonsense_is_refused),
        cmocka_unit_test(transfers_say_what_they_cannot),
        cmocka_unit_test(crc_is_the_published_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
