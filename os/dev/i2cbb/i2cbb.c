// SPDX-License-Identifier: Apache-2.0
// A transfer is START, bytes, STOP; each turn of the loop does one byte with what belongs before or
// behind it. Between bits SCL is low and ours.
#include "limpet/i2cbb.h"

enum { NS_PER_S = 1000000000, WAKE_RATE_HZ = 100000, CLOCKS_OF_A_BYTE = 9 };

static void level(const lp_i2cbb_t *bb, bool scl, bool sda)
{
    bb->pins_->set(bb->pins_->ctx, scl, sda);
    bb->pins_->wait_ns(bb->pins_->ctx, bb->half_ns_);
}

static bool sda_is_high(const lp_i2cbb_t *bb)
{
    return bb->pins_->sda(bb->pins_->ctx);
}

// Lets SCL go and waits while a slave holds it. False: for too long.
static bool release_clock(const lp_i2cbb_t *bb, bool sda)
{
    level(bb, true, sda);
    uint32_t waited_ns = 0;
    while (!bb->pins_->scl(bb->pins_->ctx)) {
        if (waited_ns >= LP_I2CBB_STRETCH_US * 1000u) {
            return false;
        }
        bb->pins_->wait_ns(bb->pins_->ctx, bb->half_ns_);
        waited_ns += bb->half_ns_;
    }
    return true;
}

static lp_err_t clock_bit(const lp_i2cbb_t *bb, bool out, bool *in)
{
    level(bb, false, out);
    if (!release_clock(bb, out)) {
        return LP_E_TIMEOUT;
    }
    *in = sda_is_high(bb);
    bb->pins_->set(bb->pins_->ctx, false, out);
    return LP_OK;
}

// Eight bits out and in, and the acknowledge: `ack` is what we say, *acked what the other says.
static lp_err_t clock_byte(const lp_i2cbb_t *bb, uint8_t out, bool ack, uint8_t *in, bool *acked)
{
    bool bit = true;
    uint8_t got = 0;
    for (unsigned i = 0; i < 8; i++) {
        const lp_err_t err = clock_bit(bb, (out >> (7 - i) & 1u) != 0, &bit);
        if (err != LP_OK) {
            return err;
        }
        got = (uint8_t)(got << 1 | (bit ? 1u : 0u));
    }
    const lp_err_t err = clock_bit(bb, !ack, &bit);
    *in = got;
    *acked = !bit;
    return err;
}

// LP_E_I2C_BUS: somebody holds a line.
static lp_err_t start_condition(const lp_i2cbb_t *bb)
{
    level(bb, true, true);
    if (!bb->pins_->scl(bb->pins_->ctx) || !sda_is_high(bb)) {
        return LP_E_I2C_BUS;
    }
    level(bb, true, false);
    return LP_OK;
}

static lp_err_t stop_condition(const lp_i2cbb_t *bb)
{
    level(bb, false, false);
    if (!release_clock(bb, false)) {
        return LP_E_TIMEOUT;
    }
    level(bb, true, true);
    return sda_is_high(bb) ? LP_OK : LP_E_I2C_BUS;
}

// Clocks until a slave that was interrupted lets SDA go, then a STOP.
static lp_err_t recover(const lp_i2cbb_t *bb)
{
    bool is_free = false;
    for (unsigned i = 0; i < CLOCKS_OF_A_BYTE; i++) {
        const lp_err_t err = clock_bit(bb, true, &is_free);
        if (err != LP_OK) {
            return err;
        }
    }
    return stop_condition(bb);
}

static void finish(lp_i2cbb_t *bb, lp_err_t err)
{
    const lp_i2c_xfer_t *x = bb->xfer_;
    bb->xfer_ = NULL;
    x->done(x->ctx, err);
}

static void stop_and_finish(lp_i2cbb_t *bb, lp_err_t err)
{
    const lp_err_t at_stop = stop_condition(bb);
    finish(bb, err != LP_OK ? err : at_stop);
}

static size_t bytes_of(const lp_i2c_xfer_t *x)
{
    return 1 + (x->op == LP_I2C_READ ? x->rx_len : x->op == LP_I2C_WRITE ? x->tx.len : 0);
}

// The byte at bb->pos_. *is_refused: the slave did not acknowledge.
static lp_err_t next_byte(const lp_i2cbb_t *bb, bool *is_refused)
{
    const lp_i2c_xfer_t *x = bb->xfer_;
    const bool is_read = x->op == LP_I2C_READ;
    uint8_t in = 0;
    bool acked = false;
    lp_err_t err;
    if (bb->pos_ > 0 && is_read) {
        err = clock_byte(bb, 0xFF, bb->pos_ < x->rx_len, &in, &acked);
        x->rx[bb->pos_ - 1] = in;
        return err;
    }
    const uint8_t address = x->op == LP_I2C_WAKE ? 0 : (uint8_t)(x->addr << 1 | (is_read ? 1u : 0));
    err = clock_byte(bb, bb->pos_ > 0 ? x->tx.ptr[bb->pos_ - 1] : address, false, &in, &acked);
    *is_refused = !acked && x->op != LP_I2C_WAKE; // nobody answers a wake pulse
    return err;
}

static void turn(void *ctx)
{
    lp_i2cbb_t *bb = ctx;
    bool is_refused = false;
    if (bb->xfer_->op == LP_I2C_RECOVER) {
        finish(bb, recover(bb));
        return;
    }
    lp_err_t err = bb->pos_ == 0 ? start_condition(bb) : LP_OK;
    if (err != LP_OK) {
        finish(bb, err);
        return;
    }
    err = next_byte(bb, &is_refused);
    bb->pos_++;
    if (err != LP_OK || is_refused) {
        stop_and_finish(bb, err != LP_OK ? err : LP_E_I2C_NACK);
    } else if (bb->pos_ == bytes_of(bb->xfer_)) {
        stop_and_finish(bb, LP_OK);
    } else {
        lp_loop_post(bb->loop_, &bb->event_);
    }
}

static lp_err_t start(lp_i2c_bus_t *bus, lp_i2c_xfer_t *x)
{
    lp_i2cbb_t *bb = (lp_i2cbb_t *)bus; // bus is its first member
    if (bb->xfer_ != NULL) {
        return LP_E_BUSY;
    }
    if (x->done == NULL || x->addr > 0x7F ||
        (x->op == LP_I2C_READ && x->rx_len > 0 && x->rx == NULL)) {
        return LP_E_INVALID;
    }
    // SDA is low for the eight bits of a wake pulse: 80 us at 100 kHz, of the 60 that are needed.
    const bool is_slow = x->op == LP_I2C_WAKE && bb->rate_hz_ > WAKE_RATE_HZ;
    bb->half_ns_ = NS_PER_S / 2 / (is_slow ? WAKE_RATE_HZ : bb->rate_hz_);
    bb->xfer_ = x;
    bb->pos_ = 0;
    lp_loop_post(bb->loop_, &bb->event_); // a completion never comes from inside this call
    return LP_OK;
}

static lp_err_t set_rate(lp_i2c_bus_t *bus, uint32_t rate_hz)
{
    if (rate_hz < LP_I2CBB_RATE_MIN_HZ || rate_hz > LP_I2CBB_RATE_MAX_HZ) {
        return LP_E_UNSUPPORTED;
    }
    ((lp_i2cbb_t *)bus)->rate_hz_ = rate_hz;
    return LP_OK;
}

void lp_i2cbb_init(lp_i2cbb_t *bb, lp_loop_t *loop, const lp_i2cbb_pins_t *pins)
{
    static const lp_i2c_ops_t ops = {.start = start, .set_rate = set_rate};
    *bb = (lp_i2cbb_t){.bus = {.ops = &ops}, .loop_ = loop, .pins_ = pins, .rate_hz_ = 100000};
    lp_event_init(&bb->event_, turn, bb);
    pins->set(pins->ctx, true, true);
}
