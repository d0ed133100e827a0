// SPDX-License-Identifier: Apache-2.0
#include "limpet/max31855.h"

enum { RATE_HZ = 4000000 }; // 5 MHz at most
// Of the 32 bits that it says, the highest first.
enum { RESERVED = 1 << 17 | 1 << 3, SHORTED = 1 << 2 | 1 << 1, OPEN = 1 << 0 };

// A number of `bits` bits with a sign, in hundredths, of `parts` to a degree.
static int32_t scaled(uint32_t raw, unsigned bits, int32_t parts)
{
    const int32_t half = (int32_t)1 << (bits - 1);
    const int32_t value = (int32_t)(raw ^ (uint32_t)half) - half;
    return value * 100 / parts;
}

static lp_err_t check(uint32_t word)
{
    if (word == 0 || (word & RESERVED) != 0) {
        return LP_E_UNSUPPORTED;
    }
    return (word & OPEN) != 0 ? LP_E_NOT_FOUND : (word & SHORTED) != 0 ? LP_E_IO : LP_OK;
}

static void on_read(void *ctx, lp_err_t err)
{
    lp_max31855_t *s = ctx;
    const uint32_t word = (uint32_t)s->rx_[0] << 24 | (uint32_t)s->rx_[1] << 16 |
                          (uint32_t)s->rx_[2] << 8 | s->rx_[3];
    err = err == LP_OK ? check(word) : err;
    const lp_max31855_reading_t reading = {.thermocouple = scaled(word >> 18, 14, 4),
                                           .board = scaled(word >> 4 & 0xFFFu, 12, 16)};
    s->is_busy_ = false;
    s->done_(s->ctx_, err, err == LP_OK ? &reading : NULL);
}

void lp_max31855_init(lp_max31855_t *s, lp_spi_bus_t *bus, uint8_t select)
{
    *s = (lp_max31855_t){.bus_ = bus, .device_ = {.select = select, .mode = 0, .rate_hz = RATE_HZ}};
}

lp_err_t lp_max31855_read(lp_max31855_t *s, lp_max31855_done_fn *done, void *ctx)
{
    if (s->is_busy_) {
        return LP_E_BUSY;
    }
    s->done_ = done;
    s->ctx_ = ctx;
    s->xfer_ = (lp_spi_xfer_t){
        .to = &s->device_, .rx = s->rx_, .rx_len = sizeof s->rx_, .done = on_read, .ctx = s};
    const lp_err_t err = lp_spi_start(s->bus_, &s->xfer_);
    s->is_busy_ = err == LP_OK;
    return err;
}
