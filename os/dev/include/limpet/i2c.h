// SPDX-License-Identifier: Apache-2.0
// limpet/i2c.h - an I2C bus master, split-phase.
//
// Implementations: ports/posix (/dev/i2c-N), os/dev/sc18im (UART-to-I2C adapter, which is also how
// the virtual chip is reached), bit-banged, test doubles. One transfer at a time; callers queue.
// @context loop
#ifndef LIMPET_I2C_H
#define LIMPET_I2C_H

#include "limpet/err.h"
#include "limpet/span.h"

typedef struct lp_i2c_bus lp_i2c_bus_t;

typedef enum {
    LP_I2C_WRITE, // START, addr+W, tx, STOP. tx may be empty (address probe).
    LP_I2C_READ,  // START, addr+R, rx_len bytes, STOP.
    LP_I2C_WAKE,  // hold SDA low for at least 60 us (address byte 0x00 at <= 100 kHz); no ACK asked
    LP_I2C_RECOVER, // nine clocks and a STOP: free a bus that a slave holds
} lp_i2c_op_t;

typedef void lp_i2c_done_fn(void *ctx, lp_err_t err);

typedef struct {
    lp_i2c_op_t op;
    uint8_t addr; // 7 bits
    lp_span_t tx; // lends until done
    uint8_t *rx;  // lends until done
    size_t rx_len;
    lp_i2c_done_fn *done; // LP_OK, LP_E_I2C_NACK, LP_E_I2C_BUS, LP_E_TIMEOUT, LP_E_IO
    void *ctx;
} lp_i2c_xfer_t;

typedef struct {
    // LP_OK: done() comes later, once. LP_E_BUSY: a transfer is under way. `xfer` lends until done.
    lp_err_t (*start)(lp_i2c_bus_t *bus, lp_i2c_xfer_t *xfer);
    // Bus clock for the transfers that follow. LP_E_UNSUPPORTED: kept as it was.
    lp_err_t (*set_rate)(lp_i2c_bus_t *bus, uint32_t rate_hz);
} lp_i2c_ops_t;

struct lp_i2c_bus {
    const lp_i2c_ops_t *ops;
};

static inline lp_err_t lp_i2c_start(lp_i2c_bus_t *bus, lp_i2c_xfer_t *xfer)
{
    return bus->ops->start(bus, xfer);
}

static inline lp_err_t lp_i2c_set_rate(lp_i2c_bus_t *bus, uint32_t rate_hz)
{
    return bus->ops->set_rate(bus, rate_hz);
}

#endif
