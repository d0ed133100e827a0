// SPDX-License-Identifier: Apache-2.0
// limpet/i2c_share.h - one I2C bus for several drivers that know nothing of each other.
//
// Each driver gets a bus of its own to use, the port of a share; transfers of all ports run one
// after another in the order in which they were started. The rate of the bus is that of whoever set
// it last.
//
// @context loop
#ifndef LIMPET_I2C_SHARE_H
#define LIMPET_I2C_SHARE_H

#include "limpet/i2c.h"

typedef struct lp_i2c_share lp_i2c_share_t;

// What a driver uses: &port->bus. Caller-owned; the other fields are private.
typedef struct lp_i2c_port {
    lp_i2c_bus_t bus; // must stay first
    lp_i2c_share_t *share_;
    struct lp_i2c_port *next_;
    lp_i2c_xfer_t *xfer_;
} lp_i2c_port_t;

struct lp_i2c_share {
    lp_i2c_bus_t *bus_;
    lp_i2c_port_t *head_; // its transfer is under way; the others wait
    lp_i2c_port_t *tail_;
    lp_i2c_xfer_t now_;
};

// Lends `bus`, which nobody else may use from now on.
void lp_i2c_share_init(lp_i2c_share_t *share, lp_i2c_bus_t *bus);

// Makes `port` one of the bus's. As for every bus, one transfer of a port at a time: LP_E_BUSY.
void lp_i2c_port_init(lp_i2c_port_t *port, lp_i2c_share_t *share);

// Makes `port` another port of the bus that `one` is a port of: for an application whose drivers
// shall not find the bus busy with each other.
void lp_i2c_port_join(lp_i2c_port_t *port, lp_i2c_bus_t *one);

#endif
