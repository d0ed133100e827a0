// SPDX-License-Identifier: Apache-2.0
// Interrupts of level 1, and what is no interrupt: the end, with words.
#include "limpet/port/irq.h"

#include <string.h>

#include "limpet/fmt.h"
#include "limpet/port/system.h"
#include "lx106.h"

enum { CAUSE_INTERRUPT = 4, EXIT_EXCEPTION = 70 };

// As vectors.S lays it out.
typedef struct {
    uint32_t a[12];
    uint32_t sar, pc, cause, address;
} lp_lx106_frame_t;

static lx106_irq_fn *handlers[LX106_IRQS];
static volatile uint32_t count;
static const lp_lx106_frame_t *interrupted;

void lp_lx106_exception(lp_lx106_frame_t *frame);

static inline uint32_t pending(void)
{
    uint32_t asserted, enabled;
    __asm__ volatile("rsr %0, interrupt" : "=a"(asserted));
    __asm__ volatile("rsr %0, intenable" : "=a"(enabled));
    return asserted & enabled;
}

static void serve(uint32_t irqs)
{
    count++;
    for (int i = 0; i < LX106_IRQS; i++) {
        if ((irqs >> i & 1) != 0 && handlers[i] != NULL) {
            handlers[i]();
        }
    }
}

static void die(const lp_lx106_frame_t *frame)
{
    char line[96];
    (void)lp_fmt_str(line, sizeof line, "exception %u at %x, address %x, called from %x",
                     (unsigned)frame->cause, (unsigned)frame->pc, (unsigned)frame->address,
                     (unsigned)frame->a[0]);
    lp_port_log_line(line, strlen(line));
    lx106_uart_flush();
    lx106_sim_exit(EXIT_EXCEPTION);
}

void lp_lx106_exception(lp_lx106_frame_t *frame)
{
    if (frame->cause != CAUSE_INTERRUPT) {
        die(frame);
    }
    interrupted = frame;
    serve(pending());
}

_Noreturn void lx106_watchdog_bites(void)
{
    lp_bare_watchdog_bites(interrupted->pc, interrupted->a[0]);
    lx106_uart_flush();
    lp_hw_restart();
}

void lx106_irq_attach(lx106_irq_t irq, lx106_irq_fn *fn)
{
    uint32_t state = lp_port_irq_save();
    uint32_t enabled;
    handlers[irq] = fn;
    __asm__ volatile("rsr %0, intenable" : "=a"(enabled));
    enabled |= 1U << irq;
    __asm__ volatile("wsr %0, intenable\n\trsync" ::"a"(enabled));
    lp_port_irq_restore(state);
}

uint32_t lp_hw_interrupts(void)
{
    return count;
}

uint32_t lp_port_irq_save(void)
{
    uint32_t state;
    __asm__ volatile("rsil %0, 3" : "=a"(state)::"memory");
    return state;
}

void lp_port_irq_restore(uint32_t state)
{
    __asm__ volatile("wsr %0, ps\n\trsync" ::"a"(state) : "memory");
}
