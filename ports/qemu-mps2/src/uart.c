// SPDX-License-Identifier: Apache-2.0
// The board's UARTs: 0 is the console, 1 goes to the UART-to-I2C bridge of the crypto chip. Each
// has a buffer of one byte a way; while our ring is full the byte stays there and the line waits.
// @source ARM DDI 0479, 4.3 (APB UART)
#include <string.h>

#include "limpet/bare.h"
#include "limpet/bare_uart.h"
#include "mps2.h"

// The console holds a whole answer of RPC, so that the log is not kept out for long; what goes to
// the bridge is 180 bytes at most, and an answer 255 (limpet/sc18im.h).
enum { RX_BYTES = 1024, TX_BYTES = 4096, CHIP_BYTES = 512, SHORTEST_DIVIDER = 16 };
enum { DATA = 0, STATE = 1, CONTROL = 2, CLEAR = 3, DIVIDER = 4 };
enum { TX_FULL = 1, RX_FULL = 2, TX_ON = 1, RX_ON = 2, ON_SENT = 4, ON_RECEIVED = 8 };
enum { SENT = 1, RECEIVED = 2, OVERRUNS = 12 };

typedef struct {
    lp_bare_uart_t uart; // must stay first
    volatile uint32_t *regs;
} cmsdk_t;

static cmsdk_t console, chip;
static uint8_t console_rx[RX_BYTES], console_tx[TX_BYTES];
static uint8_t chip_rx[CHIP_BYTES], chip_tx[CHIP_BYTES];

static void serve(lp_bare_uart_t *u)
{
    volatile uint32_t *regs = ((cmsdk_t *)u)->regs;
    uint8_t byte;
    while (lp_ring_free(&u->rx) > 0 && (regs[STATE] & RX_FULL) != 0) {
        byte = (uint8_t)regs[DATA];
        (void)lp_ring_put(&u->rx, lp_span(&byte, 1));
    }
    while ((regs[STATE] & TX_FULL) == 0 && lp_ring_get(&u->tx, &byte, 1) == 1) {
        regs[DATA] = byte;
    }
}

static void on_uart(cmsdk_t *c)
{
    c->regs[CLEAR] = SENT | RECEIVED;
    c->regs[STATE] = OVERRUNS;
    serve(&c->uart);
}

static void on_console(void)
{
    on_uart(&console);
}

static void on_chip(void)
{
    on_uart(&chip);
}

static void start(cmsdk_t *c, uintptr_t base)
{
    c->regs = mps2_regs(base);
    c->regs[DIVIDER] = SHORTEST_DIVIDER;
    c->regs[CONTROL] = TX_ON | RX_ON | ON_SENT | ON_RECEIVED;
}

void mps2_uart_init(void)
{
    lp_bare_uart_init(&console.uart, console_rx, sizeof console_rx, console_tx, sizeof console_tx,
                      serve);
    lp_bare_uart_init(&chip.uart, chip_rx, sizeof chip_rx, chip_tx, sizeof chip_tx, serve);
    start(&console, MPS2_UART0);
    start(&chip, MPS2_UART1);
    mps2_irq_attach(MPS2_IRQ_UART0_RX, on_console);
    mps2_irq_attach(MPS2_IRQ_UART0_TX, on_console);
    mps2_irq_attach(MPS2_IRQ_UART1_RX, on_chip);
    mps2_irq_attach(MPS2_IRQ_UART1_TX, on_chip);
}

void mps2_uart_flush(void)
{
    lp_bare_uart_flush(&console.uart);
}

const lp_hw_line_t *lp_hw_console(void)
{
    static const lp_hw_line_t line = LP_BARE_UART_LINE(&console.uart);
    return &line;
}

const lp_hw_line_t *mps2_uart_chip_line(void)
{
    static const lp_hw_line_t line = LP_BARE_UART_LINE(&chip.uart);
    return &line;
}
