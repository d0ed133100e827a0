// SPDX-License-Identifier: Apache-2.0
#include "limpet/i2c_seq.h"

#include <string.h>

static void end(lp_i2c_seq_t *seq, lp_err_t err)
{
    seq->is_busy_ = false;
    seq->step_.done(seq->step_.ctx, err);
}

static void on_read(void *ctx, lp_err_t err)
{
    end(ctx, err);
}

static lp_err_t start_read(lp_i2c_seq_t *seq)
{
    seq->xfer_ = (lp_i2c_xfer_t){.op = LP_I2C_READ,
                                 .addr = seq->step_.addr,
                                 .rx = seq->step_.rx,
                                 .rx_len = seq->step_.rx_len,
                                 .done = on_read,
                                 .ctx = seq};
    return lp_i2c_start(seq->bus_, &seq->xfer_);
}

static void on_wait(void *ctx)
{
    lp_i2c_seq_t *seq = ctx;
    const lp_err_t err = start_read(seq);
    if (err != LP_OK) {
        end(seq, err);
    }
}

static void on_written(void *ctx, lp_err_t err)
{
    lp_i2c_seq_t *seq = ctx;
    if (err != LP_OK || seq->step_.rx_len == 0) {
        end(seq, err);
        return;
    }
    lp_timer_start(seq->loop_, &seq->timer_, seq->step_.wait_ms);
}

static lp_err_t start_write(lp_i2c_seq_t *seq)
{
    seq->xfer_ = (lp_i2c_xfer_t){.op = LP_I2C_WRITE,
                                 .addr = seq->step_.addr,
                                 .tx = lp_span(seq->tx_, seq->step_.tx.len),
                                 .done = on_written,
                                 .ctx = seq};
    return lp_i2c_start(seq->bus_, &seq->xfer_);
}

void lp_i2c_seq_init(lp_i2c_seq_t *seq, lp_loop_t *loop, lp_i2c_bus_t *bus)
{
    *seq = (lp_i2c_seq_t){.loop_ = loop, .bus_ = bus};
    lp_timer_init(&seq->timer_, on_wait, seq);
}

lp_err_t lp_i2c_seq_start(lp_i2c_seq_t *seq, const lp_i2c_seq_step_t *step)
{
    if (seq->is_busy_) {
        return LP_E_BUSY;
    }
    if (step->tx.len > sizeof seq->tx_ || (step->tx.len == 0 && step->rx_len == 0)) {
        return LP_E_INVALID;
    }
    seq->step_ = *step;
    if (step->tx.len > 0) {
        memcpy(seq->tx_, step->tx.ptr, step->tx.len);
    }
    const lp_err_t err = step->tx.len > 0 ? start_write(seq) : start_read(seq);
    seq->is_busy_ = err == LP_OK;
    return err;
}
