// SPDX-License-Identifier: Apache-2.0
// limpet/port/uart.h - the board's serial lines, as a port must provide them.
//
// Lines have the numbers that people know from the board. Bytes go through two rings that belong to
// whoever opened the line; the port's interrupt, or its wait, moves them. Applications use
// limpet/uart.h.
#ifndef LIMPET_PORT_UART_H
#define LIMPET_PORT_UART_H

#include <stdbool.h>
#include <stdint.h>

#include "limpet/err.h"
#include "limpet/ring.h"

typedef enum { LP_UART_PARITY_NONE, LP_UART_PARITY_ODD, LP_UART_PARITY_EVEN } lp_uart_parity_t;

typedef struct {
    uint32_t baud;
    uint8_t data_bits; // 7, 8
    uint8_t stop_bits; // 1, 2
    lp_uart_parity_t parity;
} lp_uart_format_t;

typedef struct lp_port_uart {
    lp_ring_t rx;                           // the port puts
    lp_ring_t tx;                           // the port takes
    volatile uint32_t overruns;             // times that bytes were lost because nobody took them
    volatile uint32_t damaged;              // bytes with a wrong stop bit or parity
    void (*notify)(struct lp_port_uart *u); // bytes came, or went. @context loop, interrupt
} lp_port_uart_t;

// One more than the highest number of a line.
unsigned lp_port_uart_end(void);

// LP_E_NOT_FOUND: there is no line of this number, or nothing is wired to it. LP_E_DENIED: the
// board itself uses it. LP_E_BUSY: it is open. LP_E_UNSUPPORTED: not with this format. LP_E_IO.
// Lends `u`, which is set but for its counters, until lp_port_uart_close().
lp_err_t lp_port_uart_open(unsigned number, lp_port_uart_t *u, const lp_uart_format_t *format);

// For what is sent from now on: LP_E_BUSY: not all is sent yet. LP_E_UNSUPPORTED: as it was.
lp_err_t lp_port_uart_set_format(unsigned number, const lp_uart_format_t *format);

// There are more bytes to send, or there is room again in the ring of received ones.
void lp_port_uart_serve(unsigned number);

// The last stop bit of all that was to be sent has left the board.
bool lp_port_uart_is_sent(unsigned number);

// At once; what is not sent is lost. Does nothing on a line that is not open.
void lp_port_uart_close(unsigned number);

#endif
