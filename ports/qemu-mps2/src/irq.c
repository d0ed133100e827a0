// SPDX-License-Identifier: Apache-2.0
// The interrupt controller, and what is no interrupt: the end, with words.
// @source ARM DDI 0403 (ARMv7-M), B3.2 and B3.4
#include "limpet/port/irq.h"

#include <string.h>

#include "limpet/fmt.h"
#include "limpet/port/system.h"
#include "mps2.h"

enum { EXIT_FAULT = 70, FIRST_IRQ = 16, RESET_REQUEST = 0x05FA0004 };
enum { FRAME_LR = 5, FRAME_PC = 6 };

static mps2_irq_fn *handlers[MPS2_IRQS];
static volatile uint32_t count;

void lp_mps2_interrupt(void);
_Noreturn void lp_mps2_fault(const uint32_t *frame, uint32_t exception);

void lp_mps2_interrupt(void)
{
    uint32_t exception;
    __asm__ volatile("mrs %0, ipsr" : "=r"(exception));
    const uint32_t irq = exception - FIRST_IRQ;
    count++;
    if (irq < MPS2_IRQS && handlers[irq] != NULL) {
        handlers[irq]();
    }
}

_Noreturn void lp_mps2_fault(const uint32_t *frame, uint32_t exception)
{
    char line[96];
    volatile uint32_t *status = mps2_regs(0xE000ED28);
    (void)lp_fmt_str(line, sizeof line, "exception %u at %x, status %x, called from %x",
                     (unsigned)exception, (unsigned)frame[FRAME_PC], (unsigned)status[0],
                     (unsigned)frame[FRAME_LR]);
    lp_port_log_line(line, strlen(line));
    mps2_uart_flush();
    mps2_exit(EXIT_FAULT);
}

void mps2_irq_attach(mps2_irq_t irq, mps2_irq_fn *fn)
{
    handlers[irq] = fn;
    __asm__ volatile("dmb" ::: "memory");
    mps2_regs(0xE000E100)[irq / 32] = 1U << irq % 32;
}

uint32_t lp_hw_interrupts(void)
{
    return count;
}

uint32_t lp_port_irq_save(void)
{
    uint32_t state;
    __asm__ volatile("mrs %0, primask\n\tcpsid i" : "=r"(state)::"memory");
    return state;
}

void lp_port_irq_restore(uint32_t state)
{
    __asm__ volatile("msr primask, %0" ::"r"(state) : "memory");
}

_Noreturn void mps2_reset(void)
{
    __asm__ volatile("cpsid i\n\tdsb" ::: "memory");
    *mps2_regs(0xE000ED0C) = RESET_REQUEST;
    while (true) {
    }
}
