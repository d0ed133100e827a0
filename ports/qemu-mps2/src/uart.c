// SPDX-License-Identifier: Apache-2.0
// The board's UARTs: 0 is the console, 1 goes to the UART-to-I2C bridge of the crypto chip. Each
// has a buffer of one byte a way; while our ring is full the byte stays there and the line waits.
// @source ARM DDI 0479, 4.3 (APB UART)
#include "limpet/bare.h"
#include "limpet/port/irq.h"
#include "limpet/ring.h"
#include "mps2.h"

#include <string.h>

enum { RX_BYTES = 1024, TX_BYTES = 4096, SHORTEST_DIVIDER = 16, FLUSH_TURNS = 1000000 };
enum { DATA = 0, STATE = 1, CONTROL = 2, CLEAR = 3, DIVIDER = 4 };
enum { TX_FULL = 1, RX_FULL = 2, TX_ON = 1, RX_ON = 2, ON_SENT = 4, ON_RECEIVED = 8 };
enum { SENT = 1, RECEIVED = 2, OVERRUNS = 12 };

typedef struct {
    volatile uint32_t *regs;
    lp_ring_t rx, tx;
    uint8_t rx_bytes[RX_BYTES], tx_bytes[TX_BYTES];
} uart_t;

static uart_t uarts[2];

static void fetch(uart_t *u)
{
    while (lp_ring_free(&u->rx) > 0 && (u->regs[STATE] & RX_FULL) != 0) {
        const uint8_t byte = (uint8_t)u->regs[DATA];
        (void)lp_ring_put(&u->rx, lp_span(&byte, 1));
    }
}

static void send(uart_t *u)
{
    uint8_t byte;
    while ((u->regs[STATE] & TX_FULL) == 0 && lp_ring_get(&u->tx, &byte, 1) == 1) {
        u->regs[DATA] = byte;
    }
}

static void on_uart(uart_t *u)
{
    u->regs[CLEAR] = SENT | RECEIVED;
    u->regs[STATE] = OVERRUNS;
    fetch(u);
    send(u);
}

static void on_console(void)
{
    on_uart(&uarts[0]);
}

static void on_chip(void)
{
    on_uart(&uarts[1]);
}

static void init(uart_t *u, uintptr_t base)
{
    u->regs = mps2_regs(base);
    (void)lp_ring_init(&u->rx, u->rx_bytes, sizeof u->rx_bytes);
    (void)lp_ring_init(&u->tx, u->tx_bytes, sizeof u->tx_bytes);
    u->regs[DIVIDER] = SHORTEST_DIVIDER;
    u->regs[CONTROL] = TX_ON | RX_ON | ON_SENT | ON_RECEIVED;
}

void mps2_uart_init(void)
{
    init(&uarts[0], 0x40004000);
    init(&uarts[1], 0x40005000);
    mps2_irq_attach(MPS2_IRQ_UART0_RX, on_console);
    mps2_irq_attach(MPS2_IRQ_UART0_TX, on_console);
    mps2_irq_attach(MPS2_IRQ_UART1_RX, on_chip);
    mps2_irq_attach(MPS2_IRQ_UART1_TX, on_chip);
}

void mps2_uart_flush(void)
{
    for (uint32_t i = 0; i < FLUSH_TURNS && lp_ring_used(&uarts[0].tx) > 0; i++) {
        send(&uarts[0]);
    }
}

static bool has_input(void *ctx)
{
    const uart_t *u = ctx;
    return lp_ring_used(&u->rx) > 0;
}

static size_t take(void *ctx, uint8_t *buf, size_t cap)
{
    uart_t *u = ctx;
    const size_t n = lp_ring_get(&u->rx, buf, cap);
    const uint32_t state = lp_port_irq_save();
    fetch(u);
    lp_port_irq_restore(state);
    return n;
}

static size_t room(void *ctx)
{
    const uart_t *u = ctx;
    return lp_ring_free(&u->tx);
}

static size_t put(void *ctx, const uint8_t *data, size_t len)
{
    uart_t *u = ctx;
    const size_t n = lp_ring_put(&u->tx, lp_span(data, len));
    const uint32_t state = lp_port_irq_save();
    send(u);
    lp_port_irq_restore(state);
    return n;
}

const lp_hw_line_t *lp_hw_console(void)
{
    static const lp_hw_line_t line = {.has_input = has_input,
                                      .read = take,
                                      .room = room,
                                      .write = put,
                                      .ctx = &uarts[0],
                                      .has_interrupt = true};
    return &line;
}

// The UART is always there; whether something is wired to it only the words can tell.
const lp_hw_line_t *lp_hw_chip_line(void)
{
    static const lp_hw_line_t line = {.has_input = has_input,
                                      .read = take,
                                      .room = room,
                                      .write = put,
                                      .ctx = &uarts[1],
                                      .has_interrupt = true};
    const char *chip = lp_bare_word("chip");
    return chip != NULL && strcmp(chip, "none") != 0 ? &line : NULL;
}
