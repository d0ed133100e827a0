// SPDX-License-Identifier: Apache-2.0
// I2C.* on a bus with sensors and the crypto chip, which it must leave alone.
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "device.h"
#include "limpet/i2c_share.h"
#include "limpet/parts.h"
#include "limpet/port/clock.h"
#include "limpet/svc_i2c.h"

static device_t dev;
static world_t *world;
static lp_part_t *parts[2];
static lp_i2c_share_t share;
static lp_i2c_port_t port;
static lp_svc_i2c_t svc;

static uint64_t now_us(void *ctx)
{
    (void)ctx;
    return lp_port_now_us();
}

static void start(bool has_bus)
{
    fake_system_reset();
    fake_flash_reset(
        (lp_flash_geometry_t){.size_bytes = 65536, .sector_bytes = 4096, .page_bytes = 4});
    device_start(&dev, world, false, NULL); // the services' own look at the chip stays out of it
    lp_i2c_share_init(&share, &world->i2c);
    lp_i2c_port_init(&port, &share);
    const lp_svc_i2c_setup_t setup = {.loop = &world->loop,
                                      .rpc = &dev.rpc,
                                      .bus = has_bus ? &port.bus : NULL,
                                      .chip = &dev.chip};
    lp_svc_i2c_init(&svc, &setup);
}

static int set_up(void **state)
{
    static const char *const words[] = {"sht3x=21.5,40", "bme280@0x77=10,50,1000"};
    const lp_chipsim_clock_t clock = {.now_us = now_us};
    char why[200];
    (void)state;
    world = world_new(LP_CHIPSIM_ATECC508A);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(lp_part_new(&parts[i], words[i], &clock, why, sizeof why), LP_OK);
        assert_int_equal(lp_chipsim_bus_attach_part(world->bus, lp_part_on_bus(parts[i])), LP_OK);
    }
    start(true);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    world_free(world);
    lp_part_free(parts[0]);
    lp_part_free(parts[1]);
    return 0;
}

static const char *call(const char *method, const char *params)
{
    return device_call(&dev, method, params);
}

static void scan_finds_the_sensors(void **state)
{
    (void)state;
    assert_result(call("I2C.Scan", "{}"), "", "[68,119]");
}

static void bytes_and_registers(void **state)
{
    (void)state;
    assert_result(call("I2C.Write", "{\"addr\":68,\"data_hex\":\"2400\"}"), "", "{}");
    assert_rpc_error(call("I2C.Read", "{\"addr\":68,\"len\":6}"), "LP_E_I2C_NACK"); // it measures
    device_run(&dev, 20);
    assert_result(call("I2C.Read", "{\"addr\":68,\"len\":6}"), "data_hex", "\"61478a666693\"");
    assert_result(call("I2C.ReadRegB", "{\"addr\":119,\"reg\":208}"), "value", "96");
    assert_result(call("I2C.ReadRegW", "{\"addr\":119,\"reg\":136}"), "value", "28779"); // 0x706B
    assert_result(call("I2C.WriteRegB", "{\"addr\":119,\"reg\":242,\"value\":1}"), "", "{}");
    assert_result(call("I2C.ReadRegB", "{\"addr\":119,\"reg\":242}"), "value", "1");
    assert_result(call("I2C.WriteRegW", "{\"addr\":119,\"reg\":242,\"value\":513}"), "", "{}");
    assert_result(call("I2C.ReadRegB", "{\"addr\":119,\"reg\":242}"), "value", "2");
}

static lp_chipsim_tap_t tap;
static unsigned to_chip;

static bool count(void *ctx, uint8_t addr, lp_buf_t *bytes)
{
    (void)ctx;
    (void)bytes;
    to_chip += addr == 0x60;
    return true;
}

// Nobody gets a command past the rules of Chip.* this way, wherever the chip may be.
static void the_crypto_chip_is_out_of_reach(void **state)
{
    static const char *const methods[] = {"I2C.Read", "I2C.Write", "I2C.ReadRegB", "I2C.WriteRegW"};
    static const unsigned addrs[] = {0x60, 0x35, 0x36, 0x58};
    (void)state;
    tap = (lp_chipsim_tap_t){.to_chip = count};
    lp_chipsim_bus_tap(world->bus, &tap);
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        for (size_t j = 0; j < sizeof addrs / sizeof addrs[0]; j++) {
            char params[120];
            snprintf(params, sizeof params,
                     "{\"addr\":%u,\"len\":4,\"data_hex\":\"0307\",\"reg\":3,\"value\":7}",
                     addrs[j]);
            assert_rpc_error(call(methods[i], params), "LP_E_DENIED");
        }
    }
    assert_int_equal(to_chip, 0);
}

static void bad_parameters_are_refused(void **state)
{
    static const char *const bad[][3] = {
        {"I2C.Read", "{\"len\":1}", "LP_E_INVALID"},
        {"I2C.Read", "{\"addr\":0,\"len\":1}", "LP_E_RANGE"}, // the general call
        {"I2C.Read", "{\"addr\":7,\"len\":1}", "LP_E_RANGE"},
        {"I2C.Read", "{\"addr\":120,\"len\":1}", "LP_E_INVALID"},
        {"I2C.Read", "{\"addr\":68,\"len\":65}", "LP_E_INVALID"},
        {"I2C.Read", "{\"addr\":68,\"len\":0}", "LP_E_INVALID"},
        {"I2C.Read", "{\"addr\":\"68\",\"len\":1}", "LP_E_INVALID"},
        {"I2C.Write", "{\"addr\":68}", "LP_E_INVALID"},
        {"I2C.Write", "{\"addr\":68,\"data_hex\":\"\"}", "LP_E_INVALID"},
        {"I2C.Write", "{\"addr\":68,\"data_hex\":\"2\"}", "LP_E_INVALID"},
        {"I2C.Write", "{\"addr\":68,\"data_hex\":\"zz\"}", "LP_E_INVALID"},
        {"I2C.WriteRegB", "{\"addr\":68,\"reg\":1,\"value\":256}", "LP_E_INVALID"},
        {"I2C.ReadRegB", "{\"addr\":68,\"reg\":256}", "LP_E_INVALID"},
        {"I2C.ReadRegB", "{\"addr\":17,\"reg\":0}", "LP_E_I2C_NACK"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_rpc_error(call(bad[i][0], bad[i][1]), bad[i][2]);
    }
    assert_result(call("I2C.ReadRegB", "{\"addr\":119,\"reg\":208}"), "value", "96");
}

static void one_request_at_a_time(void **state)
{
    (void)state;
    fake_stream_feed_str(&dev.line, "{\"id\":7,\"method\":\"I2C.Scan\"}\n");
    lp_loop_turn(&world->loop, 0);
    lp_loop_turn(&world->loop, 0);
    assert_non_null(svc.req_);
    assert_rpc_error(call("I2C.ReadRegB", "{\"addr\":119,\"reg\":208}"), "LP_E_BUSY");
    device_run(&dev, 1000);
    assert_null(svc.req_);
}

static void a_board_without_a_bus_says_so(void **state)
{
    (void)state;
    start(false);
    assert_rpc_error(call("I2C.Scan", "{}"), "LP_E_STATE");
    assert_rpc_error(call("I2C.Read", "{\"addr\":68,\"len\":1}"), "LP_E_STATE");
}

static void a_stuck_bus_ends_the_scan(void **state)
{
    (void)state;
    lp_chipsim_bus_faults(world->bus, &(lp_chipsim_faults_t){.stuck_after = 3});
    assert_rpc_error(call("I2C.Scan", "{}"), "LP_E_I2C_BUS");
}

int main(void)
{
#define I2C_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        I2C_TEST(scan_finds_the_sensors),          I2C_TEST(bytes_and_registers),
        I2C_TEST(the_crypto_chip_is_out_of_reach), I2C_TEST(bad_parameters_are_refused),
        I2C_TEST(one_request_at_a_time),           I2C_TEST(a_board_without_a_bus_says_so),
        I2C_TEST(a_stuck_bus_ends_the_scan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
