// SPDX-License-Identifier: Apache-2.0
// apps/battery in virtual time, over many starts: it publishes once a start, remembers how often,
// and is awake for no longer than that takes; without a network, or a sensor, for no longer than
// its patience.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fake/port.h"
#include "limpet/port/clock.h"

// The application itself: a start of the board begins with its memory as the image has it.
#include "../../../apps/battery/main.c"

enum { LOGIN_MS = 700, MEASURING_MS = 16, ACK_MS = 90, INTERVAL_S = 900, LOOKS_MS = 250 };

static lp_loop_t loop;
static lp_app_t app = {.loop = &loop};
static lp_i2c_bus_t i2c;
static lp_events_t bus;
static lp_events_item_t items[8];
static lp_power_t power;
static bool has_power;
static jmp_buf asleep;

// -- the world: a network, a sensor, a broker that acknowledges

static struct {
    bool has_network, has_sensor, is_broker_deaf;
    unsigned waiting; // messages
    unsigned published;
    char payload[200];
    lp_timer_t login, measuring, ack;
    lp_sht3x_done_fn *done;
} world;

lp_power_t *lp_app_power(const lp_app_t *a)
{
    (void)a;
    return has_power ? &power : NULL;
}

lp_events_t *lp_app_events(const lp_app_t *a)
{
    (void)a;
    return &bus;
}

static void on_ack(void *ctx)
{
    (void)ctx;
    world.waiting = 0;
}

lp_err_t lp_app_publish_readings(lp_app_t *a, const char *what, const lp_app_reading_t *readings,
                                 size_t count)
{
    assert_ptr_equal(a, &app);
    assert_string_equal(what, "air");
    assert_int_equal(count, 3);
    world.published++;
    world.waiting = 1;
    snprintf(world.payload, sizeof world.payload, "%d %d %d", (int)readings[0].value,
             (int)readings[1].value, (int)readings[2].value);
    if (!world.is_broker_deaf) {
        lp_timer_start(&loop, &world.ack, ACK_MS);
    }
    return LP_OK;
}

void lp_sht3x_init(lp_sht3x_t *s, lp_loop_t *l, lp_i2c_bus_t *b, uint8_t addr)
{
    (void)s;
    (void)l;
    assert_ptr_equal(b, &i2c);
    assert_int_equal(addr, LP_SHT3X_ADDR);
}

static void on_measured(void *ctx)
{
    static const lp_sht3x_reading_t air = {.temperature = 2150, .humidity = 4000};
    world.done(ctx, world.has_sensor ? LP_OK : LP_E_I2C_NACK, &air);
}

lp_err_t lp_sht3x_measure(lp_sht3x_t *s, lp_sht3x_done_fn *done, void *ctx)
{
    (void)s;
    world.done = done;
    lp_timer_init(&world.measuring, on_measured, ctx);
    lp_timer_start(&loop, &world.measuring, MEASURING_MS);
    return LP_OK;
}

static void on_login(void *ctx)
{
    (void)ctx;
    lp_events_publish(&bus, LP_EV_CLOUD_CONNECTED, 0, NULL);
}

static const char *messages_object(void *ctx)
{
    (void)ctx;
    return world.waiting > 0 ? "messages wait for the broker" : NULL;
}

// -- settings

static lp_store_t store;
static lp_config_t config;
static lp_config_value_t values[LP_SETTINGS_COUNT];
static lp_store_item_t config_items[LP_SETTINGS_COUNT];
static uint8_t arena[LP_SETTINGS_ARENA];
static lp_config_vendor_t vendor[] = {{.key = "cloud.enable", .num = 1},
                                      {.key = "telemetry.interval_s", .num = INTERVAL_S}};

static void read_settings(void)
{
    const lp_config_setup_t setup = {.rows = lp_settings,
                                     .count = LP_SETTINGS_COUNT,
                                     .values = values,
                                     .items = config_items,
                                     .arena = arena,
                                     .arena_bytes = sizeof arena,
                                     .store = &store,
                                     .vendor = vendor,
                                     .vendor_count = 2};
    assert_int_equal(lp_config_init(&config, &setup), LP_OK);
}

// -- starts

static void fall_asleep(void)
{
    longjmp(asleep, 1);
}

static void forget(void)
{
    memset(&kept, 0, sizeof kept);
    open_until_ms = 0;
    memset(&watch, 0, sizeof watch);
    is_done = false;
    world.waiting = 0;
}

static void start(lp_wake_t wake)
{
    static lp_power_veto_t messages = {.why_not = messages_object};
    forget();
    fake_clock_reset();
    fake_wake = wake;
    fake_slept_ms = wake == LP_WAKE_TIMER ? fake_sleep_ms : 0;
    fake_on_deep_sleep = fall_asleep;
    lp_loop_init(&loop);
    lp_events_init(&bus, &loop, items, sizeof items / sizeof items[0]);
    lp_power_init(&power, &(lp_power_setup_t){.loop = &loop});
    lp_power_add_veto(&power, &messages);
    lp_timer_init(&world.ack, on_ack, NULL);
    lp_timer_init(&world.login, on_login, NULL);
    if (world.has_network) {
        lp_timer_start(&loop, &world.login, LOGIN_MS);
    }
    lp_app_main(&app);
}

// Until it sleeps, within `ms`; how long it was awake.
static uint64_t awake_for(uint32_t ms)
{
    if (setjmp(asleep) == 0) {
        while (lp_port_now_ms() < ms) {
            lp_loop_turn(&loop, (uint32_t)(ms - lp_port_now_ms()));
        }
        fail_msg("it does not sleep");
    }
    return lp_port_now_ms();
}

static int set_up(void **state)
{
    size_t bytes = 0;
    (void)state;
    memset(lp_port_rtc(&bytes), 0, LP_PORT_RTC_BYTES_MIN);
    fake_system_reset();
    vendor[0].num = 1;
    read_settings();
    app.config = &config;
    app.i2c = &i2c;
    has_power = true;
    memset(&world, 0, sizeof world);
    world.has_network = true;
    world.has_sensor = true;
    return 0;
}

// A day of it: one message each quarter of an hour, and awake for less than a thousandth of the
// day.
static void day_is_slept_through(void **state)
{
    const uint64_t takes_ms = LOGIN_MS + MEASURING_MS + ACK_MS;
    (void)state;
    fake_sleep_ms = INTERVAL_S * 1000; // a sleep that nothing was kept over
    start(LP_WAKE_TIMER);
    for (unsigned i = 1; i <= 96; i++) {
        char expected[40];
        const uint64_t awake_ms = awake_for(60000);
        assert_in_range(awake_ms, takes_ms, takes_ms + LOOKS_MS);
        assert_int_equal(world.published, i);
        snprintf(expected, sizeof expected, "2150 4000 %u", i);
        assert_string_equal(world.payload, expected);
        assert_int_equal(fake_sleep_ms, INTERVAL_S * 1000);
        start(LP_WAKE_TIMER);
        assert_int_equal(power.sleeps, i);
    }
    assert_true(power.slept_ms == 96ULL * INTERVAL_S * 1000);
    const uint64_t awake_ms = lp_power_awake_ms(&power);
    assert_in_range(awake_ms, 96 * takes_ms, 96 * (takes_ms + LOOKS_MS));
    assert_true(awake_ms * 500 < power.slept_ms); // awake for less than 2 in 1,000
}

static void without_a_network_patience_ends(void **state)
{
    (void)state;
    world.has_network = false;
    start(LP_WAKE_TIMER);
    assert_in_range(awake_for(60000), PATIENCE_MS, PATIENCE_MS + LOOKS_MS);
    assert_int_equal(world.published, 0);
    world.has_network = true; // the next time it is there
    start(LP_WAKE_TIMER);
    (void)awake_for(60000);
    assert_string_equal(world.payload, "2150 4000 1");
}

static void broker_that_does_not_acknowledge_costs_the_patience(void **state)
{
    (void)state;
    world.is_broker_deaf = true;
    start(LP_WAKE_TIMER);
    assert_in_range(awake_for(60000), PATIENCE_MS, PATIENCE_MS + LOOKS_MS);
}

static void sensor_that_is_gone_costs_no_patience(void **state)
{
    (void)state;
    world.has_sensor = false;
    start(LP_WAKE_TIMER);
    assert_true(awake_for(60000) < 2000);
    assert_int_equal(world.published, 0);
    assert_true(fake_log_contains("no reading"));
}

static void second_connection_of_a_start_publishes_nothing(void **state)
{
    (void)state;
    world.is_broker_deaf = true;
    start(LP_WAKE_TIMER);
    for (int i = 0; i < 20; i++) {
        lp_loop_turn(&loop, 100);
    }
    lp_events_publish(&bus, LP_EV_CLOUD_CONNECTED, 0, NULL);
    (void)awake_for(60000);
    assert_int_equal(world.published, 1);
}

// Started by hand, by its power or its wake pin: somebody is there.
static void start_by_hand_leaves_a_minute(void **state)
{
    static const lp_wake_t by_hand[] = {LP_WAKE_POWER_ON, LP_WAKE_RESET, LP_WAKE_PIN};
    (void)state;
    for (unsigned i = 0; i < sizeof by_hand / sizeof by_hand[0]; i++) {
        start(by_hand[i]);
        assert_in_range(awake_for(90000), OPEN_MS, OPEN_MS + LOOKS_MS);
        assert_int_equal(world.published, i + 1);
    }
    start(LP_WAKE_TIMER);
    assert_true(awake_for(90000) < 2000);
}

// Who sets a board up needs it awake.
static void board_that_is_not_set_up_stays_awake(void **state)
{
    (void)state;
    vendor[0].num = 0;
    read_settings();
    start(LP_WAKE_POWER_ON);
    assert_int_equal(power.state, LP_POWER_AWAKE);
    assert_true(fake_log_contains("stays awake"));
}

static void board_that_cannot_sleep_is_explained(void **state)
{
    (void)state;
    has_power = false;
    start(LP_WAKE_POWER_ON);
    assert_true(fake_log_contains("cannot sleep"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(day_is_slept_through, set_up),
        cmocka_unit_test_setup(without_a_network_patience_ends, set_up),
        cmocka_unit_test_setup(broker_that_does_not_acknowledge_costs_the_patience, set_up),
        cmocka_unit_test_setup(sensor_that_is_gone_costs_no_patience, set_up),
        cmocka_unit_test_setup(second_connection_of_a_start_publishes_nothing, set_up),
        cmocka_unit_test_setup(start_by_hand_leaves_a_minute, set_up),
        cmocka_unit_test_setup(board_that_is_not_set_up_stays_awake, set_up),
        cmocka_unit_test_setup(board_that_cannot_sleep_is_explained, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
