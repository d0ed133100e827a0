// SPDX-License-Identifier: Apache-2.0
// Time from timer 0, which counts down for ever; timer 1 ends a sleep. Timer 0 goes round in 171 s
// and is looked at at least three times in that time, because no sleep is longer.
#include "limpet/port/clock.h"

#include "limpet/port/irq.h"
#include "mps2.h"

enum { LONGEST_SLEEP_MS = 50000 };
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

// When the wait ends that lasts until `until_ms`, or earlier for the chip's answer; at most
// LONGEST_SLEEP_MS from `now_us`. To the microsecond, so that what happens at a millisecond happens
// at its beginning.
static uint64_t wake_us(uint64_t until_ms, uint64_t now_us)
{
    const uint64_t longest_us = now_us + LONGEST_SLEEP_MS * 1000u;
    const uint64_t due_us = lp_bare_bridge_due_us();
    const uint64_t until_us = until_ms < longest_us / 1000 ? until_ms * 1000 : longest_us;
    return due_us < until_us ? due_us : until_us;
}

// While the core sleeps the emulator's time is the computer's, and a computer that has other things
// to do ends the sleep too late: by milliseconds, now and then by hundreds. To the board that is no
// time.
static void forget_lateness(uint64_t until_us)
{
    if (seen_us < until_us && lp_port_now_us() > until_us) {
        seen_us = until_us;
        seen_at = timer(0)[VALUE];
    }
}

// A pending interrupt ends wfi even while it is masked, so none slips through between the look at
// the counter and the sleep.
void lp_hw_idle(uint64_t until_ms, uint32_t since)
{
    const uint32_t state = lp_port_irq_save();
    const uint64_t now_us = lp_port_now_us();
    const uint64_t until_us = wake_us(until_ms, now_us);
    if (lp_hw_interrupts() == since && now_us < until_us) {
        timer(1)[CONTROL] = 0;
        timer(1)[RELOAD] = UINT32_MAX;
        timer(1)[VALUE] = (uint32_t)(until_us - now_us) * MPS2_TICKS_PER_US;
        timer(1)[CONTROL] = ENABLE | ON_ZERO;
        __asm__ volatile("dsb\n\twfi" ::: "memory");
        forget_lateness(until_us);
    }
    lp_port_irq_restore(state);
}
