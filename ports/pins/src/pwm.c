// SPDX-License-Identifier: Apache-2.0
// A generator of pulses in memory, one a pin: it says what it makes and moves no wire.
#include "limpet/port/pwm.h"

#include <stddef.h>

#include "wires.h"

enum { MAX_HZ = 40000 };

lp_err_t lp_port_pwm_info(uint16_t pin, lp_pwm_info_t *info)
{
    if (pins_find(pin) == NULL || (lp_pins_table[pin].can & LP_GPIO_CAN_OUTPUT) == 0) {
        return LP_E_NOT_FOUND;
    }
    *info = (lp_pwm_info_t){.min_hz = 1, .max_hz = MAX_HZ};
    return LP_OK;
}

lp_err_t lp_port_pwm_start(uint16_t pin, uint32_t freq_hz, uint32_t duty)
{
    lp_pwm_info_t info;
    if (lp_port_pwm_info(pin, &info) != LP_OK) {
        return LP_E_NOT_FOUND;
    }
    pins_pin_t *p = pins_find(pin);
    if (p->config.mode != LP_GPIO_OUTPUT) {
        return LP_E_STATE;
    }
    if (freq_hz < info.min_hz || freq_hz > info.max_hz || duty > LP_PWM_DUTY_FULL) {
        return LP_E_RANGE;
    }
    p->freq_hz = freq_hz;
    p->duty = duty;
    p->config.level = duty > 0;
    pins_settle(pin);
    pins_tell_pulses(pin);
    return LP_OK;
}

void lp_port_pwm_stop(uint16_t pin)
{
    pins_pin_t *p = pins_find(pin);
    if (p != NULL && p->freq_hz > 0) {
        p->freq_hz = 0;
        p->config.level = false;
        pins_settle(pin);
        pins_tell_pulses(pin);
    }
}

void lp_pins_pulses(uint16_t pin, uint32_t *freq_hz, uint32_t *duty)
{
    const pins_pin_t *p = pins_find(pin);
    *freq_hz = p != NULL ? p->freq_hz : 0;
    *duty = *freq_hz > 0 ? p->duty : 0;
}
