// SPDX-License-Identifier: Apache-2.0
// Time from timer 0, which counts down for ever; timer 1 ends a sleep. Timer 0 goes round in 171 s
// and is looked at at least three times in that time, because no sleep is longer.
#include "limpet/port/clock.h"

#include "limpet/port/irq.h"
#include "mps2.h"

enum { LONGEST_SLEEP_MS = 50000, TICKS_PER_MS = 1000 * MPS2_TICKS_PER_US };
enum { CONTROL = 0, VALUE = 1, RELOAD = 2, CLEAR = 3, ENABLE = 1, ON_ZERO = 8 };

static uint64_t seen_us; // since boot
static uint32_t seen_at; // the timer when it was that

static volatile uint32_t *timer(unsigned n)
{
    return mps2_regs(n == 0 ? MPS2_TIMER0 : MPS2_TIMER1);
}

uint32_t mps2_ticks(void)
{
    return UINT32_MAX - timer(0)[VALUE];
}

static void on_timer(void)
{
    timer(1)[CONTROL] = 0;
    timer(1)[CLEAR] = 1;
}

uint64_t lp_port_now_us(void)
{
    const uint32_t state = lp_port_irq_save();
    const uint32_t us = (seen_at - timer(0)[VALUE]) / MPS2_TICKS_PER_US;
    seen_us += us;
    seen_at -= us * MPS2_TICKS_PER_US;
    const uint64_t now_us = seen_us;
    lp_port_irq_restore(state);
    return now_us;
}

uint64_t lp_port_now_ms(void)
{
    return lp_port_now_us() / 1000;
}

void mps2_clock_init(void)
{
    timer(0)[CONTROL] = 0;
    timer(0)[RELOAD] = UINT32_MAX;
    timer(0)[VALUE] = UINT32_MAX;
    timer(0)[CONTROL] = ENABLE;
    seen_at = timer(0)[VALUE];
    timer(1)[CONTROL] = 0;
    timer(1)[CLEAR] = 1;
    mps2_irq_attach(MPS2_IRQ_TIMER1, on_timer);
}

// A pending interrupt ends wfi even while it is masked, so none slips through between the look at
// the counter and the sleep.
void lp_hw_idle(uint64_t until_ms, uint32_t since)
{
    const uint32_t state = lp_port_irq_save();
    const uint64_t now_ms = lp_port_now_ms();
    if (lp_hw_interrupts() == since && now_ms < until_ms) {
        const uint64_t left_ms = until_ms - now_ms;
        const uint32_t sleep_ms = left_ms < LONGEST_SLEEP_MS ? (uint32_t)left_ms : LONGEST_SLEEP_MS;
        timer(1)[CONTROL] = 0;
        timer(1)[RELOAD] = UINT32_MAX;
        timer(1)[VALUE] = sleep_ms * TICKS_PER_MS;
        timer(1)[CONTROL] = ENABLE | ON_ZERO;
        __asm__ volatile("dsb\n\twfi" ::: "memory");
    }
    lp_port_irq_restore(state);
}
