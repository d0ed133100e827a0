// SPDX-License-Identifier: Apache-2.0
#include "limpet/spi.h"

enum { MODES = 4 };

size_t lp_spi_len(const lp_spi_xfer_t *xfer)
{
    const size_t received = xfer->rx_len > 0 ? xfer->rx_from + xfer->rx_len : 0;
    return received > xfer->tx.len ? received : xfer->tx.len;
}

uint8_t lp_spi_out(const lp_spi_xfer_t *xfer, size_t i)
{
    return i < xfer->tx.len ? xfer->tx.ptr[i] : LP_SPI_FILL;
}

void lp_spi_in(const lp_spi_xfer_t *xfer, size_t i, uint8_t byte)
{
    if (i >= xfer->rx_from && i - xfer->rx_from < xfer->rx_len) {
        xfer->rx[i - xfer->rx_from] = byte;
    }
}

// The next one begins in a turn of its own, so that an owner who starts again waits behind it.
void lp_spi_finished(lp_spi_bus_t *bus, lp_err_t err)
{
    lp_spi_xfer_t *x = bus->head_;
    bus->head_ = x->next_;
    if (bus->head_ != NULL) {
        lp_loop_post(bus->loop_, &bus->event_);
    }
    x->done(x->ctx, err);
}

static void begin(void *ctx)
{
    lp_spi_bus_t *bus = ctx;
    const lp_err_t err = bus->ops_->begin(bus, bus->head_);
    if (err != LP_OK) {
        lp_spi_finished(bus, err);
    }
}

lp_err_t lp_spi_start(lp_spi_bus_t *bus, lp_spi_xfer_t *xfer)
{
    if (xfer->done == NULL || xfer->to == NULL || xfer->to->mode >= MODES ||
        xfer->to->rate_hz == 0 || lp_spi_len(xfer) == 0 || (xfer->rx_len > 0 && xfer->rx == NULL) ||
        xfer->rx_from > SIZE_MAX - xfer->rx_len) {
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

void lp_spi_init(lp_spi_bus_t *bus, lp_loop_t *loop, const lp_spi_ops_t *ops)
{
    *bus = (lp_spi_bus_t){.ops_ = ops, .loop_ = loop};
    lp_event_init(&bus->event_, begin, bus);
}
