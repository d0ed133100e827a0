// SPDX-License-Identifier: Apache-2.0
// limpet/uart.h - a serial line of the board, for an application: a stream (limpet/stream.h) with
// the settings of a line.
//
// Reading and writing are those of the stream: write() copies into a ring that is sent in the
// background, read() takes what has come, the listener is told of bytes (LP_STREAM_READABLE) and of
// room (LP_STREAM_WRITABLE). A line never ends by itself. limpet/lines.h makes lines of text of it.
// @context loop
#ifndef LIMPET_UART_H
#define LIMPET_UART_H

#include "limpet/loop.h"
#include "limpet/port/uart.h"
#include "limpet/stream.h"

typedef struct {
    lp_uart_format_t format; // zeros: 115200, 8 bits, no parity, 1 stop bit
    uint8_t *rx;             // lends until lp_uart_close(); lengths are powers of two
    size_t rx_bytes;
    uint8_t *tx;
    size_t tx_bytes;
    // RS-485: called with true before the first byte leaves and with false after the last one has.
    // May be null.
    void (*direction)(void *ctx, bool is_sending);
    void *direction_ctx;
} lp_uart_setup_t;

// Caller-owned; what to hand to others is &uart->stream. Other fields private.
typedef struct {
    lp_stream_t stream; // must stay first
    lp_port_uart_t port_;
    lp_loop_t *loop_;
    unsigned number_;
    lp_event_t event_;
    lp_timer_t timer_;
    lp_stream_fn *fn_;
    void *ctx_;
    void (*direction_)(void *ctx, bool is_sending);
    void *direction_ctx_;
    bool is_open_;
    bool is_sending_; // the direction pin says so
    bool is_full_;    // a write was refused
    bool is_told_;    // of bytes that are there
} lp_uart_t;

// LP_E_INVALID: a ring is no power of two; or an error of lp_port_uart_open().
lp_err_t lp_uart_open(lp_uart_t *uart, lp_loop_t *loop, unsigned number,
                      const lp_uart_setup_t *setup);

// Another rate or format from now on: LP_E_BUSY: not all is sent yet; LP_E_UNSUPPORTED,
// LP_E_CLOSED.
lp_err_t lp_uart_set_format(lp_uart_t *uart, const lp_uart_format_t *format);

// Not all that was written has left the board.
bool lp_uart_is_sending(const lp_uart_t *uart);

// What went wrong since it was opened.
typedef struct {
    uint32_t overruns; // times that bytes were lost because nobody took them
    uint32_t damaged;  // bytes with a wrong stop bit or parity
} lp_uart_counts_t;
lp_uart_counts_t lp_uart_counts(const lp_uart_t *uart);

// Also the stream's close(). What is not sent is lost.
void lp_uart_close(lp_uart_t *uart);

#endif
