// SPDX-License-Identifier: Apache-2.0
// Pulses on a pin: by a generator that refuses, by one in memory, by the timer; measured on the
// wire by a meter, in virtual time.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fake/port.h"
#include "limpet/gpio.h"
#include "limpet/pins_meter.h"
#include "limpet/port/pwm.h"

enum { PIN = 0, NO_DRIVE = 2, LED = 4, SLACK_MS = 1 };

// The timer makes what open drains pulse: there the generator of the pins in memory is not asked.
static const lp_gpio_config_t open_drain = {
    .mode = LP_GPIO_OPEN_DRAIN, .pull = LP_GPIO_PULL_UP, .level = true};
static const lp_gpio_config_t output = {.mode = LP_GPIO_OUTPUT};
static const lp_gpio_config_t input = {.mode = LP_GPIO_INPUT};

static lp_loop_t loop;
static lp_gpio_t pin;
static lp_pins_meter_t meter;

static int set_up(void **state)
{
    (void)state;
    fake_clock_reset();
    lp_loop_init(&loop);
    lp_gpio_begin();
    assert_int_equal(lp_pins_meter_attach(&meter, PIN), LP_OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    lp_gpio_close(&pin);
    lp_pins_meter_detach(&meter);
    return 0;
}

static void pass_ms(unsigned ms, unsigned step_ms)
{
    for (unsigned i = 0; i < ms; i += step_ms) {
        lp_loop_turn(&loop, 0);
        lp_loop_turn(&loop, 0);
        fake_clock_advance_ms(step_ms);
    }
}

static void open_soft(void)
{
    assert_int_equal(lp_gpio_open(&pin, &loop, PIN, &open_drain, "lamp"), LP_OK);
}

static void assert_measured(uint32_t freq_hz, uint32_t duty)
{
    const lp_pins_meter_value_t v = lp_pins_meter_read(&meter);
    assert_in_range(v.freq_mhz, freq_hz * 995, freq_hz * 1005);
    assert_in_range(v.duty + 400, duty, duty + 800);
    assert_true(v.longest_us - v.shortest_us <= 2 * SLACK_MS * 1000);
}

// Frequencies and duties that are no whole milliseconds come out right over many periods.
static void the_timer_keeps_frequency_and_duty(void **state)
{
    static const struct {
        uint32_t freq_hz, duty;
    } rows[] = {{1, 32768},  {3, 20000},  {7, 60000},  {33, 32768},
                {60, 16384}, {100, 6554}, {100, 52429}};
    (void)state;
    open_soft();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(lp_gpio_pwm(&pin, rows[i].freq_hz, rows[i].duty), LP_OK);
        pass_ms(2000, 1);
        lp_pins_meter_clear(&meter);
        pass_ms(60000, 1);
        assert_measured(rows[i].freq_hz, rows[i].duty);
    }
}

// A pulse shorter than a millisecond is one of a millisecond, now and then.
static void a_tiny_duty_is_right_in_the_mean(void **state)
{
    (void)state;
    open_soft();
    assert_int_equal(lp_gpio_pwm(&pin, 100, 655), LP_OK); // 1 %: 0.1 ms of 10
    unsigned high_ms = 0;
    for (unsigned ms = 0; ms < 100000; ms++) {
        pass_ms(1, 1);
        high_ms += lp_pins_level(PIN) ? 1 : 0;
    }
    assert_in_range(high_ms, 950, 1050);
}

static void never_and_always_have_no_edges(void **state)
{
    (void)state;
    open_soft();
    for (int full = 0; full < 2; full++) {
        assert_int_equal(lp_gpio_pwm(&pin, 50, full == 1 ? LP_PWM_DUTY_FULL : 0), LP_OK);
        pass_ms(100, 1);
        lp_pins_meter_clear(&meter);
        pass_ms(1000, 1);
        const lp_pins_meter_value_t v = lp_pins_meter_read(&meter);
        assert_int_equal(v.freq_mhz, 0);
        assert_int_equal(v.duty, full == 1 ? LP_PWM_DUTY_FULL : 0);
    }
}

// A loop that comes late makes odd periods, and does not run after them for ever.
static void a_loop_that_was_held_up_goes_on(void **state)
{
    (void)state;
    open_soft();
    assert_int_equal(lp_gpio_pwm(&pin, 20, 32768), LP_OK);
    pass_ms(1000, 1);
    fake_clock_advance_ms(3600000);
    pass_ms(1000, 1);
    lp_pins_meter_clear(&meter);
    pass_ms(10000, 1);
    assert_measured(20, 32768);
}

static void a_change_makes_no_odd_pulse(void **state)
{
    (void)state;
    open_soft();
    assert_int_equal(lp_gpio_pwm(&pin, 10, 32768), LP_OK);
    pass_ms(1025, 1); // in the middle of a pulse
    lp_pins_meter_clear(&meter);
    assert_int_equal(lp_gpio_pwm(&pin, 20, 16384), LP_OK);
    pass_ms(5000, 1);
    const lp_pins_meter_value_t v = lp_pins_meter_read(&meter);
    assert_in_range(v.shortest_us, 49000, 51000);
    assert_in_range(v.longest_us, 49000, 101000);
    assert_in_range(v.duty, 16000, 17500);
}

static void it_ends_with_what_comes_next(void **state)
{
    (void)state;
    open_soft();
    for (int how = 0; how < 4; how++) {
        assert_int_equal(lp_gpio_pwm(&pin, 50, 32768), LP_OK);
        pass_ms(105, 1);
        if (how == 0) {
            assert_int_equal(lp_gpio_pwm(&pin, 0, 0), LP_OK);
        } else if (how == 1) {
            assert_int_equal(lp_gpio_write(&pin, true), LP_OK);
        } else if (how == 2) {
            assert_int_equal(lp_gpio_configure(&pin, &open_drain), LP_OK);
        } else {
            assert_int_equal(lp_gpio_blink(&pin, 10000, 10000), LP_OK);
        }
        lp_pins_meter_clear(&meter);
        pass_ms(1000, 1);
        const lp_pins_meter_value_t v = lp_pins_meter_read(&meter);
        assert_int_equal(v.freq_mhz, 0);
        assert_int_equal(v.duty, how == 0 ? 0 : LP_PWM_DUTY_FULL);
    }
}

static void hardware_is_asked_first_and_gives_way(void **state)
{
    (void)state;
    assert_int_equal(lp_gpio_open(&pin, &loop, PIN, &output, "lamp"), LP_OK);
    assert_int_equal(lp_gpio_pwm(&pin, 20000, 1000), LP_OK);
    lp_pins_meter_value_t v = lp_pins_meter_read(&meter);
    assert_int_equal(v.freq_mhz, 20000000);
    assert_int_equal(v.duty, 1000);
    lp_port_gpio_write(PIN, false); // does nothing meanwhile
    assert_true(lp_pins_level(PIN));
    assert_int_equal(lp_gpio_pwm(&pin, 40001, 1000), LP_E_RANGE);
    v = lp_pins_meter_read(&meter);
    assert_int_equal(v.freq_mhz, 20000000); // as before
    assert_int_equal(lp_gpio_write(&pin, true), LP_OK);
    v = lp_pins_meter_read(&meter);
    assert_int_equal(v.freq_mhz, 0);
    assert_int_equal(v.duty, LP_PWM_DUTY_FULL);
    assert_int_equal(lp_gpio_pwm(&pin, 1000, 1000), LP_OK);
    assert_int_equal(lp_gpio_configure(&pin, &input), LP_OK);
    assert_int_equal(lp_gpio_pwm(&pin, 1000, 1000), LP_E_STATE);
    v = lp_pins_meter_read(&meter);
    assert_int_equal(v.freq_mhz, 0);
    assert_int_equal(v.duty, 0);
}

static void what_cannot_be_is_refused(void **state)
{
    lp_gpio_t door;
    (void)state;
    open_soft();
    assert_int_equal(lp_gpio_pwm(&pin, 101, 1), LP_E_RANGE);
    assert_int_equal(lp_gpio_pwm(&pin, 50, 65537), LP_E_RANGE);
    assert_int_equal(lp_gpio_open(&door, &loop, NO_DRIVE, &input, "door"), LP_OK);
    assert_int_equal(lp_gpio_pwm(&door, 50, 1), LP_E_STATE);
    assert_int_equal(lp_gpio_pwm(&door, 0, 0), LP_E_STATE);
    lp_gpio_close(&door);
    assert_int_equal(lp_port_pwm_start(PIN, 50, 1), LP_E_STATE); // an open drain
    assert_int_equal(lp_port_pwm_start(99, 50, 1), LP_E_NOT_FOUND);
    assert_int_equal(lp_pins_meter_attach(&meter, 99), LP_E_NOT_FOUND);
    assert_int_equal(lp_pins_meter_attach(&meter, PIN), LP_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_timer_keeps_frequency_and_duty, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_tiny_duty_is_right_in_the_mean, set_up, tear_down),
        cmocka_unit_test_setup_teardown(never_and_always_have_no_edges, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_loop_that_was_held_up_goes_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_change_makes_no_odd_pulse, set_up, tear_down),
        cmocka_unit_test_setup_teardown(it_ends_with_what_comes_next, set_up, tear_down),
        cmocka_unit_test_setup_teardown(hardware_is_asked_first_and_gives_way, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_cannot_be_is_refused, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
