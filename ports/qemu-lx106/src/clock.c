// SPDX-License-Identifier: Apache-2.0
// Time from CCOUNT, which overflows after 107 s: it is looked at at least twice in that time,
// because the timer is never set further ahead.
#include "limpet/port/clock.h"

#include "limpet/port/irq.h"
#include "lx106.h"

enum { LONGEST_SLEEP_MS = 50000, TICKS_PER_MS = 1000 * LX106_TICKS_PER_US };

static uint64_t seen_us;     // since boot
static uint32_t seen_ccount; // CCOUNT when it was that

static void set_timer(uint32_t at)
{
    __asm__ volatile("wsr %0, ccompare0\n\tesync" ::"a"(at));
}

// Writing CCOMPARE takes the interrupt away.
static void on_timer(void)
{
    set_timer(lx106_ccount() + (uint32_t)LONGEST_SLEEP_MS * TICKS_PER_MS);
}

uint64_t lp_port_now_us(void)
{
    uint32_t state = lp_port_irq_save();
    uint32_t us = (lx106_ccount() - seen_ccount) / LX106_TICKS_PER_US;
    seen_us += us;
    seen_ccount += us * LX106_TICKS_PER_US;
    uint64_t now_us = seen_us;
    lp_port_irq_restore(state);
    return now_us;
}

// Milliseconds are counted along, since a 64-bit division takes this core a thousand instructions.
uint64_t lp_port_now_ms(void)
{
    static uint64_t ms;
    static uint64_t ms_us;
    uint32_t state = lp_port_irq_save();
    uint64_t now_us = lp_port_now_us();
    uint32_t more = (uint32_t)(now_us - ms_us) / 1000;
    ms += more;
    ms_us += (uint64_t)more * 1000;
    uint64_t now_ms = ms;
    lp_port_irq_restore(state);
    return now_ms;
}

void lx106_clock_init(void)
{
    seen_ccount = lx106_ccount();
    on_timer();
    lx106_irq_attach(LX106_IRQ_TIMER, on_timer);
}

// waiti opens the interrupts and sleeps in one instruction, so none slips through between the look
// at the counter and the sleep.
void lp_hw_idle(uint64_t until_ms, uint32_t since)
{
    uint32_t state = lp_port_irq_save();
    uint64_t now_ms = lp_port_now_ms();
    if (lp_hw_interrupts() == since && now_ms < until_ms) {
        uint64_t left_ms = until_ms - now_ms;
        uint32_t sleep_ms = left_ms < LONGEST_SLEEP_MS ? (uint32_t)left_ms : LONGEST_SLEEP_MS;
        set_timer(lx106_ccount() + sleep_ms * TICKS_PER_MS);
        __asm__ volatile("waiti 0" ::: "memory");
    }
    lp_port_irq_restore(state);
}
