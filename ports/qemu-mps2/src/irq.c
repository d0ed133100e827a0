// SPDX-License-Identifier: Apache-2.0
// The interrupt controller, and what is no interrupt: the end, with words.
// @source ARM DDI 0403 (ARMv7-M), B3.2 and B3.4; ARM DDI 0553 (ARMv8-M), B3.21
#include "limpet/port/irq.h"

#include "mps2.h"

enum { EXIT_FAULT = 70, FIRST_IRQ = 16, RESET_REQUEST = 0x05FA0004 };
enum { FRAME_R12 = 4, FRAME_LR = 5, FRAME_PC = 6, FRAME_XPSR = 7, FRAME_WORDS = 8 };
enum { PADDED = 1U << 9, LR = 14, PC = 15 };

static mps2_irq_fn *handlers[MPS2_IRQS];
static volatile uint32_t count;

// Of a core that has a register for it; 0: none is set. It lies in start.S, which takes it off in
// faults.
extern uintptr_t lp_mps2_stack_limit;

void lp_mps2_interrupt(void);
_Noreturn void lp_mps2_fault(const uint32_t *frame, const uint32_t *saved);

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

lp_crash_t mps2_crash(const uint32_t *frame, const uint32_t *saved, uintptr_t regs[MPS2_REGS])
{
    const uint32_t pad = (frame[FRAME_XPSR] & PADDED) != 0 ? 1 : 0;
    const uintptr_t sp = (uintptr_t)(frame + FRAME_WORDS + pad);
    for (size_t i = 0; i < 4; i++) {
        regs[i] = frame[i];
    }
    for (size_t i = 0; i < 8; i++) {
        regs[4 + i] = saved[i];
    }
    regs[12] = frame[FRAME_R12];
    regs[13] = sp;
    regs[LR] = frame[FRAME_LR];
    regs[PC] = frame[FRAME_PC];
    return (lp_crash_t){.core = LP_CRASH_ARMV7M,
                        .pc = frame[FRAME_PC],
                        .sp = sp,
                        .regs = regs,
                        .reg_count = MPS2_REGS};
}

// What the status says of the address is valid with these bits only.
static uint32_t fault_address(uint32_t status)
{
    enum { MEMORY_VALID = 1U << 7, BUS_VALID = 1U << 15, STACK_OVERFLOW = 1U << 20 };
    if ((status & STACK_OVERFLOW) != 0) {
        return (uint32_t)lp_mps2_stack_limit;
    }
    if ((status & BUS_VALID) != 0) {
        return *mps2_regs(0xE000ED38);
    }
    return (status & MEMORY_VALID) != 0 ? *mps2_regs(0xE000ED34) : 0;
}

_Noreturn void lp_mps2_fault(const uint32_t *frame, const uint32_t *saved)
{
    static const uint32_t none[FRAME_WORDS];
    uintptr_t regs[MPS2_REGS];
    // At the limit there was no room for a frame: where the code was is lost, its callers are not.
    const bool is_lost = lp_mps2_stack_limit != 0 && (uintptr_t)frame == lp_mps2_stack_limit;
    lp_crash_t crash = mps2_crash(is_lost ? none : frame, saved, regs);
    if (is_lost) {
        crash.pc = regs[PC] = UINT32_MAX;
        crash.sp = regs[13] = lp_mps2_stack_limit;
    }
    crash.cause = *mps2_regs(0xE000ED28);
    crash.address = fault_address(crash.cause);
    lp_bare_crash(&crash, regs[LR]);
    mps2_uart_flush();
    mps2_exit(EXIT_FAULT);
}

// MSPLIM, by its number: other cores of this port's have no name for it.
// @source ARM DDI 0553, B3.21 (stack limit checks)
static void limit_stack(uintptr_t limit)
{
    register uintptr_t r0 __asm__("r0") = limit;
    lp_mps2_stack_limit = limit;
    __asm__ volatile(".inst.w 0xF380880A @ msr msplim, r0\n\tisb" ::"r"(r0) : "memory");
}

// Cortex-M3 and M4: region 7, read-only, 128 bytes; M33: a limit as high, over which no frame of
// whatever size leaps. The fault is taken as a hard fault, in which the unit is off, so
// that its handler may use what is below.
// @source ARM DDI 0403, B3.5
void lp_hw_guard_stack(uint8_t *bottom)
{
    enum {
        BYTES = 128,
        SIZE_128 = 6 << 1,
        READ_ONLY = 5 << 24,
        NEVER_CODE = 1 << 28,
        CORTEX_M33 = 0xD21
    };
    volatile uint32_t *mpu = mps2_regs(0xE000ED90);
    const uint32_t base = ((uint32_t)(uintptr_t)bottom + BYTES - 1) & ~(uint32_t)(BYTES - 1);
    const uint32_t part = *mps2_regs(0xE000ED00) >> 4 & 0xFFF;
    if (part == CORTEX_M33) {
        limit_stack(bottom != NULL ? base : 0);
        return;
    }
    if ((mpu[0] >> 8 & 0xFF) == 0) {
        return; // there is none
    }
    mpu[2] = 7;
    mpu[3] = base;
    mpu[4] = bottom != NULL ? NEVER_CODE | READ_ONLY | SIZE_128 | 1 : 0;
    mpu[1] = 5; // on, with the usual map elsewhere, not in hard faults
    __asm__ volatile("dsb\n\tisb" ::: "memory");
}

_Noreturn void lp_hw_trap(void)
{
    __asm__ volatile("udf #0");
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
