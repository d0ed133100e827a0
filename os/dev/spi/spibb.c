// SPDX-License-Identifier: Apache-2.0
// A bit is data, half a clock, the leading edge, half a clock, the trailing edge; with phase 1 the
// leading edge comes before the data. One of the two is where both sides look.
#include "limpet/spibb.h"

enum { NS_PER_S = 1000000000, US_PER_S = 1000000 };

static void wait(const lp_spibb_t *bb)
{
    bb->pins_->wait_ns(bb->pins_->ctx, bb->half_ns_);
}

static uint8_t clock_byte(const lp_spibb_t *bb, uint8_t out)
{
    const lp_spibb_pins_t *p = bb->pins_;
    const bool idle = bb->xfer_->to->mode >= 2;
    const bool is_late = bb->xfer_->to->mode % 2 == 1; // sampled at the trailing edge
    unsigned in = 0;
    for (unsigned bit = 0; bit < 8; bit++) {
        if (is_late) {
            p->clock(p->ctx, !idle);
        }
        p->data_out(p->ctx, (out << bit & 0x80u) != 0);
        wait(bb);
        p->clock(p->ctx, is_late ? idle : !idle);
        in = in << 1 | (p->data_in(p->ctx) ? 1u : 0u);
        wait(bb);
        if (!is_late) {
            p->clock(p->ctx, idle);
        }
    }
    return (uint8_t)in;
}

static void turn(void *ctx)
{
    lp_spibb_t *bb = ctx;
    const lp_spi_xfer_t *x = bb->xfer_;
    const size_t len = lp_spi_len(x);
    for (size_t i = 0; i < bb->bytes_a_turn_ && bb->pos_ < len; i++, bb->pos_++) {
        lp_spi_in(x, bb->pos_, clock_byte(bb, lp_spi_out(x, bb->pos_)));
    }
    if (bb->pos_ < len) {
        lp_loop_post(bb->bus.loop_, &bb->event_);
        return;
    }
    (void)bb->pins_->select(bb->pins_->ctx, x->to->select, false);
    lp_spi_finished(&bb->bus, LP_OK);
}

static lp_err_t begin(lp_spi_bus_t *bus, const lp_spi_xfer_t *xfer)
{
    lp_spibb_t *bb = (lp_spibb_t *)bus; // bus is its first member
    const lp_spi_device_t *to = xfer->to;
    if (to->rate_hz < LP_SPIBB_RATE_MIN_HZ) {
        return LP_E_UNSUPPORTED;
    }
    const uint32_t rate = to->rate_hz < LP_SPIBB_RATE_MAX_HZ ? to->rate_hz : LP_SPIBB_RATE_MAX_HZ;
    bb->half_ns_ = (NS_PER_S / 2 + rate - 1) / rate;
    bb->bytes_a_turn_ = 1 + rate / (8u * (US_PER_S / LP_SPIBB_TURN_US));
    bb->pins_->clock(bb->pins_->ctx, to->mode >= 2); // at rest before anybody listens
    if (!bb->pins_->select(bb->pins_->ctx, to->select, true)) {
        return LP_E_UNSUPPORTED;
    }
    bb->xfer_ = xfer;
    bb->pos_ = 0;
    lp_loop_post(bus->loop_, &bb->event_);
    return LP_OK;
}

void lp_spibb_init(lp_spibb_t *bb, lp_loop_t *loop, const lp_spibb_pins_t *pins)
{
    static const lp_spi_ops_t ops = {.begin = begin};
    *bb = (lp_spibb_t){.pins_ = pins};
    lp_spi_init(&bb->bus, loop, &ops);
    lp_event_init(&bb->event_, turn, bb);
}
