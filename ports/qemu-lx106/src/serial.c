// SPDX-License-Identifier: Apache-2.0
// This board has one UART, which is its console.
#include "limpet/port/uart.h"

unsigned lp_port_uart_end(void)
{
    return 1;
}

lp_err_t lp_port_uart_open(unsigned number, lp_port_uart_t *u, const lp_uart_format_t *format)
{
    (void)u;
    (void)format;
    return number == 0 ? LP_E_DENIED : LP_E_NOT_FOUND;
}

lp_err_t lp_port_uart_set_format(unsigned number, const lp_uart_format_t *format)
{
    (void)number;
    (void)format;
    return LP_E_UNSUPPORTED;
}

void lp_port_uart_serve(unsigned number)
{
    (void)number;
}

bool lp_port_uart_is_sent(unsigned number)
{
    (void)number;
    return true;
}

void lp_port_uart_close(unsigned number)
{
    (void)number;
}
