// SPDX-License-Identifier: Apache-2.0
// fake/uart.h - serial lines 0 and 1 of a test, which plays what is at their other end.
#ifndef FAKE_UART_H
#define FAKE_UART_H

#include "limpet/port/uart.h"

enum { FAKE_UARTS = 2 };

void fake_uart_reset(void);
// Called for each byte that a line sends, from inside of lp_port_uart_serve().
extern void (*fake_uart_on_byte)(unsigned number, uint8_t byte, const lp_uart_format_t *format);
// Bytes from the other end. What finds no room is lost and counted.
void fake_uart_feed(unsigned number, const void *bytes, size_t len);
// The line takes no more bytes to send, until it is let go.
void fake_uart_hold(unsigned number, bool on);
// All is out of the ring, but the last stop bit is not.
void fake_uart_keep_last_bit(unsigned number, bool on);
extern lp_err_t fake_uart_format_error; // what lp_port_uart_set_format() returns, when not LP_OK

#endif
