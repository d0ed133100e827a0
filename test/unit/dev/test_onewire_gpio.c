// SPDX-License-Identifier: Apache-2.0
// A one-wire bus of one pin, against the virtual sensors that the bridge and the UART meet, edge by
// edge on a wire in memory. A look at the clock takes a microsecond here; interrupts come wherever
// they are not kept out, and some that cannot be kept out.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake/port.h"
#include "limpet/ds18b20.h"
#include "limpet/onewire_gpio.h"
#include "limpet/parts_wire.h"
#include "limpet/pins.h"
#include "limpet/port/clock.h"

enum { PIN = 0, LED = 4, INTERRUPT_US = 300, KEPT_OUT_MAX_US = 100 };

static lp_loop_t loop;
static lp_onewire_gpio_t line;
static lp_ds18b20_t sensor;
static unsigned done_count;
static lp_err_t done_err;
static int32_t done_value;

// -- time

static uint64_t true_us;      // of this world; the fake clock follows
static unsigned interrupt_in; // looks until the next interrupt; 0: there are none
static unsigned stubborn_in;  // the same of one that cannot be kept out
static uint64_t kept_out_us, longest_us;

static void wire_pass(void);

static void pass_us(uint64_t us)
{
    for (uint64_t i = 0; i < us; i++) {
        true_us++;
        fake_clock_advance_us(1);
        wire_pass();
    }
}

static void on_look(void)
{
    fake_on_look = NULL; // what looks in here takes no time
    pass_us(1);
    kept_out_us = fake_irq_depth > 0 ? kept_out_us + 1 : 0;
    longest_us = kept_out_us > longest_us ? kept_out_us : longest_us;
    if (interrupt_in > 0 && fake_irq_depth == 0 && --interrupt_in == 0) {
        interrupt_in = 1 + (unsigned)rand() % 200;
        pass_us(1 + (unsigned)rand() % INTERRUPT_US);
    }
    if (stubborn_in > 0 && --stubborn_in == 0) {
        pass_us(INTERRUPT_US);
    }
    fake_on_look = on_look;
}

// -- the wire, with its sensors at the other end

static lp_wire_t *wire;
static lp_pins_peer_t part;
static bool is_ours; // the change that is heard
static uint64_t fell_us, hold_until_us, presence_from_us, presence_until_us;
static bool is_held; // for ever

static uint64_t sensors_clock(void *ctx)
{
    (void)ctx;
    return lp_port_now_ms() * 1000; // does not look at the microseconds, which would cost time
}

static void drive(bool is_low)
{
    is_ours = true;
    lp_pins_drive(&part, is_low ? LP_PINS_DRIVE_LOW : LP_PINS_LET_GO);
    is_ours = false;
}

static void wire_pass(void)
{
    const bool is_presence = true_us >= presence_from_us && true_us < presence_until_us;
    drive(is_held || true_us < hold_until_us || is_presence);
}

static void on_wire(void *ctx, bool level)
{
    (void)ctx;
    if (is_ours || lp_pins_config(PIN).mode != LP_GPIO_OPEN_DRAIN) {
        return;
    }
    if (!level) {
        fell_us = true_us;
        return;
    }
    const lp_wire_echo_t echo = lp_wire_pulse(wire, (uint32_t)(true_us - fell_us));
    is_held = echo.low_us == LP_WIRE_LOW;
    hold_until_us = is_held ? 0 : fell_us + echo.low_us;
    presence_from_us = fell_us + echo.presence_at_us;
    presence_until_us = echo.presence_us > 0 ? presence_from_us + echo.presence_us : 0;
    wire_pass();
}

static void open_wire(const char *values, bool is_parasitic)
{
    const lp_chipsim_clock_t clock = {.now_us = sensors_clock};
    wire = lp_wire_new(values, is_parasitic, &clock);
    assert_non_null(wire);
    assert_int_equal(lp_onewire_gpio_open(&line, &loop, PIN), LP_OK);
    part = (lp_pins_peer_t){.changed = on_wire};
    assert_int_equal(lp_pins_attach(&part, PIN), LP_OK);
    fake_on_look = on_look;
}

static int set_up(void **state)
{
    (void)state;
    fake_clock_reset();
    lp_loop_init(&loop);
    lp_gpio_begin();
    srand(7);
    true_us = fell_us = hold_until_us = presence_from_us = presence_until_us = 0;
    kept_out_us = longest_us = 0;
    interrupt_in = stubborn_in = done_count = 0;
    is_held = is_ours = false;
    wire = NULL;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fake_on_look = NULL;
    lp_pins_detach(&part);
    lp_onewire_gpio_close(&line);
    lp_wire_free(wire);
    return 0;
}

// Sleep jumps over time in which nothing moves on the wire but a conversion.
static void run_until_done(unsigned count)
{
    for (int i = 0; i < 200000 && done_count < count; i++) {
        const uint64_t before_ms = lp_port_now_ms();
        lp_loop_turn(&loop, 10);
        true_us += (lp_port_now_ms() - before_ms) * 1000; // no edge is under way then
        wire_pass();
    }
    assert_int_equal(done_count, count);
}

static void on_measured(void *ctx, lp_err_t err, int32_t temperature)
{
    (void)ctx;
    done_err = err;
    done_value = temperature;
    done_count++;
}

static lp_err_t measure(void)
{
    const unsigned count = done_count + 1;
    assert_int_equal(lp_ds18b20_measure(&sensor, on_measured, NULL), LP_OK);
    run_until_done(count);
    return done_err;
}

static void init_alone(void)
{
    assert_int_equal(lp_ds18b20_init(&sensor, &line.bus, NULL, 12), LP_OK);
}

static void on_done(void *ctx, lp_err_t err)
{
    (void)ctx;
    done_err = err;
    done_count++;
}

static lp_err_t scan(lp_onewire_scan_t *found)
{
    const unsigned count = done_count + 1;
    assert_int_equal(lp_onewire_scan(&line.bus, found, on_done, NULL), LP_OK);
    run_until_done(count);
    return done_err;
}

// -- tests

static void a_sensor_is_measured(void **state)
{
    static const char *const values[] = {"21.5", "-3.25", "85", "-55", "0"};
    static const int32_t expected[] = {2150, -325, 8500, -5500, 0};
    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        (void)set_up(NULL);
        open_wire(values[i], false);
        init_alone();
        assert_int_equal(measure(), LP_OK);
        assert_int_equal(done_value, expected[i]);
        assert_int_equal(line.late, 0);
        (void)tear_down(NULL);
    }
    (void)set_up(NULL);
    open_wire("1", false);
}

static void all_on_the_wire_are_found(void **state)
{
    lp_onewire_scan_t found;
    (void)state;
    open_wire("1,2,3,4,5,6,7,8", false);
    assert_int_equal(scan(&found), LP_OK);
    assert_int_equal(found.count, 8);
    for (size_t n = 0; n < 8; n++) {
        size_t same = 0;
        for (size_t i = 0; i < 8; i++) {
            same += memcmp(found.rom[i], lp_wire_rom(wire, n), LP_ONEWIRE_ROM_BYTES) == 0 ? 1 : 0;
        }
        assert_int_equal(same, 1);
    }
}

// Everywhere an interrupt can come, one of up to 300 us comes; no bit suffers.
static void interrupts_do_no_harm(void **state)
{
    lp_onewire_scan_t found;
    (void)state;
    open_wire("21.5,-7", false);
    interrupt_in = 1;
    for (int i = 0; i < 20; i++) {
        assert_int_equal(scan(&found), LP_OK);
        assert_int_equal(found.count, 2);
        assert_int_equal(lp_ds18b20_init(&sensor, &line.bus, lp_wire_rom(wire, 1), 9), LP_OK);
        assert_int_equal(measure(), LP_OK);
        assert_int_equal(done_value, -700);
    }
    assert_int_equal(line.late, 0);
}

static void interrupts_are_kept_out_for_a_short_time_only(void **state)
{
    (void)state;
    open_wire("21.5", false);
    init_alone();
    assert_int_equal(measure(), LP_OK);
    assert_in_range(longest_us, 60, KEPT_OUT_MAX_US);
    assert_int_equal(fake_irq_depth, 0);
}

// What cannot be kept out, at any moment of a measurement: either it did no harm, or it is said.
// Never is a wrong number taken for a temperature.
static void a_core_that_is_held_up_guesses_nothing(void **state)
{
    unsigned lost = 0;
    (void)state;
    open_wire("-3.25", false);
    init_alone();
    for (unsigned at = 1; at < 12000; at += 37) {
        stubborn_in = at;
        const lp_err_t err = measure();
        if (err == LP_OK) {
            assert_int_equal(done_value, -325);
        } else {
            lost++;
            assert_true(err == LP_E_TIMEOUT || err == LP_E_NOT_FOUND || err == LP_E_CRC);
        }
        stubborn_in = 0;
        assert_int_equal(measure(), LP_OK); // and it heals by itself
        assert_int_equal(done_value, -325);
    }
    assert_in_range(lost, 20, 300);
    assert_true(line.late >= 20);
}

static void parts_without_a_supply_are_fed(void **state)
{
    (void)state;
    open_wire("21.5", true);
    init_alone();
    const unsigned count = done_count + 1;
    bool was_fed = false;
    assert_int_equal(lp_ds18b20_measure(&sensor, on_measured, NULL), LP_OK);
    for (int i = 0; i < 100000 && done_count < count; i++) {
        const uint64_t before_ms = lp_port_now_ms();
        const bool is_fed = lp_pins_config(PIN).mode == LP_GPIO_OUTPUT;
        if (is_fed != was_fed) {
            lp_wire_feed(wire, is_fed);
            was_fed = is_fed;
        }
        lp_loop_turn(&loop, 10);
        true_us += (lp_port_now_ms() - before_ms) * 1000;
        wire_pass();
    }
    assert_int_equal(done_err, LP_OK);
    assert_int_equal(done_value, 2150);
    assert_int_equal(lp_pins_config(PIN).mode, LP_GPIO_OPEN_DRAIN); // and not for ever
}

static void each_trouble_has_its_error(void **state)
{
    static const struct {
        const char *values;
        lp_err_t err;
    } rows[] = {
        {"absent", LP_E_NOT_FOUND}, {"crc", LP_E_CRC}, {"reset", LP_E_VERIFY}, {"short", LP_E_IO}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        (void)set_up(NULL);
        open_wire(rows[i].values, false);
        init_alone();
        assert_int_equal(measure(), rows[i].err);
        assert_int_equal(measure(), rows[i].err);
        (void)tear_down(NULL);
    }
    (void)set_up(NULL);
    open_wire("1", false);
}

static void pins_that_cannot_are_refused(void **state)
{
    static const lp_gpio_config_t output = {.mode = LP_GPIO_OUTPUT};
    lp_onewire_gpio_t other;
    lp_gpio_t lamp;
    (void)state;
    open_wire("1", false);
    assert_int_equal(lp_onewire_gpio_open(&other, &loop, PIN), LP_E_BUSY);
    assert_int_equal(lp_onewire_gpio_open(&other, &loop, LED), LP_E_UNSUPPORTED);
    assert_int_equal(lp_onewire_gpio_open(&other, &loop, 99), LP_E_NOT_FOUND);
    assert_int_equal(lp_gpio_open(&lamp, &loop, PIN, &output, "lamp"), LP_E_BUSY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_sensor_is_measured, set_up, tear_down),
        cmocka_unit_test_setup_teardown(all_on_the_wire_are_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(interrupts_do_no_harm, set_up, tear_down),
        cmocka_unit_test_setup_teardown(interrupts_are_kept_out_for_a_short_time_only, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_core_that_is_held_up_guesses_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(parts_without_a_supply_are_fed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_trouble_has_its_error, set_up, tear_down),
        cmocka_unit_test_setup_teardown(pins_that_cannot_are_refused, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
