// SPDX-License-Identifier: Apache-2.0
// A transfer is a reset, bytes out, bytes in, and maybe a time in which the wire feeds the parts;
// a search is a reset, its command and 64 triplets (search.c has what they mean).
#include "onewire_internal.h"

// The next one begins in a turn of its own, so that an owner who starts again waits behind it.
static void finish(lp_onewire_t *bus, lp_err_t err)
{
    lp_onewire_xfer_t *x = bus->head_;
    bus->head_ = x->next_;
    bus->pos_ = 0;
    if (bus->head_ != NULL) {
        lp_loop_post(bus->loop_, &bus->event_);
    }
    x->done(x->ctx, err);
}

static size_t steps_of(const lp_onewire_xfer_t *x)
{
    return 1 + x->tx.len + (x->search_ != NULL ? ONEWIRE_ROM_BITS : x->rx_len);
}

static void on_fed(void *ctx)
{
    lp_onewire_t *bus = ctx;
    if (bus->line_->unfeed != NULL) {
        bus->line_->unfeed(bus);
    }
    finish(bus, LP_OK);
}

// The step at bus->pos_.
static lp_err_t start_step(lp_onewire_t *bus)
{
    const lp_onewire_xfer_t *x = bus->head_;
    const bool is_fed = x->power_ms > 0 && bus->pos_ + 1 == steps_of(x);
    if (bus->pos_ == 0) {
        return bus->line_->step(bus, LP_ONEWIRE_RESET, 0, is_fed);
    }
    if (bus->pos_ <= x->tx.len) {
        return bus->line_->step(bus, LP_ONEWIRE_WRITE, x->tx.ptr[bus->pos_ - 1], is_fed);
    }
    if (x->search_ != NULL) {
        return bus->line_->step(bus, LP_ONEWIRE_TRIPLET, onewire_search_wish(x->search_), false);
    }
    return bus->line_->step(bus, LP_ONEWIRE_READ, 0, is_fed);
}

static void next_step(lp_onewire_t *bus)
{
    const lp_onewire_xfer_t *x = bus->head_;
    if (bus->pos_ < steps_of(x)) {
        const lp_err_t err = start_step(bus);
        if (err != LP_OK) {
            finish(bus, err);
        }
    } else if (x->power_ms > 0) {
        lp_timer_start(bus->loop_, &bus->timer_, x->power_ms);
    } else {
        finish(bus, LP_OK);
    }
}

static void begin(void *ctx)
{
    next_step(ctx);
}

static lp_err_t take(lp_onewire_t *bus, uint8_t answer)
{
    const lp_onewire_xfer_t *x = bus->head_;
    if (bus->pos_ <= x->tx.len) {
        return LP_OK;
    }
    if (x->search_ != NULL) {
        return onewire_search_take(x->search_, answer);
    }
    x->rx[bus->pos_ - 1 - x->tx.len] = answer;
    return LP_OK;
}

void lp_onewire_stepped(lp_onewire_t *bus, lp_err_t err, uint8_t answer)
{
    err = err == LP_OK ? take(bus, answer) : err;
    if (err != LP_OK) {
        finish(bus, err);
        return;
    }
    bus->pos_++;
    next_step(bus);
}

lp_err_t lp_onewire_start(lp_onewire_t *bus, lp_onewire_xfer_t *xfer)
{
    if (xfer->done == NULL || (xfer->rx_len > 0 && xfer->rx == NULL)) {
        return LP_E_INVALID;
    }
    xfer->next_ = NULL;
    if (bus->head_ == NULL) {
        bus->head_ = xfer;
        lp_loop_post(bus->loop_, &bus->event_);
    } else {
        bus->tail_->next_ = xfer;
    }
    bus->tail_ = xfer;
    return LP_OK;
}

void lp_onewire_init(lp_onewire_t *bus, lp_loop_t *loop, const lp_onewire_line_t *line)
{
    *bus = (lp_onewire_t){.line_ = line, .loop_ = loop};
    lp_event_init(&bus->event_, begin, bus);
    lp_timer_init(&bus->timer_, on_fed, bus);
}
