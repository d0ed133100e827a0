// SPDX-License-Identifier: Apache-2.0
// limpet/sc18is602.h - an SPI bus behind NXP's SC18IS602B, a bridge on I2C with four select lines.
// The virtual boards have one beside the crypto chip.
// @source NXP, SC18IS602B rev. 7: 7.1 (messages), table 5 (configuration)
// @context loop
#ifndef LIMPET_SC18IS602_H
#define LIMPET_SC18IS602_H

#include "limpet/i2c.h"
#include "limpet/spi.h"

enum {
    LP_SC18IS602_ADDR = 0x28,  // to 0x2F, as its three address pins are wired
    LP_SC18IS602_BYTES = 128,  // the longest transfer; a longer one is LP_E_NOSPACE
    LP_SC18IS602_BUSY_MS = 50, // longer is LP_E_I2C_NACK
};

// Caller-owned; the bus to hand to a driver is &bridge->bus. Other fields private.
typedef struct {
    lp_spi_bus_t bus; // must stay first
    lp_i2c_bus_t *i2c_;
    lp_i2c_xfer_t i2c_xfer_;
    lp_timer_t timer_;
    uint8_t addr_;
    uint8_t phase_;
    uint8_t config_; // what the bridge was told last; 0xFF: nothing
    uint8_t waited_ms_;
    const lp_spi_xfer_t *xfer_;
    uint8_t bytes_[1 + LP_SC18IS602_BYTES];
} lp_sc18is602_t;

// Lends loop and bus; of a shared bus its own port. Rates are the bridge's: 58, 115, 461 or 1,843
// kHz, the highest that the part allows.
void lp_sc18is602_init(lp_sc18is602_t *bridge, lp_loop_t *loop, lp_i2c_bus_t *i2c, uint8_t addr);

#endif
