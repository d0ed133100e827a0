// SPDX-License-Identifier: Apache-2.0
// limpet/bare_uart.h - a UART as a line: two rings, and the port's function that moves bytes
// between them and the device.
#ifndef LIMPET_BARE_UART_H
#define LIMPET_BARE_UART_H

#include "limpet/bare_hw.h"
#include "limpet/ring.h"

typedef struct lp_bare_uart {
    lp_ring_t rx, tx;
    // Takes bytes from the device while rx has room, gives it those of tx while it takes them, and
    // asks for the interrupts that are needed from then on. Called from the interrupt, and with
    // interrupts off. While rx is full the device must hold its byte.
    void (*serve)(struct lp_bare_uart *u);
} lp_bare_uart_t;

// Lengths are powers of two; `rx` and `tx` are lent for ever.
void lp_bare_uart_init(lp_bare_uart_t *u, uint8_t *rx, size_t rx_bytes, uint8_t *tx,
                       size_t tx_bytes, void (*serve)(lp_bare_uart_t *u));

// Serves the device until all is sent or for a while, without interrupts: for last words.
void lp_bare_uart_flush(lp_bare_uart_t *u);

bool lp_bare_uart_has_input(void *u);
size_t lp_bare_uart_read(void *u, uint8_t *buf, size_t cap);
size_t lp_bare_uart_room(void *u);
size_t lp_bare_uart_write(void *u, const uint8_t *data, size_t len);

// The line of a UART, as an initialiser of lp_hw_line_t.
#define LP_BARE_UART_LINE(uart)                                                                    \
    {                                                                                              \
        .has_input = lp_bare_uart_has_input, .read = lp_bare_uart_read, .room = lp_bare_uart_room, \
        .write = lp_bare_uart_write, .ctx = (uart), .has_interrupt = true                          \
    }

#endif
