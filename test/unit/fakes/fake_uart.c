// SPDX-License-Identifier: Apache-2.0
#include "fake/uart.h"

static struct {
    lp_port_uart_t *uart;
    lp_uart_format_t format;
    bool is_held, keeps_last_bit;
} lines[FAKE_UARTS];

void (*fake_uart_on_byte)(unsigned number, uint8_t byte, const lp_uart_format_t *format);
lp_err_t fake_uart_format_error;

void fake_uart_reset(void)
{
    for (unsigned n = 0; n < FAKE_UARTS; n++) {
        lines[n].uart = NULL;
        lines[n].is_held = false;
        lines[n].keeps_last_bit = false;
    }
    fake_uart_on_byte = NULL;
    fake_uart_format_error = LP_OK;
}

void fake_uart_feed(unsigned number, const void *bytes, size_t len)
{
    lp_port_uart_t *u = lines[number].uart;
    if (u != NULL) {
        u->overruns += lp_ring_put(&u->rx, lp_span(bytes, len)) < len ? 1 : 0;
        u->notify(u);
    }
}

void fake_uart_hold(unsigned number, bool on)
{
    lines[number].is_held = on;
    if (!on && lines[number].uart != NULL) {
        lp_port_uart_serve(number);
    }
}

void fake_uart_keep_last_bit(unsigned number, bool on)
{
    lines[number].keeps_last_bit = on;
}

unsigned lp_port_uart_end(void)
{
    return FAKE_UARTS;
}

lp_err_t lp_port_uart_open(unsigned number, lp_port_uart_t *u, const lp_uart_format_t *format)
{
    if (number >= FAKE_UARTS) {
        return LP_E_NOT_FOUND;
    }
    if (lines[number].uart != NULL) {
        return LP_E_BUSY;
    }
    lines[number].uart = u;
    lines[number].format = *format;
    return LP_OK;
}

lp_err_t lp_port_uart_set_format(unsigned number, const lp_uart_format_t *format)
{
    if (fake_uart_format_error != LP_OK) {
        return fake_uart_format_error;
    }
    lines[number].format = *format;
    return LP_OK;
}

void lp_port_uart_serve(unsigned number)
{
    lp_port_uart_t *u = lines[number].uart;
    uint8_t byte;
    while (!lines[number].is_held && lp_ring_get(&u->tx, &byte, 1) == 1) {
        if (fake_uart_on_byte != NULL) {
            fake_uart_on_byte(number, byte, &lines[number].format);
        }
        u->notify(u);
    }
}

bool lp_port_uart_is_sent(unsigned number)
{
    return lp_ring_used(&lines[number].uart->tx) == 0 && !lines[number].keeps_last_bit;
}

void lp_port_uart_close(unsigned number)
{
    lines[number].uart = NULL;
}
