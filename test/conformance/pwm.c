// SPDX-License-Identifier: Apache-2.0
// Pulses: what a port says of a pin holds, what cannot be is refused, and an end is an end. Whether
// the pulses are right only a meter on the wire could say.
#include "limpet/port/pwm.h"

#include "conformance.h"
#include "limpet/port/gpio.h"

static const lp_gpio_config_t output = {.mode = LP_GPIO_OUTPUT};
static const lp_gpio_config_t off = {.mode = LP_GPIO_OFF};

static bool can_pulse(uint16_t pin, lp_pwm_info_t *info)
{
    lp_gpio_info_t gpio;
    return lp_port_gpio_info(pin, &gpio) == LP_OK && gpio.taken_by == NULL &&
           lp_port_pwm_info(pin, info) == LP_OK;
}

static void pins_without_hardware_are_refused(void **state)
{
    (void)state;
    for (uint32_t pin = 0; pin <= lp_port_gpio_end() + 1u; pin++) {
        const uint16_t n = pin <= lp_port_gpio_end() ? (uint16_t)pin : UINT16_MAX;
        lp_pwm_info_t info = {.min_hz = 12345, .max_hz = 12345};
        if (lp_port_pwm_info(n, &info) != LP_OK) {
            assert_int_equal(info.min_hz, 12345);
            assert_int_equal(lp_port_pwm_start(n, 100, 1), LP_E_NOT_FOUND);
            lp_port_pwm_stop(n);
        } else {
            assert_true(info.min_hz >= 1 && info.min_hz <= info.max_hz);
        }
    }
}

static void only_outputs_pulse_and_only_in_their_range(void **state)
{
    lp_pwm_info_t info;
    (void)state;
    for (uint16_t pin = 0; pin < lp_port_gpio_end(); pin++) {
        if (!can_pulse(pin, &info)) {
            continue;
        }
        assert_int_equal(lp_port_gpio_configure(pin, &off), LP_OK);
        assert_int_equal(lp_port_pwm_start(pin, info.min_hz, 1), LP_E_STATE);
        assert_int_equal(lp_port_gpio_configure(pin, &output), LP_OK);
        assert_int_equal(lp_port_pwm_start(pin, info.min_hz - 1, 1), LP_E_RANGE);
        assert_int_equal(lp_port_pwm_start(pin, info.max_hz + 1, 1), LP_E_RANGE);
        assert_int_equal(lp_port_pwm_start(pin, info.min_hz, LP_PWM_DUTY_FULL + 1), LP_E_RANGE);
        assert_false(lp_port_gpio_read(pin)); // as before
        lp_port_gpio_write(pin, true);
        assert_true(lp_port_gpio_read(pin));
        assert_int_equal(lp_port_gpio_configure(pin, &off), LP_OK);
    }
}

static void an_end_is_low_and_the_pin_is_an_output_again(void **state)
{
    lp_pwm_info_t info;
    (void)state;
    for (uint16_t pin = 0; pin < lp_port_gpio_end(); pin++) {
        if (!can_pulse(pin, &info)) {
            continue;
        }
        const uint32_t duties[] = {0, 1, LP_PWM_DUTY_FULL / 2, LP_PWM_DUTY_FULL};
        for (size_t i = 0; i < 4; i++) {
            assert_int_equal(lp_port_gpio_configure(pin, &output), LP_OK);
            assert_int_equal(lp_port_pwm_start(pin, info.max_hz, duties[i]), LP_OK);
            assert_int_equal(lp_port_pwm_start(pin, info.min_hz, duties[i]), LP_OK);
            lp_port_pwm_stop(pin);
            assert_false(lp_port_gpio_read(pin));
            lp_port_gpio_write(pin, true);
            assert_true(lp_port_gpio_read(pin));
            assert_int_equal(lp_port_pwm_start(pin, info.max_hz, duties[i]), LP_OK);
            assert_int_equal(lp_port_gpio_configure(pin, &output), LP_OK); // ends it, too
            lp_port_gpio_write(pin, true);
            assert_true(lp_port_gpio_read(pin));
            assert_int_equal(lp_port_gpio_configure(pin, &off), LP_OK);
        }
    }
}

int conformance_pwm(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pins_without_hardware_are_refused),
        cmocka_unit_test(only_outputs_pulse_and_only_in_their_range),
        cmocka_unit_test(an_end_is_low_and_the_pin_is_an_output_again),
    };
    return cmocka_run_group_tests_name("pwm", tests, NULL, NULL);
}
