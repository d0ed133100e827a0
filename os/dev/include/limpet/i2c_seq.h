// SPDX-License-Identifier: Apache-2.0
// limpet/i2c_seq.h - what most I2C parts want: write a few bytes, wait, read a few.
//
// @context loop
#ifndef LIMPET_I2C_SEQ_H
#define LIMPET_I2C_SEQ_H

#include <stdbool.h>

#include "limpet/i2c.h"
#include "limpet/loop.h"

enum { LP_I2C_SEQ_TX_MAX = 36 };

typedef struct {
    uint8_t addr;     // 7 bits
    lp_span_t tx;     // up to LP_I2C_SEQ_TX_MAX bytes, copied; empty: nothing is written
    uint32_t wait_ms; // between writing and reading, at least
    uint8_t *rx;      // lends until done
    size_t rx_len;    // 0: nothing is read
    lp_i2c_done_fn *done;
    void *ctx;
} lp_i2c_seq_step_t;

// Caller-owned, private.
typedef struct {
    lp_loop_t *loop_;
    lp_i2c_bus_t *bus_;
    lp_timer_t timer_;
    lp_i2c_xfer_t xfer_;
    lp_i2c_seq_step_t step_;
    bool is_busy_;
    uint8_t tx_[LP_I2C_SEQ_TX_MAX];
} lp_i2c_seq_t;

// Lends both.
void lp_i2c_seq_init(lp_i2c_seq_t *seq, lp_loop_t *loop, lp_i2c_bus_t *bus);

// LP_OK: done(ctx, err) comes later, once, with an error of lp_i2c_done_fn. LP_E_BUSY: a step of
// this sequence, or on a bus that is not shared somebody else's transfer, is under way.
// LP_E_INVALID: nothing to do, or more than fits.
lp_err_t lp_i2c_seq_start(lp_i2c_seq_t *seq, const lp_i2c_seq_step_t *step);

#endif
