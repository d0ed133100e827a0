// SPDX-License-Identifier: Apache-2.0
// Time from CCOUNT, which overflows after 107 s: it is looked at at least twice in that time,
// because the timer is never set further ahead. The core has one timer only, so the watchdog's time
// is looked at whenever it ends; a hang with interrupts off is not seen.
#include "limpet/port/clock.h"

#include "limpet/port/irq.h"
#include "lx106.h"

enum { LONGEST_SLEEP_MS = 50000, TICKS_PER_MS = 1000 * LX106_TICKS_PER_US };

static uint64_t seen_us;     // since boot
static uint64_t begun_us;    // when the millisecond began that was told last
static uint32_t seen_ccount; // CCOUNT when it was that

static uint32_t hunger_ticks; // the watchdog's time; 0: there is none yet
static uint32_t fed_ccount;

static void set_timer(uint32_t at)
{
    __asm__ volatile("wsr %0, ccompare0\n\tesync" ::"a"(at));
}

// Not later than the watchdog wants to look. Writing CCOMPARE takes the interrupt away.
static void sleep_until(uint32_t ticks)
{
    const uint32_t now = lx106_ccount();
    if (hunger_ticks != 0) {
        const uint32_t fed_ago = now - fed_ccount;
        const uint32_t left = fed_ago < hunger_ticks ? hunger_ticks - fed_ago : TICKS_PER_MS;
        ticks = ticks < left ? ticks : left;
    }
    set_timer(now + ticks);
}

static void on_timer(void)
{
    if (hunger_ticks != 0 && lx106_ccount() - fed_ccount >= hunger_ticks) {
        lx106_watchdog_bites();
    }
    sleep_until((uint32_t)LONGEST_SLEEP_MS * TICKS_PER_MS);
}

// The timer may be set for later: for a sleep that something else ended.
void lp_hw_watchdog_start(uint32_t timeout_ms)
{
    const uint32_t state = lp_port_irq_save();
    fed_ccount = lx106_ccount();
    hunger_ticks = timeout_ms * TICKS_PER_MS;
    sleep_until(hunger_ticks);
    lp_port_irq_restore(state);
}

void lp_hw_watchdog_feed(void)
{
    fed_ccount = lx106_ccount();
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
    uint32_t state = lp_port_irq_save();
    uint64_t now_us = lp_port_now_us();
    uint32_t more = (uint32_t)(now_us - begun_us) / 1000;
    ms += more;
    begun_us += more * 1000;
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

// When the wait ends that lasts for so many more milliseconds, LONGEST_SLEEP_MS at most, or earlier
// for the chip's answer. To the microsecond, so that what happens at a millisecond happens at its
// beginning.
static uint64_t wake_us(uint64_t left_ms)
{
    const uint32_t sleep_ms = left_ms < LONGEST_SLEEP_MS ? (uint32_t)left_ms : LONGEST_SLEEP_MS;
    const uint64_t until_us = begun_us + sleep_ms * 1000;
    const uint64_t due_us = lp_bare_bridge_due_us();
    return due_us < until_us ? due_us : until_us;
}

// While the core sleeps the emulator's time is the computer's, and a computer that has other things
// to do ends the sleep too late: by milliseconds, now and then by hundreds. To the board that is no
// time.
static void forget_lateness(uint64_t until_us)
{
    if (seen_us < until_us && lp_port_now_us() > until_us) {
        seen_us = until_us;
        seen_ccount = lx106_ccount();
    }
}

// waiti opens the interrupts and sleeps in one instruction, so none slips through between the look
// at the counter and the sleep.
void lp_hw_idle(uint64_t until_ms, uint32_t since)
{
    const uint32_t state = lp_port_irq_save();
    const uint64_t now_ms = lp_port_now_ms();
    if (lp_hw_interrupts() == since && now_ms < until_ms) {
        const uint64_t until_us = wake_us(until_ms - now_ms);
        const uint64_t now_us = lp_port_now_us();
        sleep_until(now_us < until_us ? (uint32_t)(until_us - now_us) * LX106_TICKS_PER_US : 1);
        __asm__ volatile("waiti 0" ::: "memory");
        (void)lp_port_irq_save();
        forget_lateness(until_us);
    }
    lp_port_irq_restore(state);
}
