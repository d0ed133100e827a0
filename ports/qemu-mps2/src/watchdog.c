// SPDX-License-Identifier: Apache-2.0
// The board's watchdog: when its time is over for the first time it raises the non-maskable
// interrupt, which says where the core was; for the second time, it resets the board without a
// word.
// @source ARM DDI 0479, 4.5 (APB watchdog)
#include "mps2.h"

enum { RELOAD = 0, CONTROL = 2, CLEAR = 3, LOCK = 0xC00 / 4 };
enum { INTERRUPT = 1, RESET = 2, UNLOCK = 0x1ACCE551, TICKS_PER_MS = 1000 * MPS2_TICKS_PER_US };

static volatile uint32_t *const watchdog = (volatile uint32_t *)MPS2_WATCHDOG;

_Noreturn void lp_mps2_nmi(const uint32_t *frame, const uint32_t *saved);

_Noreturn void lp_mps2_nmi(const uint32_t *frame, const uint32_t *saved)
{
    uintptr_t regs[MPS2_REGS];
    lp_crash_t where = mps2_crash(frame, saved, regs);
    where.reason = LP_CRASH_WATCHDOG;
    lp_bare_watchdog_bites(&where);
    mps2_uart_flush();
    lp_hw_restart();
}

void lp_hw_watchdog_start(uint32_t timeout_ms)
{
    watchdog[LOCK] = UNLOCK;
    watchdog[CONTROL] = 0;
    watchdog[RELOAD] = timeout_ms * TICKS_PER_MS;
    watchdog[CONTROL] = INTERRUPT | RESET;
}

// Any value takes the interrupt back and begins anew.
void lp_hw_watchdog_feed(void)
{
    watchdog[CLEAR] = 1;
}
