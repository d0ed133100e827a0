// SPDX-License-Identifier: Apache-2.0
// limpet/svc_i2c.h - I2C.*: the bus, byte by byte, for somebody who wires a sensor.
//
// The crypto chip is left out: its addresses are refused, so that nothing passes by the rules of
// Chip.* and Identity.*, and so is the general call. One request at a time.
// @context loop
#ifndef LIMPET_SVC_I2C_H
#define LIMPET_SVC_I2C_H

#include "limpet/i2c_seq.h"
#include "limpet/rpc.h"
#include "limpet/svc_chip.h"

enum { LP_SVC_I2C_LEN_MAX = 64 };

typedef struct {
    lp_loop_t *loop;
    lp_rpc_t *rpc;
    lp_i2c_bus_t *bus; // a port of a share as a rule; null: no bus is wired
    const lp_svc_chip_t *chip;
} lp_svc_i2c_setup_t;

typedef struct {
    lp_svc_i2c_setup_t s_;
    lp_rpc_set_t set_;
    lp_i2c_seq_t seq_;
    lp_i2c_xfer_t probe_;
    lp_rpc_req_t *req_; // under way
    uint8_t rx_[LP_SVC_I2C_LEN_MAX];
    uint8_t rx_len_;
    bool is_hex_;       // how the answer is written
    uint8_t at_;        // address that Scan asks
    uint8_t found_[16]; // a bit for each that answered
} lp_svc_i2c_t;

// Lends what is in `setup`.
void lp_svc_i2c_init(lp_svc_i2c_t *svc, const lp_svc_i2c_setup_t *setup);

#endif
