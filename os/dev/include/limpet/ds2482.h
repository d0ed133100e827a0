// SPDX-License-Identifier: Apache-2.0
// limpet/ds2482.h - a one-wire bus behind Maxim's DS2482-100, a bridge on I2C.
//
// It keeps the wire's times by itself, and feeds parts with its strong pull-up. The virtual boards
// have one beside the crypto chip.
// @source Maxim 19-4930, DS2482-100: "Function Commands", tables 1 to 3
// @context loop
#ifndef LIMPET_DS2482_H
#define LIMPET_DS2482_H

#include "limpet/i2c_seq.h"
#include "limpet/onewire.h"

enum {
    LP_DS2482_ADDR = 0x18,  // to 0x1B, as its AD0 and AD1 are wired
    LP_DS2482_BUSY_MS = 50, // longer is LP_E_TIMEOUT
};

// Caller-owned; the bus to hand to a driver is &bridge->bus. Other fields private.
typedef struct {
    lp_onewire_t bus; // must stay first
    lp_i2c_seq_t seq_;
    lp_timer_t timer_;
    uint8_t addr_;
    uint8_t phase_;
    uint8_t step_; // of the bus, under way
    uint8_t value_;
    bool is_fed_;   // behind this step
    bool is_ready_; // the bridge is known and set
    uint8_t waited_ms_;
    uint8_t rx_;
} lp_ds2482_t;

// Lends loop and bus; of a shared bus its own port. The bridge is looked at with the first step and
// again after each error: LP_E_I2C_NACK when it is not there, LP_E_UNSUPPORTED when something else
// answers at its address.
void lp_ds2482_init(lp_ds2482_t *bridge, lp_loop_t *loop, lp_i2c_bus_t *i2c, uint8_t addr);

#endif
