// SPDX-License-Identifier: Apache-2.0
#include "limpet/uart.h"

enum { SENT_POLL_MS = 1 }; // how soon the direction of an RS-485 line turns

static const lp_uart_format_t usual = {.baud = 115200, .data_bits = 8, .stop_bits = 1};

static lp_uart_t *self(lp_stream_t *s)
{
    return (lp_uart_t *)s; // stream is its first member
}

static void notify(lp_port_uart_t *port)
{
    lp_uart_t *u = (lp_uart_t *)((uint8_t *)port - offsetof(lp_uart_t, port_));
    lp_loop_post(u->loop_, &u->event_);
}

bool lp_uart_is_sending(const lp_uart_t *uart)
{
    return uart->is_open_ &&
           (lp_ring_used(&uart->port_.tx) > 0 || !lp_port_uart_is_sent(uart->number_));
}

// -- the direction of RS-485

static void turn_to_sending(lp_uart_t *u)
{
    if (u->direction_ != NULL && !u->is_sending_) {
        u->is_sending_ = true;
        u->direction_(u->direction_ctx_, true);
        lp_timer_start(u->loop_, &u->timer_, SENT_POLL_MS);
    }
}

static void turn_to_listening(lp_uart_t *u)
{
    if (u->is_sending_) {
        u->is_sending_ = false;
        u->direction_(u->direction_ctx_, false);
    }
}

static void on_timer(void *ctx)
{
    lp_uart_t *u = ctx;
    if (lp_uart_is_sending(u)) {
        lp_timer_start(u->loop_, &u->timer_, SENT_POLL_MS);
    } else {
        turn_to_listening(u);
    }
}

// -- the stream

static void on_event(void *ctx)
{
    lp_uart_t *u = ctx;
    unsigned events = 0;
    if (lp_ring_used(&u->port_.rx) > 0 && !u->is_told_) {
        events |= LP_STREAM_READABLE;
        u->is_told_ = true;
    }
    if (u->is_full_ && lp_ring_free(&u->port_.tx) > 0) {
        events |= LP_STREAM_WRITABLE;
        u->is_full_ = false;
    }
    if (events != 0 && u->fn_ != NULL) {
        u->fn_(u->ctx_, events, LP_OK);
    }
}

static void listen(lp_stream_t *s, lp_stream_fn *fn, void *ctx)
{
    lp_uart_t *u = self(s);
    u->fn_ = fn;
    u->ctx_ = ctx;
    u->is_told_ = false;
    if (u->is_open_) {
        lp_loop_post(u->loop_, &u->event_); // what came before
    }
}

static lp_err_t take(lp_stream_t *s, uint8_t *buf, size_t cap, size_t *n)
{
    lp_uart_t *u = self(s);
    if (!u->is_open_) {
        return LP_E_CLOSED;
    }
    u->is_told_ = false; // before the look, so that a byte that comes now is told
    const size_t got = lp_ring_get(&u->port_.rx, buf, cap);
    if (got == 0) {
        return LP_E_AGAIN;
    }
    *n = got;
    lp_port_uart_serve(u->number_);
    return LP_OK;
}

static lp_err_t put(lp_stream_t *s, lp_span_t data, size_t *n)
{
    lp_uart_t *u = self(s);
    if (!u->is_open_) {
        return LP_E_CLOSED;
    }
    if (lp_ring_free(&u->port_.tx) == 0 && data.len > 0) {
        u->is_full_ = true;
        return LP_E_AGAIN;
    }
    turn_to_sending(u); // before an interrupt can find the bytes
    *n = lp_ring_put(&u->port_.tx, data);
    u->is_full_ = *n < data.len;
    lp_port_uart_serve(u->number_);
    return LP_OK;
}

static void end(lp_stream_t *s)
{
    lp_uart_close(self(s));
}

static const lp_stream_ops_t ops = {.listen = listen, .read = take, .write = put, .close = end};

// -- the line

lp_err_t lp_uart_open(lp_uart_t *uart, lp_loop_t *loop, unsigned number,
                      const lp_uart_setup_t *setup)
{
    *uart = (lp_uart_t){.stream = {.ops = &ops},
                        .port_ = {.notify = notify},
                        .loop_ = loop,
                        .number_ = number,
                        .direction_ = setup->direction,
                        .direction_ctx_ = setup->direction_ctx};
    lp_event_init(&uart->event_, on_event, uart);
    lp_timer_init(&uart->timer_, on_timer, uart);
    lp_err_t err = lp_ring_init(&uart->port_.rx, setup->rx, setup->rx_bytes);
    if (err == LP_OK) {
        err = lp_ring_init(&uart->port_.tx, setup->tx, setup->tx_bytes);
    }
    if (err == LP_OK) {
        err = lp_port_uart_open(number, &uart->port_,
                                setup->format.baud != 0 ? &setup->format : &usual);
    }
    uart->is_open_ = err == LP_OK;
    if (uart->is_open_ && uart->direction_ != NULL) {
        uart->direction_(uart->direction_ctx_, false);
    }
    return err;
}

lp_err_t lp_uart_set_format(lp_uart_t *uart, const lp_uart_format_t *format)
{
    if (!uart->is_open_) {
        return LP_E_CLOSED;
    }
    if (lp_uart_is_sending(uart)) {
        return LP_E_BUSY;
    }
    return lp_port_uart_set_format(uart->number_, format);
}

lp_uart_counts_t lp_uart_counts(const lp_uart_t *uart)
{
    return (lp_uart_counts_t){.overruns = uart->port_.overruns, .damaged = uart->port_.damaged};
}

void lp_uart_close(lp_uart_t *uart)
{
    if (!uart->is_open_) {
        return;
    }
    lp_port_uart_close(uart->number_);
    uart->is_open_ = false;
    lp_loop_unpost(uart->loop_, &uart->event_);
    lp_timer_stop(uart->loop_, &uart->timer_);
    turn_to_listening(uart);
}
