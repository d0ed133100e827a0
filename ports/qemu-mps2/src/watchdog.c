// SPDX-License-Identifier: Apache-2.0
// The board's watchdog: when its time is over for the first time it raises the non-maskable
// interrupt, which says where the core was; for the second time, it resets the board without a
// word.
// @source ARM DDI 0479, 4.5 (APB watchdog)
#include "mps2.h"

enum { RELOAD = 0, CONTROL = 2, CLEAR = 3, LOCK = 0xC00 / 4 };
enum { INTERRUPT = 1, RESET = 2, UNLOCK = 0x1ACCE551, TICKS_PER_MS = 1000 * MPS2_TICKS_PER_US };
enum { FRAME_LR = 5, FRAME_PC = 6 };

static volatile uint32_t *const regs = (volatile uint32_t *)MPS2_WATCHDOG;

_Noreturn void lp_mps2_nmi(const uint32_t *frame);

_Noreturn void lp_mps2_nmi(const uint32_t *frame)
{
    lp_bare_watchdog_bites(frame[FRAME_PC], frame[FRAME_LR]);
    mps2_uart_flush();
    lp_hw_restart();
}

void lp_hw_watchdog_start(uint32_t timeout_ms)
{
    regs[LOCK] = UNLOCK;
    regs[CONTROL] = 0;
    regs[RELOAD] = timeout_ms * TICKS_PER_MS;
    regs[CONTROL] = INTERRUPT | RESET;
}

// Any value takes the interrupt back and begins anew.
void lp_hw_watchdog_feed(void)
{
    regs[CLEAR] = 1;
}
