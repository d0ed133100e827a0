// SPDX-License-Identifier: Apache-2.0
// limpet/i2cbb.h - an I2C bus master made of two pins, for boards without a controller (an ESP8266
// has none) and for those whose controller cannot make the crypto chip's wake pulse.
//
// One byte a turn of the loop: the core is held up for nine clocks, 90 us at 100 kHz, never for a
// whole transfer. Slaves may stretch the clock for LP_I2CBB_STRETCH_US.
// @source NXP UM10204, I2C-bus specification, 3.1
// @context loop
#ifndef LIMPET_I2CBB_H
#define LIMPET_I2CBB_H

#include "limpet/i2c.h"
#include "limpet/loop.h"

enum {
    LP_I2CBB_STRETCH_US = 2000, // longer is LP_E_TIMEOUT
    LP_I2CBB_RATE_MIN_HZ = 1000,
    LP_I2CBB_RATE_MAX_HZ = 400000,
};

// Open-drain pins. High means released: a resistor, or nobody, makes it high.
typedef struct {
    void (*set)(void *ctx, bool scl, bool sda);
    bool (*scl)(void *ctx);
    bool (*sda)(void *ctx);
    void (*wait_ns)(void *ctx, uint32_t ns); // not less; busy
    void *ctx;
} lp_i2cbb_pins_t;

// Caller-owned; the bus to hand to a driver is &bb->bus. Other fields private.
typedef struct {
    lp_i2c_bus_t bus; // must stay first
    lp_loop_t *loop_;
    const lp_i2cbb_pins_t *pins_;
    lp_i2c_xfer_t *xfer_;
    lp_event_t event_;
    size_t pos_; // bytes done, address included
    uint32_t rate_hz_;
    uint32_t half_ns_; // of a clock of this transfer
} lp_i2cbb_t;

// Lends all three. 100 kHz until lp_i2c_set_rate().
void lp_i2cbb_init(lp_i2cbb_t *bb, lp_loop_t *loop, const lp_i2cbb_pins_t *pins);

#endif
