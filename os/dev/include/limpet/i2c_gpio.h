// SPDX-License-Identifier: Apache-2.0
// limpet/i2c_gpio.h - an I2C bus on two pins of limpet/gpio.h, moved by limpet/i2cbb.h.
//
// Halves of a clock are waited for by the port's microsecond clock, and are up to two microseconds
// longer than asked for: a bus of 400 kHz runs at some 150. Slaves do not mind.
// @context loop
#ifndef LIMPET_I2C_GPIO_H
#define LIMPET_I2C_GPIO_H

#include "limpet/gpio.h"
#include "limpet/i2cbb.h"

// Caller-owned; the bus to hand to a driver is &line->bb.bus. Other fields private.
typedef struct {
    lp_i2cbb_t bb; // must stay first
    lp_i2cbb_pins_t pins_;
    lp_gpio_t scl_, sda_;
} lp_i2c_gpio_t;

// Takes both pins (lends the rest) and switches their own pull-ups on where they have them, which
// are weak: short wires at 100 kHz do with them, others want resistors. Errors of lp_gpio_open(),
// then neither is taken; LP_E_UNSUPPORTED: one is no open drain.
lp_err_t lp_i2c_gpio_open(lp_i2c_gpio_t *line, lp_loop_t *loop, uint16_t scl, uint16_t sda);
// Gives the pins back. No transfer may be under way.
void lp_i2c_gpio_close(lp_i2c_gpio_t *line);

#endif
