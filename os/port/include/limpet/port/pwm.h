// SPDX-License-Identifier: Apache-2.0
// limpet/port/pwm.h - pulses that hardware makes on pins, as a port must provide them.
//
// A port whose hardware makes none says so for every pin; lp_gpio_pwm() of limpet/gpio.h makes slow
// ones with a timer then. Frequencies are whole hertz, the duty is in parts of 65536.
#ifndef LIMPET_PORT_PWM_H
#define LIMPET_PORT_PWM_H

#include <stdint.h>

#include "limpet/err.h"

enum { LP_PWM_DUTY_FULL = 65536 }; // always high

typedef struct {
    uint32_t min_hz, max_hz; // at least 1
} lp_pwm_info_t;

// LP_E_NOT_FOUND: hardware makes no pulses on that pin, or there is none of this number.
// @context loop
lp_err_t lp_port_pwm_info(uint16_t pin, lp_pwm_info_t *info);

// Begins, or changes from the next period on without a shorter or longer one in between. The pin is
// an output (limpet/port/gpio.h). Until the end lp_port_gpio_read() is either level, and
// lp_port_gpio_write() does nothing.
// LP_E_NOT_FOUND: as above; LP_E_RANGE: the frequency, or a duty of more than LP_PWM_DUTY_FULL;
// LP_E_STATE: the pin is no output; LP_E_BUSY: all generators are in use with other frequencies. On
// errors it goes on as before.
// @context loop
lp_err_t lp_port_pwm_start(uint16_t pin, uint32_t freq_hz, uint32_t duty);

// The pin is an output that drives low. Does nothing where nothing goes on.
// lp_port_gpio_configure() ends it as well.
// @context loop
void lp_port_pwm_stop(uint16_t pin);

#endif
