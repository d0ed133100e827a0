// SPDX-License-Identifier: Apache-2.0
// No hardware makes pulses on pins: QEMU's timers of the MPS2 reach none, and the ESP8266 has none;
// its own SDK makes them with a timer.
#include "limpet/port/pwm.h"

lp_err_t lp_port_pwm_info(uint16_t pin, lp_pwm_info_t *info)
{
    (void)pin;
    (void)info;
    return LP_E_NOT_FOUND;
}

lp_err_t lp_port_pwm_start(uint16_t pin, uint32_t freq_hz, uint32_t duty)
{
    (void)pin;
    (void)freq_hz;
    (void)duty;
    return LP_E_NOT_FOUND;
}

void lp_port_pwm_stop(uint16_t pin)
{
    (void)pin;
}
