// SPDX-License-Identifier: Apache-2.0
// limpet/max31855.h - Maxim MAX31855: a thermocouple on SPI, -270 to 1,800 degrees.
//
// The part measures ten times a second by itself; a reading is the last one.
// @source Maxim 19-5793, MAX31855: "Serial interface", tables 2 to 5
// @context loop
#ifndef LIMPET_MAX31855_H
#define LIMPET_MAX31855_H

#include "limpet/spi.h"

typedef struct {
    int32_t thermocouple; // hundredths of a degree Celsius
    int32_t board;        // the same of the part itself
} lp_max31855_reading_t;

// LP_OK and a reading, borrowed until the return; else null and LP_E_NOT_FOUND (the thermocouple is
// broken or not wired), LP_E_IO (it touches ground or the supply), LP_E_UNSUPPORTED (no part
// answers, or another one; also a wire that is held low, which would be 0 degrees of both), or
// another error of the bus.
typedef void lp_max31855_done_fn(void *ctx, lp_err_t err, const lp_max31855_reading_t *reading);

// Caller-owned, private.
typedef struct {
    lp_spi_bus_t *bus_;
    lp_spi_device_t device_;
    lp_spi_xfer_t xfer_;
    bool is_busy_;
    uint8_t rx_[4];
    lp_max31855_done_fn *done_;
    void *ctx_;
} lp_max31855_t;

// Lends the bus. `select`: its line there.
void lp_max31855_init(lp_max31855_t *s, lp_spi_bus_t *bus, uint8_t select);

// LP_OK: done() comes later, once. LP_E_BUSY: a reading is under way.
lp_err_t lp_max31855_read(lp_max31855_t *s, lp_max31855_done_fn *done, void *ctx);

#endif
