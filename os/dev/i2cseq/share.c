// SPDX-License-Identifier: Apache-2.0
#include "limpet/i2c_share.h"

#include <stddef.h>

static void on_done(void *ctx, lp_err_t err);

static lp_err_t launch(lp_i2c_share_t *s, const lp_i2c_xfer_t *xfer)
{
    s->now_ = *xfer;
    s->now_.done = on_done;
    s->now_.ctx = s;
    return lp_i2c_start(s->bus_, &s->now_);
}

// The next one begins before the owner of this one is told, so that an owner who starts again
// waits its turn. One that cannot begin ends like one that failed.
static void on_done(void *ctx, lp_err_t err)
{
    lp_i2c_share_t *s = ctx;
    lp_i2c_xfer_t *xfer = s->head_->xfer_;
    s->head_->xfer_ = NULL;
    s->head_ = s->head_->next_;
    const lp_err_t next = s->head_ != NULL ? launch(s, s->head_->xfer_) : LP_OK;
    if (next != LP_OK) {
        on_done(s, next);
    }
    xfer->done(xfer->ctx, err);
}

static lp_err_t start(lp_i2c_bus_t *bus, lp_i2c_xfer_t *xfer)
{
    lp_i2c_port_t *port = (lp_i2c_port_t *)bus; // bus is its first member
    lp_i2c_share_t *s = port->share_;
    if (port->xfer_ != NULL) {
        return LP_E_BUSY;
    }
    const lp_err_t err = s->head_ == NULL ? launch(s, xfer) : LP_OK;
    if (err != LP_OK) {
        return err;
    }
    port->xfer_ = xfer;
    port->next_ = NULL;
    if (s->head_ == NULL) {
        s->head_ = port;
    } else {
        s->tail_->next_ = port;
    }
    s->tail_ = port;
    return LP_OK;
}

static lp_err_t set_rate(lp_i2c_bus_t *bus, uint32_t rate_hz)
{
    return lp_i2c_set_rate(((lp_i2c_port_t *)bus)->share_->bus_, rate_hz);
}

static const lp_i2c_ops_t ops = {.start = start, .set_rate = set_rate};

void lp_i2c_share_init(lp_i2c_share_t *share, lp_i2c_bus_t *bus)
{
    *share = (lp_i2c_share_t){.bus_ = bus};
}

void lp_i2c_port_init(lp_i2c_port_t *port, lp_i2c_share_t *share)
{
    *port = (lp_i2c_port_t){.bus = {.ops = &ops}, .share_ = share};
}
