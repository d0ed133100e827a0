// SPDX-License-Identifier: Apache-2.0
// The 16550 of the lx60 board: received bytes go into a ring from the interrupt, sent ones leave it
// as the FIFO empties.
// @source National Semiconductor PC16550D; registers are 4 bytes apart
#include "limpet/port/irq.h"
#include "limpet/ring.h"
#include "lx106.h"

enum { RX_BYTES = 512, TX_BYTES = 1024, FIFO_BYTES = 16, FLUSH_TURNS = 1000000 };
enum { DATA = 0, INTERRUPTS = 1, FIFO_CONTROL = 2, LINE_STATUS = 5 };
enum { ON_RECEIVED = 1, ON_EMPTY = 2, FIFO_ON = 0x07, HAS_DATA = 0x01, IS_EMPTY = 0x20 };

static volatile uint32_t *const regs = (volatile uint32_t *)0x9D050020;
static uint8_t rx_bytes[RX_BYTES], tx_bytes[TX_BYTES];
static lp_ring_t rx, tx;

// Which interrupts are wanted: a full ring takes no more, and the sender is held up by its FIFO.
static void choose_interrupts(void)
{
    uint32_t wanted = lp_ring_free(&rx) > 0 ? ON_RECEIVED : 0;
    regs[INTERRUPTS] = lp_ring_used(&tx) > 0 ? wanted | ON_EMPTY : wanted;
}

static void fill_fifo(void)
{
    uint8_t byte;
    if ((regs[LINE_STATUS] & IS_EMPTY) != 0) {
        for (int i = 0; i < FIFO_BYTES && lp_ring_get(&tx, &byte, 1) == 1; i++) {
            regs[DATA] = byte;
        }
    }
}

static void on_uart(void)
{
    while (lp_ring_free(&rx) > 0 && (regs[LINE_STATUS] & HAS_DATA) != 0) {
        uint8_t byte = (uint8_t)regs[DATA];
        (void)lp_ring_put(&rx, lp_span(&byte, 1));
    }
    fill_fifo();
    choose_interrupts();
}

void lx106_uart_init(void)
{
    (void)lp_ring_init(&rx, rx_bytes, sizeof rx_bytes);
    (void)lp_ring_init(&tx, tx_bytes, sizeof tx_bytes);
    regs[FIFO_CONTROL] = FIFO_ON;
    lx106_irq_attach(LX106_IRQ_UART, on_uart);
    choose_interrupts();
}

void lx106_uart_flush(void)
{
    for (uint32_t i = 0; i < FLUSH_TURNS && lp_ring_used(&tx) > 0; i++) {
        fill_fifo();
    }
}

static bool has_input(void *ctx)
{
    (void)ctx;
    return lp_ring_used(&rx) > 0;
}

static size_t take(void *ctx, uint8_t *buf, size_t cap)
{
    (void)ctx;
    size_t n = lp_ring_get(&rx, buf, cap);
    uint32_t state = lp_port_irq_save();
    choose_interrupts();
    lp_port_irq_restore(state);
    return n;
}

static size_t room(void *ctx)
{
    (void)ctx;
    return lp_ring_free(&tx);
}

static size_t put(void *ctx, const uint8_t *data, size_t len)
{
    (void)ctx;
    size_t n = lp_ring_put(&tx, lp_span(data, len));
    uint32_t state = lp_port_irq_save();
    fill_fifo();
    choose_interrupts();
    lp_port_irq_restore(state);
    return n;
}

const lp_hw_line_t *lp_hw_console(void)
{
    static const lp_hw_line_t line = {
        .has_input = has_input, .read = take, .room = room, .write = put, .has_interrupt = true};
    return &line;
}
