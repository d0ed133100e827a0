// SPDX-License-Identifier: Apache-2.0
// limpet/onewire_uart.h - a one-wire bus made of a UART whose TX pulls the wire low through an open
// drain (a transistor or diode will do) and whose RX listens to it.
//
// A reset is a byte at 9600 baud, each bit a byte at 115200; what the wire made of it comes back as
// an echo. The core never waits. The wire cannot feed parts: that would have to begin within 10 us.
// @source Maxim application note 214, Using a UART to Implement a 1-Wire Bus Master
// @context loop
#ifndef LIMPET_ONEWIRE_UART_H
#define LIMPET_ONEWIRE_UART_H

#include "limpet/onewire.h"
#include "limpet/uart.h"

enum { LP_ONEWIRE_UART_ECHO_MS = 50 }; // later is LP_E_TIMEOUT: TX does not reach RX

// Caller-owned; the bus to hand to a driver is &line->bus. Other fields private.
typedef struct {
    lp_onewire_t bus; // must stay first
    lp_uart_t *uart_;
    lp_timer_t timer_;
    uint8_t step_;
    uint8_t value_;
    uint8_t sent_[8], echo_[8];
    uint8_t len_, got_;
    uint8_t waited_ms_; // for the line to be at rest
    uint8_t bits_;      // of a triplet, so far
    uint32_t baud_;
} lp_onewire_uart_t;

// Lends both; the UART is open, has rings of 8 bytes at least, and belongs to the wire from now on.
void lp_onewire_uart_init(lp_onewire_uart_t *line, lp_loop_t *loop, lp_uart_t *uart);

#endif
