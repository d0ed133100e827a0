// SPDX-License-Identifier: Apache-2.0
// Interrupts of level 1, and what is no interrupt: the end, with words.
#include "limpet/port/irq.h"

#include "lx106.h"

enum { CAUSE_INTERRUPT = 4, EXIT_EXCEPTION = 70, REGS = 16 };

// As vectors.S lays it out.
typedef struct {
    uint32_t a[12];
    uint32_t sar, pc, cause, address;
    uint32_t a12_to_a15[4];
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

static lp_crash_t crash_of(const lp_lx106_frame_t *frame, uintptr_t regs[REGS])
{
    for (size_t i = 0; i < REGS; i++) {
        regs[i] = i < 12 ? frame->a[i] : frame->a12_to_a15[i - 12];
    }
    return (lp_crash_t){.core = LP_CRASH_LX106,
                        .cause = frame->cause,
                        .address = frame->address,
                        .pc = frame->pc,
                        .sp = frame->a[1],
                        .regs = regs,
                        .reg_count = REGS};
}

static void die(const lp_lx106_frame_t *frame)
{
    uintptr_t regs[REGS];
    lp_crash_t crash = crash_of(frame, regs);
    lp_bare_crash(&crash, frame->a[0]);
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
    uintptr_t regs[REGS];
    lp_crash_t where = crash_of(interrupted, regs);
    where.reason = LP_CRASH_WATCHDOG;
    where.address = 0;
    lp_bare_watchdog_bites(&where);
    lx106_uart_flush();
    lp_hw_restart();
}

// The core knows no protection.
void lp_hw_guard_stack(uint8_t *bottom)
{
    (void)bottom;
}

_Noreturn void lp_hw_trap(void)
{
    __asm__ volatile("ill");
    lx106_sim_exit(EXIT_EXCEPTION);
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
