// SPDX-License-Identifier: Apache-2.0
// (CONFIGURE) -> SEND -> a wait for the bridge's SPI side -> READ -> done
// The bridge does not answer while its SPI side is busy, so a read that it refuses is tried again.
#include "limpet/sc18is602.h"

enum { CONFIGURE, SEND, READ };
enum { SET_CONFIG = 0xF0, MODE_SHIFT = 2, LINES = 4, UNKNOWN = 0xFF };

static const uint32_t rates_hz[] = {1843000, 461000, 115000, 58000};
enum { RATES = sizeof rates_hz / sizeof rates_hz[0] };

static void on_done(void *ctx, lp_err_t err);

static void end(lp_sc18is602_t *b, lp_err_t err)
{
    if (err != LP_OK) {
        b->config_ = UNKNOWN; // another one may be there the next time
    }
    lp_spi_finished(&b->bus, err);
}

static lp_err_t start_phase(lp_sc18is602_t *b)
{
    const size_t len = lp_spi_len(b->xfer_);
    b->i2c_xfer_ = (lp_i2c_xfer_t){.op = b->phase_ == READ ? LP_I2C_READ : LP_I2C_WRITE,
                                   .addr = b->addr_,
                                   .done = on_done,
                                   .ctx = b};
    if (b->phase_ == READ) {
        b->i2c_xfer_.rx = b->bytes_;
        b->i2c_xfer_.rx_len = len;
    } else if (b->phase_ == CONFIGURE) {
        b->bytes_[0] = SET_CONFIG;
        b->bytes_[1] = b->config_;
        b->i2c_xfer_.tx = lp_span(b->bytes_, 2);
    } else {
        b->bytes_[0] = (uint8_t)(1u << b->xfer_->to->select);
        for (size_t i = 0; i < len; i++) {
            b->bytes_[1 + i] = lp_spi_out(b->xfer_, i);
        }
        b->i2c_xfer_.tx = lp_span(b->bytes_, 1 + len);
    }
    return lp_i2c_start(b->i2c_, &b->i2c_xfer_);
}

static void start_or_end(lp_sc18is602_t *b, uint8_t phase)
{
    b->phase_ = phase;
    const lp_err_t err = start_phase(b);
    if (err != LP_OK) {
        end(b, err);
    }
}

static void on_timer(void *ctx)
{
    start_or_end(ctx, READ);
}

static void take(lp_sc18is602_t *b)
{
    for (size_t i = 0; i < lp_spi_len(b->xfer_); i++) {
        lp_spi_in(b->xfer_, i, b->bytes_[i]);
    }
}

// How long the SPI side takes, and a bit more.
static uint32_t busy_ms(const lp_sc18is602_t *b)
{
    const uint32_t rate_hz = rates_hz[b->config_ & 3u];
    return (uint32_t)lp_spi_len(b->xfer_) * 8 * 1000 / rate_hz + 1;
}

static void on_done(void *ctx, lp_err_t err)
{
    lp_sc18is602_t *b = ctx;
    if (b->phase_ == READ && err == LP_E_I2C_NACK && b->waited_ms_++ < LP_SC18IS602_BUSY_MS) {
        lp_timer_start(b->bus.loop_, &b->timer_, 1);
    } else if (err != LP_OK) {
        end(b, err);
    } else if (b->phase_ == CONFIGURE) {
        start_or_end(b, SEND);
    } else if (b->phase_ == SEND) {
        lp_timer_start(b->bus.loop_, &b->timer_, busy_ms(b));
    } else {
        take(b);
        end(b, LP_OK);
    }
}

// False: slower than it can.
static bool find_config(const lp_spi_device_t *to, uint8_t *config)
{
    for (unsigned i = 0; i < RATES; i++) {
        if (rates_hz[i] <= to->rate_hz) {
            *config = (uint8_t)((unsigned)to->mode << MODE_SHIFT | i);
            return true;
        }
    }
    return false;
}

static lp_err_t begin(lp_spi_bus_t *bus, const lp_spi_xfer_t *xfer)
{
    lp_sc18is602_t *b = (lp_sc18is602_t *)bus; // bus is its first member
    uint8_t config = 0;
    if (xfer->to->select >= LINES || !find_config(xfer->to, &config)) {
        return LP_E_UNSUPPORTED;
    }
    if (lp_spi_len(xfer) > LP_SC18IS602_BYTES) {
        return LP_E_NOSPACE;
    }
    b->xfer_ = xfer;
    b->waited_ms_ = 0;
    b->phase_ = config != b->config_ ? CONFIGURE : SEND;
    b->config_ = config;
    const lp_err_t err = start_phase(b);
    if (err != LP_OK) {
        b->config_ = UNKNOWN;
    }
    return err;
}

void lp_sc18is602_init(lp_sc18is602_t *bridge, lp_loop_t *loop, lp_i2c_bus_t *i2c, uint8_t addr)
{
    static const lp_spi_ops_t ops = {.begin = begin};
    *bridge = (lp_sc18is602_t){.i2c_ = i2c, .addr_ = addr, .config_ = UNKNOWN};
    lp_spi_init(&bridge->bus, loop, &ops);
    lp_timer_init(&bridge->timer_, on_timer, bridge);
}
