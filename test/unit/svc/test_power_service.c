// SPDX-License-Identifier: Apache-2.0
// Deep sleep of a device with an emulated chip, in virtual time: the chip is asleep, not idle, jobs
// of the chip come first, and Sys.Sleep takes nothing else than it should.
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "device.h"
#include "limpet/port/clock.h"
#include "limpet/svc_power.h"

static device_t dev;
static world_t *world;
static lp_power_t power;
static lp_svc_power_t service;
static lp_svc_cloud_t cloud; // its state only
static jmp_buf asleep;

static void fall_asleep(void)
{
    longjmp(asleep, 1);
}

static void on_rest(void *ctx, lp_loop_fn *done, void *done_ctx)
{
    (void)ctx;
    lp_svc_power_rest(&service, done, done_ctx);
}

static void start(bool has_bus)
{
    device_start(&dev, world, has_bus, NULL);
    lp_power_init(&power, &(lp_power_setup_t){.loop = dev.loop, .rest = on_rest});
    cloud = (lp_svc_cloud_t){.state = LP_CLOUD_OFF};
    lp_svc_power_init(&service, &(lp_svc_power_setup_t){.power = &power,
                                                        .rpc = &dev.rpc,
                                                        .turn = &dev.turn,
                                                        .chip = &dev.chip,
                                                        .cloud = &cloud});
    fake_on_deep_sleep = fall_asleep;
    device_run(&dev, 3000); // the chip is found
}

static int setup(void **state)
{
    (void)state;
    world = device_world(LP_CHIPSIM_ATECC508A);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    world_free(world);
    return 0;
}

static bool sleeps_within(uint32_t ms)
{
    if (setjmp(asleep) != 0) {
        return true;
    }
    device_run(&dev, ms);
    return false;
}

static const char *call(const char *params)
{
    return device_call(&dev, "Sys.Sleep", params);
}

// Bit 7 of the second byte of Info's state is TempKey's validity: an idle chip keeps TempKey, a
// sleeping one has lost it.
// @source DS20005927A 6.3, 6.4, 9.9
static bool has_tempkey(void)
{
    uint8_t state[4] = {0};
    RUN(world, LP_OK,
        lp_atecc_info(&world->chip, &world->req, LP_ATECC_INFO_STATE, 0, state, world_done, world));
    return (state[1] & 0x80) != 0;
}

// Another master's driver loads TempKey and leaves the chip idle, behind the device's back.
static void leave_chip_idle(void)
{
    static const uint8_t value[32] = {42};
    RUN(world, LP_OK, lp_atecc_nonce_load(&world->chip, &world->req, value, world_done, world));
    assert_true(has_tempkey());
    RUN(world, LP_OK, lp_atecc_rest(&world->chip, &world->req, LP_ATECC_IDLE, world_done, world));
}

static void chip_is_asleep_before_the_board_is(void **state)
{
    (void)state;
    start(true);
    assert_non_null(lp_svc_chip_id(&dev.chip));
    leave_chip_idle();
    world_settle(world, 2000);
    assert_true(has_tempkey()); // idle keeps it, for however long
    leave_chip_idle();
    assert_result(call("{\"sleep_s\":60}"), "", "{}");
    assert_true(sleeps_within(2000));
    assert_int_equal(fake_sleep_ms, 60000);
    assert_false(has_tempkey());
}

// After a fault on the bus the driver does not know what the chip does. An idle one does not hear
// the word "sleep".
static void chip_of_unknown_state_is_woken_first(void **state)
{
    (void)state;
    start(true);
    leave_chip_idle();
    dev.chip.chip_.power_ = 0; // unknown
    assert_result(call("{\"sleep_s\":60}"), "", "{}");
    assert_true(sleeps_within(2000));
    assert_false(has_tempkey());
}

static void board_without_a_chip_sleeps(void **state)
{
    (void)state;
    start(false);
    assert_result(call("{\"sleep_s\":1,\"patience_ms\":0}"), "", "{}");
    assert_true(sleeps_within(2000));
}

static void board_whose_chip_is_gone_sleeps(void **state)
{
    (void)state;
    start(true);
    world->vanish_at = world->transfers;
    assert_result(call("{\"sleep_s\":1}"), "", "{}");
    assert_true(sleeps_within(10000));
    assert_true(fake_log_contains("was not put to sleep"));
}

static void never(void *ctx)
{
    (void)ctx;
}

// Locking a zone, or a handshake: cut in the middle it could not be made good.
static void job_of_the_chip_comes_first(void **state)
{
    static lp_turn_ticket_t ticket;
    (void)state;
    start(true);
    memset(&ticket, 0, sizeof ticket);
    lp_turn_take(&dev.turn, &ticket, never, NULL);
    device_run(&dev, 1);
    assert_result(call("{\"sleep_s\":60,\"patience_ms\":100}"), "", "{}");
    assert_false(sleeps_within(60000));
    lp_turn_give(&dev.turn, &ticket);
    assert_true(sleeps_within(2000));
}

static void connection_that_is_made_is_waited_for(void **state)
{
    (void)state;
    start(true);
    cloud.state = LP_CLOUD_LOGIN;
    assert_result(call("{\"sleep_s\":60,\"patience_ms\":5000}"), "", "{}");
    assert_false(sleeps_within(4000));
    assert_true(sleeps_within(2000)); // out of patience
}

static void sleep_that_makes_no_sense_is_refused(void **state)
{
    static const char *const bad[] = {
        "{}",
        "{\"sleep_s\":0}",
        "{\"sleep_s\":-1}",
        "{\"sleep_s\":86401}",
        "{\"sleep_s\":1.5}",
        "{\"sleep_s\":\"1\"}",
        "{\"sleep_s\":1,\"patience_ms\":600001}",
        "{\"sleep_s\":1,\"patience_ms\":-1}",
        "{\"sleep_s\":1,\"sleep_s\":1}",
    };
    (void)state;
    start(false);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_rpc_error(call(bad[i]), "LP_E_RANGE");
    }
    assert_false(sleeps_within(1000));
    assert_int_equal(lp_rpc_find(&dev.rpc, "Sys.Sleep")->level, LP_RPC_WRITE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(chip_is_asleep_before_the_board_is, setup, teardown),
        cmocka_unit_test_setup_teardown(chip_of_unknown_state_is_woken_first, setup, teardown),
        cmocka_unit_test_setup_teardown(board_without_a_chip_sleeps, setup, teardown),
        cmocka_unit_test_setup_teardown(board_whose_chip_is_gone_sleeps, setup, teardown),
        cmocka_unit_test_setup_teardown(job_of_the_chip_comes_first, setup, teardown),
        cmocka_unit_test_setup_teardown(connection_that_is_made_is_waited_for, setup, teardown),
        cmocka_unit_test_setup_teardown(sleep_that_makes_no_sense_is_refused, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
