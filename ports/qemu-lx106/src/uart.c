// SPDX-License-Identifier: Apache-2.0
// The 16550 of the lx60 board: received bytes go into a ring from the interrupt, sent ones leave it
// as the FIFO empties.
// @source National Semiconductor PC16550D; registers are 4 bytes apart
#include "limpet/bare_uart.h"
#include "lx106.h"

enum { RX_BYTES = 512, TX_BYTES = 512, FIFO_BYTES = 16 };
enum { DATA = 0, INTERRUPTS = 1, FIFO_CONTROL = 2, LINE_STATUS = 5 };
enum { ON_RECEIVED = 1, ON_EMPTY = 2, FIFO_ON = 0x07, HAS_DATA = 0x01, IS_EMPTY = 0x20 };

static volatile uint32_t *const regs = (volatile uint32_t *)0x9D050020;
static uint8_t rx_bytes[RX_BYTES], tx_bytes[TX_BYTES];
static lp_bare_uart_t uart;

static void fill_fifo(lp_ring_t *tx)
{
    uint8_t byte;
    if ((regs[LINE_STATUS] & IS_EMPTY) != 0) {
        for (int i = 0; i < FIFO_BYTES && lp_ring_get(tx, &byte, 1) == 1; i++) {
            regs[DATA] = byte;
        }
    }
}

// A full ring takes no more interrupts, and the sender is held up by its FIFO.
static void serve(lp_bare_uart_t *u)
{
    while (lp_ring_free(&u->rx) > 0 && (regs[LINE_STATUS] & HAS_DATA) != 0) {
        const uint8_t byte = (uint8_t)regs[DATA];
        (void)lp_ring_put(&u->rx, lp_span(&byte, 1));
    }
    fill_fifo(&u->tx);
    const uint32_t wanted = lp_ring_free(&u->rx) > 0 ? ON_RECEIVED : 0;
    regs[INTERRUPTS] = lp_ring_used(&u->tx) > 0 ? wanted | ON_EMPTY : wanted;
}

static void on_uart(void)
{
    serve(&uart);
}

void lx106_uart_init(void)
{
    lp_bare_uart_init(&uart, rx_bytes, sizeof rx_bytes, tx_bytes, sizeof tx_bytes, serve);
    regs[FIFO_CONTROL] = FIFO_ON;
    lx106_irq_attach(LX106_IRQ_UART, on_uart);
    serve(&uart);
}

void lx106_uart_flush(void)
{
    lp_bare_uart_flush(&uart);
}

const lp_hw_line_t *lp_hw_console(void)
{
    static const lp_hw_line_t line = LP_BARE_UART_LINE(&uart);
    return &line;
}
