// SPDX-License-Identifier: Apache-2.0
// The board's UARTs that it does not use itself, 2 to 4, for applications. A byte that finds no
// room in the ring stays in the device, whose overrun flag tells when the next one came.
// @source Arm, Application Note AN385, tables 3-1 and 3-8; ARM DDI 0479, 4.3 (APB UART)
#include "limpet/port/clock.h"
#include "limpet/port/irq.h"
#include "limpet/port/uart.h"
#include "mps2.h"

enum { FIRST = 2, END = 5, LINES = END - FIRST, SHORTEST_DIVIDER = 16, LONGEST_DIVIDER = 0xFFFFF };
enum { BITS_OF_A_BYTE = 10 };
enum { DATA = 0, STATE = 1, CONTROL = 2, CLEAR = 3, DIVIDER = 4 };
enum { TX_FULL = 1, RX_FULL = 2, TX_OVERRUN = 4, RX_OVERRUN = 8 };
enum { TX_ON = 1, RX_ON = 2, ON_SENT = 4, ON_RECEIVED = 8 };
enum { SENT = 1, RECEIVED = 2 };

static lp_port_uart_t *open_lines[LINES];
static uint64_t given_us[LINES]; // when the device got its last byte
static uint32_t byte_us[LINES];

static volatile uint32_t *regs_of(unsigned n)
{
    static const uintptr_t bases[LINES] = {0x40006000, 0x40007000, 0x40009000};
    return mps2_regs(bases[n]);
}

static void serve(unsigned n)
{
    lp_port_uart_t *u = open_lines[n];
    volatile uint32_t *regs = regs_of(n);
    uint8_t byte;
    bool has_moved = false;
    if ((regs[STATE] & RX_OVERRUN) != 0) {
        u->overruns++;
        regs[STATE] = RX_OVERRUN;
    }
    while (lp_ring_free(&u->rx) > 0 && (regs[STATE] & RX_FULL) != 0) {
        byte = (uint8_t)regs[DATA];
        (void)lp_ring_put(&u->rx, lp_span(&byte, 1));
        has_moved = true;
    }
    while ((regs[STATE] & TX_FULL) == 0 && lp_ring_get(&u->tx, &byte, 1) == 1) {
        regs[DATA] = byte;
        given_us[n] = lp_port_now_us();
        has_moved = true;
    }
    if (has_moved) {
        u->notify(u);
    }
}

static void on_line(unsigned n)
{
    regs_of(n)[CLEAR] = SENT | RECEIVED;
    if (open_lines[n] != NULL) {
        serve(n);
    }
}

static void on_line2(void)
{
    on_line(0);
}

static void on_line3(void)
{
    on_line(1);
}

static void on_line4(void)
{
    on_line(2);
}

static void attach(unsigned n)
{
    static const struct {
        mps2_irq_t rx, tx;
        mps2_irq_fn *fn;
    } irqs[LINES] = {{MPS2_IRQ_UART2_RX, MPS2_IRQ_UART2_TX, on_line2},
                     {MPS2_IRQ_UART3_RX, MPS2_IRQ_UART3_TX, on_line3},
                     {MPS2_IRQ_UART4_RX, MPS2_IRQ_UART4_TX, on_line4}};
    mps2_irq_attach(irqs[n].rx, irqs[n].fn);
    mps2_irq_attach(irqs[n].tx, irqs[n].fn);
}

static void set_rate(unsigned n, uint32_t divider)
{
    regs_of(n)[DIVIDER] = divider;
    byte_us[n] = divider * BITS_OF_A_BYTE / MPS2_TICKS_PER_US + 1;
}

// Eight bits, no parity, one stop bit are all that it can do. 0: not this rate.
static uint32_t divider_of(const lp_uart_format_t *f)
{
    const bool is_plain =
        f->data_bits == 8 && f->stop_bits == 1 && f->parity == LP_UART_PARITY_NONE && f->baud > 0;
    const uint32_t divider = is_plain ? MPS2_CLOCK_HZ / f->baud : 0;
    return divider >= SHORTEST_DIVIDER && divider <= LONGEST_DIVIDER ? divider : 0;
}

unsigned lp_port_uart_end(void)
{
    return END;
}

lp_err_t lp_port_uart_open(unsigned number, lp_port_uart_t *u, const lp_uart_format_t *format)
{
    const uint32_t divider = divider_of(format);
    if (number < FIRST || number >= END) {
        return number < FIRST ? LP_E_DENIED : LP_E_NOT_FOUND;
    }
    const unsigned n = number - FIRST;
    if (open_lines[n] != NULL || divider == 0) {
        return divider != 0 ? LP_E_BUSY : LP_E_UNSUPPORTED;
    }
    given_us[n] = 0;
    open_lines[n] = u;
    set_rate(n, divider);
    attach(n);
    regs_of(n)[CONTROL] = TX_ON | RX_ON | ON_SENT | ON_RECEIVED;
    return LP_OK;
}

lp_err_t lp_port_uart_set_format(unsigned number, const lp_uart_format_t *format)
{
    const uint32_t divider = divider_of(format);
    if (divider == 0) {
        return LP_E_UNSUPPORTED;
    }
    if (!lp_port_uart_is_sent(number)) {
        return LP_E_BUSY;
    }
    set_rate(number - FIRST, divider);
    return LP_OK;
}

void lp_port_uart_serve(unsigned number)
{
    const uint32_t state = lp_port_irq_save();
    serve(number - FIRST);
    lp_port_irq_restore(state);
}

// The device tells that its buffer is empty, not that its last bit is gone: that is two bytes after
// it got the last one at most, since one may be on its way.
bool lp_port_uart_is_sent(unsigned number)
{
    const unsigned n = number - FIRST;
    return lp_ring_used(&open_lines[n]->tx) == 0 && (regs_of(n)[STATE] & TX_FULL) == 0 &&
           lp_port_now_us() - given_us[n] >= 2 * (uint64_t)byte_us[n];
}

void lp_port_uart_close(unsigned number)
{
    if (number < FIRST || number >= END || open_lines[number - FIRST] == NULL) {
        return;
    }
    const uint32_t state = lp_port_irq_save();
    regs_of(number - FIRST)[CONTROL] = 0;
    open_lines[number - FIRST] = NULL;
    lp_port_irq_restore(state);
}
