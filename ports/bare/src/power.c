// SPDX-License-Identifier: Apache-2.0
// Deep sleep of an emulated board, whose core has none: it waits, hearing nothing but the clock,
// and starts anew. QEMU has no pin that could wake it.
#include "limpet/port/power.h"

#include "bare_internal.h"
#include "limpet/port/clock.h"
#include "limpet/port/system.h"
#include "limpet/port/watchdog.h"

enum { NAPPED = 0x11A45EE9, FEED_MS = 200 };

static uint8_t rtc[LP_PORT_RTC_BYTES_MIN] __attribute__((section(".noinit.rtc")));
static struct {
    uint32_t mark;
    uint64_t slept_ms;
} nap __attribute__((section(".noinit.rtc")));

static lp_wake_t wake;
static uint64_t slept_ms;

static lp_wake_t read_wake(void)
{
    if (nap.mark == NAPPED && lp_bare_is_restarted()) {
        slept_ms = nap.slept_ms;
        return LP_WAKE_TIMER;
    }
    if (lp_port_watchdog_starts() > 0) {
        return lp_bare_is_after_crash() ? LP_WAKE_CRASH : LP_WAKE_WATCHDOG;
    }
    return lp_bare_is_restarted() ? LP_WAKE_RESET : LP_WAKE_POWER_ON;
}

// Once: what a later start finds must not be this one's.
lp_wake_t lp_port_wake(void)
{
    static bool is_read;
    if (!is_read) {
        is_read = true;
        wake = read_wake();
        nap.mark = 0;
    }
    return wake;
}

uint64_t lp_port_slept_ms(void)
{
    (void)lp_port_wake();
    return slept_ms;
}

const char *lp_port_boot_reason(void)
{
    switch (lp_port_wake()) {
    case LP_WAKE_POWER_ON:
        return "power-on";
    case LP_WAKE_RESET:
        return "software";
    case LP_WAKE_WATCHDOG:
        return "watchdog";
    case LP_WAKE_CRASH:
        return "crash";
    case LP_WAKE_TIMER:
        return "timer";
    case LP_WAKE_PIN:
        return "pin";
    }
    return "power-on";
}

uint8_t *lp_port_rtc(size_t *bytes)
{
    *bytes = sizeof rtc;
    return rtc;
}

_Noreturn void lp_port_deep_sleep(uint64_t ms)
{
    const uint64_t began_ms = lp_port_now_ms();
    const uint64_t end_ms = began_ms + ms;
    lp_bare_console_flush();
    while (lp_port_now_ms() < end_ms) {
        const uint64_t look_ms = lp_port_now_ms() + FEED_MS;
        lp_hw_watchdog_feed(); // a core that is off has no watchdog that runs
        lp_hw_idle(look_ms < end_ms ? look_ms : end_ms, lp_hw_interrupts());
    }
    nap.slept_ms = lp_port_now_ms() - began_ms;
    nap.mark = NAPPED;
    lp_port_reboot();
}
