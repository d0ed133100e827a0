// SPDX-License-Identifier: Apache-2.0
// limpet/spibb.h - an SPI bus master made of pins.
//
// The core is held up for LP_SPIBB_TURN_US a turn of the loop, or for one byte where that takes
// longer.
// @context loop
#ifndef LIMPET_SPIBB_H
#define LIMPET_SPIBB_H

#include "limpet/spi.h"

enum {
    LP_SPIBB_RATE_MIN_HZ = 1000, // slower: LP_E_UNSUPPORTED
    LP_SPIBB_RATE_MAX_HZ = 4000000,
    LP_SPIBB_TURN_US = 200,
};

typedef struct {
    void (*clock)(void *ctx, bool level);
    void (*data_out)(void *ctx, bool level);
    bool (*data_in)(void *ctx);
    // The line of a part; false where there is none of this number.
    bool (*select)(void *ctx, uint8_t line, bool is_selected);
    void (*wait_ns)(void *ctx, uint32_t ns); // not less; busy
    void *ctx;
} lp_spibb_pins_t;

// Caller-owned; the bus to hand to a driver is &bb->bus. Other fields private.
typedef struct {
    lp_spi_bus_t bus; // must stay first
    const lp_spibb_pins_t *pins_;
    const lp_spi_xfer_t *xfer_;
    lp_event_t event_;
    size_t pos_;
    size_t bytes_a_turn_;
    uint32_t half_ns_; // of a clock
} lp_spibb_t;

// Lends all three.
void lp_spibb_init(lp_spibb_t *bb, lp_loop_t *loop, const lp_spibb_pins_t *pins);

#endif
