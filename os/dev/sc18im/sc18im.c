// SPDX-License-Identifier: Apache-2.0
// The SC18IM700's ASCII protocol (docs/adapter-protocol.md).
//
// A transfer and, behind it, a fence: a read of the registers I2CStat, I2CAdr, I2CStat.
//   to the bridge:    'S' addr n data... 'P'   'R' 0A 06 0A 'P'
//   from the bridge:  data...  status own-address status
// A read that was not acknowledged brings no data, so three bytes with an error status around the
// bridge's own address mean the error; n + 3 bytes mean success. Neither needs a guess with a
// clock.
#include "limpet/sc18im.h"

#include <string.h>

enum state { IDLE, FLUSH, TALK };

enum {
    CMD_START = 'S',
    CMD_STOP = 'P',
    CMD_READ_REGISTER = 'R',
    CMD_WRITE_REGISTER = 'W',
    REG_I2C_CLK_L = 0x07,
    REG_I2C_CLK_H = 0x08,
    REG_I2C_ADR = 0x06,
    REG_I2C_STAT = 0x0A,
    STAT_OK = 0xF0,
    STAT_NACK_ADDR = 0xF1,
    STAT_NACK_DATA = 0xF2,
    STAT_TIMEOUT = 0xF8,
};

enum {
    FENCE_LEN = 3,
    QUIET_MS = 50, // after a mishap: what arrives in this time is of the past
    MAX_LEN = 255, // of one transfer: the protocol has one byte for it
    CLOCK_HZ = 7372800 / 2,
    CLOCK_MIN = 10,
    CLOCK_MAX = 510,
    WAKE_RATE_HZ = 100000, // SDA low for 80 us or more
    RECOVER_ADDR = 0x7F,   // SDA high for seven clocks, then a STOP
};

static void put(lp_sc18im_t *a, uint8_t byte)
{
    a->tx_[a->tx_len_++] = byte;
}

static void put_rate(lp_sc18im_t *a, uint32_t rate_hz)
{
    uint32_t sum = (CLOCK_HZ + rate_hz - 1) / rate_hz;
    sum = sum < CLOCK_MIN ? CLOCK_MIN : sum > CLOCK_MAX ? CLOCK_MAX : sum;
    const uint8_t high = (uint8_t)(sum / 2);
    const uint8_t bytes[] = {CMD_WRITE_REGISTER, REG_I2C_CLK_L, (uint8_t)(sum - high),
                             REG_I2C_CLK_H,      high,          CMD_STOP};
    memcpy(a->tx_ + a->tx_len_, bytes, sizeof bytes);
    a->tx_len_ += sizeof bytes;
}

static void put_transfer(lp_sc18im_t *a, uint8_t addr, bool is_read, size_t n, lp_span_t data)
{
    put(a, CMD_START);
    put(a, (uint8_t)(addr << 1 | (is_read ? 1 : 0)));
    put(a, (uint8_t)n);
    if (data.len > 0) {
        memcpy(a->tx_ + a->tx_len_, data.ptr, data.len);
        a->tx_len_ += data.len;
    }
    put(a, CMD_STOP);
}

static void compose(lp_sc18im_t *a, const lp_i2c_xfer_t *x)
{
    static const uint8_t fence[] = {CMD_READ_REGISTER, REG_I2C_STAT, REG_I2C_ADR, REG_I2C_STAT,
                                    CMD_STOP};
    const bool is_slowed = x->op == LP_I2C_WAKE && a->rate_hz_ > WAKE_RATE_HZ;
    a->tx_len_ = 0;
    if (a->rate_hz_ != 0 && (!a->is_rate_set_ || is_slowed)) {
        put_rate(a, is_slowed ? WAKE_RATE_HZ : a->rate_hz_);
        a->is_rate_set_ = !is_slowed; // after a wake pulse the next transfer restores it
    }
    switch (x->op) {
    case LP_I2C_WRITE:
        put_transfer(a, x->addr, false, x->tx.len, x->tx);
        break;
    case LP_I2C_READ:
        put_transfer(a, x->addr, true, x->rx_len, lp_span(NULL, 0));
        break;
    case LP_I2C_WAKE:
        put_transfer(a, 0, false, 0, lp_span(NULL, 0));
        break;
    case LP_I2C_RECOVER:
        put_transfer(a, RECOVER_ADDR, false, 0, lp_span(NULL, 0));
        break;
    }
    memcpy(a->tx_ + a->tx_len_, fence, sizeof fence);
    a->tx_len_ += sizeof fence;
}

static void finish(lp_sc18im_t *a, lp_err_t err)
{
    const lp_i2c_xfer_t *x = a->xfer_;
    lp_timer_stop(a->loop_, &a->timer_);
    a->is_overdue_ = false;
    a->state_ = IDLE;
    a->xfer_ = NULL;
    lp_wipe(a->tx_, sizeof a->tx_);
    // The pulse and the nine clocks are meant for nobody in particular.
    const bool is_blind = x->op == LP_I2C_WAKE || x->op == LP_I2C_RECOVER;
    x->done(x->ctx, is_blind && err == LP_E_I2C_NACK ? LP_OK : err);
}

// Something unexpected came, or nothing: start the next transfer on a quiet line.
static void mishap(lp_sc18im_t *a, lp_err_t err)
{
    a->is_dirty_ = true;
    a->is_rate_set_ = false;
    finish(a, err);
}

static lp_err_t status_error(uint8_t status)
{
    switch (status) {
    case STAT_OK:
        return LP_OK;
    case STAT_NACK_ADDR:
    case STAT_NACK_DATA:
        return LP_E_I2C_NACK;
    case STAT_TIMEOUT:
        return LP_E_I2C_BUS;
    default:
        return LP_E_IO;
    }
}

static size_t data_len(const lp_sc18im_t *a)
{
    return a->xfer_->op == LP_I2C_READ ? a->xfer_->rx_len : 0;
}

static void take(lp_sc18im_t *a, uint8_t byte)
{
    const size_t n = data_len(a);
    const size_t pos = a->rx_len_++;
    if (pos < n) {
        a->xfer_->rx[pos] = byte;
    }
    if (pos < FENCE_LEN) {
        a->first_[pos] = byte;
    }
    if (pos >= n) {
        a->fence_[pos - n] = byte;
    }
}

// Is the answer complete? Then the transfer ends here.
static void judge(lp_sc18im_t *a)
{
    const bool is_short = a->rx_len_ == FENCE_LEN && data_len(a) > 0;
    if (is_short && a->first_[0] == a->first_[2]) {
        const lp_err_t err = status_error(a->first_[0]);
        if (err == LP_E_I2C_NACK || err == LP_E_I2C_BUS) {
            finish(a, err);
            return;
        }
    }
    if (a->rx_len_ < data_len(a) + FENCE_LEN) {
        return;
    }
    const lp_err_t err = status_error(a->fence_[0]);
    if (a->fence_[0] != a->fence_[2] || err == LP_E_IO) {
        mishap(a, LP_E_IO);
    } else {
        finish(a, err);
    }
}

static void send_more(lp_sc18im_t *a)
{
    while (a->state_ == TALK && a->tx_pos_ < a->tx_len_) {
        size_t n = 0;
        const lp_span_t rest = lp_span(a->tx_ + a->tx_pos_, a->tx_len_ - a->tx_pos_);
        const lp_err_t err = lp_stream_write(a->stream_, rest, &n);
        if (err == LP_E_AGAIN) {
            return;
        }
        if (err != LP_OK || n == 0) {
            a->is_closed_ = true;
            finish(a, LP_E_CLOSED);
            return;
        }
        a->tx_pos_ += n;
    }
}

// Takes bytes as long as somebody wants them; one at a time, so that none of a next answer is lost.
static void receive(lp_sc18im_t *a)
{
    while (a->state_ != IDLE) {
        uint8_t byte = 0;
        size_t n = 0;
        const lp_err_t err = lp_stream_read(a->stream_, &byte, 1, &n);
        if (err == LP_E_AGAIN || (err == LP_OK && n == 0)) {
            return;
        }
        if (err != LP_OK) {
            a->is_closed_ = true;
            finish(a, LP_E_CLOSED);
        } else if (a->state_ == TALK) {
            take(a, byte);
            judge(a);
        }
    }
}

static void drain(lp_sc18im_t *a)
{
    uint8_t junk[32];
    size_t n = 0;
    for (unsigned i = 0; i < 64 && lp_stream_read(a->stream_, junk, sizeof junk, &n) == LP_OK;
         i++) {
        a->is_dirty_ = true;
    }
}

static void talk(void *ctx)
{
    lp_sc18im_t *a = ctx;
    if (a->state_ == FLUSH) {
        drain(a);
        a->is_dirty_ = false;
        a->state_ = TALK;
        lp_timer_start(a->loop_, &a->timer_, a->timeout_ms_);
    }
    send_more(a);
}

static void on_timer(void *ctx)
{
    lp_sc18im_t *a = ctx;
    if (a->state_ == FLUSH) {
        talk(a);
        return;
    }
    // It may be this board that was held up, and not the bridge: what has arrived by now counts. An
    // answer that is whole ends this transfer, and the next one may begin in there.
    a->is_overdue_ = true;
    receive(a);
    if (a->is_overdue_) {
        mishap(a, LP_E_TIMEOUT);
    }
}

static void on_stream(void *ctx, unsigned events, lp_err_t why)
{
    lp_sc18im_t *a = ctx;
    (void)why;
    if ((events & LP_STREAM_OPEN) != 0 && a->is_closed_) { // plugged in again
        a->is_closed_ = false;
        a->is_rate_set_ = false;
    }
    if ((events & LP_STREAM_READABLE) != 0) {
        receive(a);
    }
    if ((events & (LP_STREAM_WRITABLE | LP_STREAM_OPEN)) != 0) {
        send_more(a);
    }
    if ((events & LP_STREAM_CLOSED) != 0) {
        a->is_closed_ = true;
        if (a->xfer_ != NULL) {
            finish(a, LP_E_CLOSED);
        }
    }
}

static lp_err_t start(lp_i2c_bus_t *bus, lp_i2c_xfer_t *x)
{
    lp_sc18im_t *a = (lp_sc18im_t *)bus; // bus is its first member
    if (a->is_closed_) {
        return LP_E_CLOSED;
    }
    if (a->xfer_ != NULL) {
        return LP_E_BUSY;
    }
    const size_t tx_room = sizeof a->tx_ - 16; // rate, frame and fence
    if (x->done == NULL || x->tx.len > tx_room || x->rx_len > MAX_LEN) {
        return LP_E_INVALID;
    }
    a->xfer_ = x;
    a->rx_len_ = 0;
    a->tx_pos_ = 0;
    drain(a);
    compose(a, x);
    // Sent from the loop: a completion can never come from inside this call.
    a->state_ = a->is_dirty_ ? FLUSH : TALK;
    if (a->is_dirty_) {
        lp_timer_start(a->loop_, &a->timer_, QUIET_MS);
    } else {
        lp_timer_start(a->loop_, &a->timer_, a->timeout_ms_);
        lp_loop_post(a->loop_, &a->event_);
    }
    return LP_OK;
}

static lp_err_t set_rate(lp_i2c_bus_t *bus, uint32_t rate_hz)
{
    lp_sc18im_t *a = (lp_sc18im_t *)bus;
    if (rate_hz < CLOCK_HZ / CLOCK_MAX || rate_hz > CLOCK_HZ / CLOCK_MIN) {
        return LP_E_UNSUPPORTED;
    }
    a->rate_hz_ = rate_hz;
    a->is_rate_set_ = false;
    return LP_OK;
}

static void on_deinit(void *ctx)
{
    lp_sc18im_t *a = ctx;
    if (a->xfer_ != NULL) {
        finish(a, LP_E_CLOSED);
    }
}

void lp_sc18im_init(lp_sc18im_t *a, lp_loop_t *loop, lp_stream_t *stream)
{
    static const lp_i2c_ops_t ops = {.start = start, .set_rate = set_rate};
    *a = (lp_sc18im_t){.bus = {.ops = &ops},
                       .loop_ = loop,
                       .stream_ = stream,
                       .timeout_ms_ = LP_SC18IM_TIMEOUT_MS};
    lp_event_init(&a->event_, talk, a);
    lp_timer_init(&a->timer_, on_timer, a);
    lp_stream_listen(stream, on_stream, a);
}

void lp_sc18im_set_timeout(lp_sc18im_t *a, uint32_t timeout_ms)
{
    a->timeout_ms_ = timeout_ms;
}

void lp_sc18im_deinit(lp_sc18im_t *a)
{
    lp_stream_listen(a->stream_, NULL, NULL);
    a->is_closed_ = true;
    lp_timer_stop(a->loop_, &a->timer_);
    lp_loop_unpost(a->loop_, &a->event_);
    lp_event_init(&a->event_, on_deinit, a);
    if (a->xfer_ != NULL) {
        lp_loop_post(a->loop_, &a->event_);
    }
}
