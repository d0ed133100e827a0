// SPDX-License-Identifier: Apache-2.0
#include "limpet/onewire_uart.h"

#include <string.h>

enum { RESET_BAUD = 9600, SLOT_BAUD = 115200 };
enum { RESET_PULSE = 0xF0, SLOT_ONE = 0xFF, SLOT_ZERO = 0x00, READ_SLOTS = 2 };

static void end(lp_onewire_uart_t *l, lp_err_t err, uint8_t answer)
{
    lp_timer_stop(l->bus.loop_, &l->timer_);
    l->len_ = 0;
    lp_onewire_stepped(&l->bus, err, answer);
}

// Old echoes belong to nobody.
static void drain(lp_onewire_uart_t *l)
{
    uint8_t old[8];
    size_t n = 0;
    while (lp_stream_read(&l->uart_->stream, old, sizeof old, &n) == LP_OK) {
    }
}

static lp_err_t set_baud(lp_onewire_uart_t *l, uint32_t baud)
{
    const lp_uart_format_t format = {.baud = baud, .data_bits = 8, .stop_bits = 1};
    const lp_err_t err = l->baud_ != baud ? lp_uart_set_format(l->uart_, &format) : LP_OK;
    l->baud_ = err == LP_OK ? baud : l->baud_;
    return err;
}

static lp_err_t send(lp_onewire_uart_t *l)
{
    size_t n = 0;
    const lp_err_t err = set_baud(l, l->step_ == LP_ONEWIRE_RESET ? RESET_BAUD : SLOT_BAUD);
    if (err == LP_E_BUSY && l->waited_ms_++ < LP_ONEWIRE_UART_ECHO_MS) {
        lp_timer_start(l->bus.loop_, &l->timer_, 1); // the last stop bit is still on its way
        return LP_OK;
    }
    if (err != LP_OK) {
        return err;
    }
    drain(l);
    l->waited_ms_ = LP_ONEWIRE_UART_ECHO_MS; // sent
    lp_timer_start(l->bus.loop_, &l->timer_, LP_ONEWIRE_UART_ECHO_MS);
    const lp_err_t put = lp_stream_write(&l->uart_->stream, lp_span(l->sent_, l->len_), &n);
    return put == LP_OK && n < l->len_ ? LP_E_NOSPACE : put;
}

static bool bit_of(uint8_t echo)
{
    return echo == SLOT_ONE;
}

static uint8_t byte_of(const uint8_t *echo)
{
    unsigned value = 0;
    for (unsigned i = 0; i < 8; i++) {
        value |= bit_of(echo[i]) ? 1u << i : 0;
    }
    return (uint8_t)value;
}

// A zero that was sent comes back as one, or nothing can be sent.
static lp_err_t check_zeros(const lp_onewire_uart_t *l)
{
    for (size_t i = 0; i < l->len_; i++) {
        if (l->sent_[i] == SLOT_ZERO && l->echo_[i] != SLOT_ZERO) {
            return LP_E_IO;
        }
    }
    return LP_OK;
}

static void end_reset(lp_onewire_uart_t *l)
{
    switch (l->echo_[0]) {
    case RESET_PULSE:
        end(l, LP_E_NOT_FOUND, 0);
        break;
    case 0x00:
        end(l, LP_E_IO, 0);
        break;
    default:
        end(l, LP_OK, 0);
        break;
    }
}

static void write_bit(lp_onewire_uart_t *l, bool bit)
{
    l->sent_[0] = bit ? SLOT_ONE : SLOT_ZERO;
    l->len_ = 1;
    l->got_ = 0;
    l->waited_ms_ = 0;
    const lp_err_t err = send(l);
    if (err != LP_OK) {
        end(l, err, 0);
    }
}

// Two bits were read, or the third was written.
static void end_triplet(lp_onewire_uart_t *l)
{
    if (l->len_ < READ_SLOTS) {
        end(l, check_zeros(l), l->bits_);
        return;
    }
    const bool first = bit_of(l->echo_[0]);
    const bool second = bit_of(l->echo_[1]);
    const bool way = first == second ? (first || l->value_ != 0) : first;
    l->bits_ = (uint8_t)((first ? 1u : 0) | (second ? 2u : 0) | (way ? 4u : 0));
    write_bit(l, way);
}

static void take_echo(lp_onewire_uart_t *l)
{
    switch ((lp_onewire_step_t)l->step_) {
    case LP_ONEWIRE_RESET:
        end_reset(l);
        break;
    case LP_ONEWIRE_WRITE:
        end(l, check_zeros(l), 0);
        break;
    case LP_ONEWIRE_READ:
        end(l, LP_OK, byte_of(l->echo_));
        break;
    case LP_ONEWIRE_TRIPLET:
        end_triplet(l);
        break;
    }
}

static void on_stream(void *ctx, unsigned events, lp_err_t why)
{
    lp_onewire_uart_t *l = ctx;
    size_t n = 0;
    (void)events;
    (void)why;
    while (l->got_ < l->len_ && lp_stream_read(&l->uart_->stream, l->echo_ + l->got_,
                                               (size_t)(l->len_ - l->got_), &n) == LP_OK) {
        l->got_ = (uint8_t)(l->got_ + n);
    }
    if (l->len_ > 0 && l->got_ == l->len_) {
        take_echo(l);
    }
}

static void on_timer(void *ctx)
{
    lp_onewire_uart_t *l = ctx;
    const lp_err_t err = l->waited_ms_ < LP_ONEWIRE_UART_ECHO_MS ? send(l) : LP_E_TIMEOUT;
    if (err != LP_OK) {
        end(l, err, 0);
    }
}

static void compose(lp_onewire_uart_t *l)
{
    l->len_ = l->step_ == LP_ONEWIRE_RESET ? 1 : l->step_ == LP_ONEWIRE_TRIPLET ? READ_SLOTS : 8;
    memset(l->sent_, l->step_ == LP_ONEWIRE_RESET ? RESET_PULSE : SLOT_ONE, sizeof l->sent_);
    for (unsigned i = 0; l->step_ == LP_ONEWIRE_WRITE && i < 8; i++) {
        l->sent_[i] = (l->value_ >> i & 1u) != 0 ? SLOT_ONE : SLOT_ZERO;
    }
}

static lp_err_t start(lp_onewire_t *bus, lp_onewire_step_t step, uint8_t value, bool is_fed)
{
    lp_onewire_uart_t *l = (lp_onewire_uart_t *)bus; // bus is its first member
    if (is_fed) {
        return LP_E_UNSUPPORTED;
    }
    l->step_ = (uint8_t)step;
    l->value_ = value;
    l->got_ = 0;
    l->waited_ms_ = 0;
    compose(l);
    const lp_err_t err = send(l);
    if (err != LP_OK) {
        lp_timer_stop(l->bus.loop_, &l->timer_);
        l->len_ = 0;
    }
    return err;
}

void lp_onewire_uart_init(lp_onewire_uart_t *line, lp_loop_t *loop, lp_uart_t *uart)
{
    static const lp_onewire_line_t ops = {.step = start};
    *line = (lp_onewire_uart_t){.uart_ = uart};
    lp_onewire_init(&line->bus, loop, &ops);
    lp_timer_init(&line->timer_, on_timer, line);
    lp_stream_listen(&uart->stream, on_stream, line);
}
