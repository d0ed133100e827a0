// SPDX-License-Identifier: Apache-2.0
// limpet/port/power.h - deep sleep and what it leaves alone, as a port must provide it.
//
// Light sleep is lp_port_wait() (limpet/port/clock.h): the core stops until the next timer of the
// loop or an interrupt, memory and connections stay. Deep sleep is the end of the image: it starts
// anew after a time or at the board's wake pin, and all that is left is the RTC memory. Only a port
// whose images sleep deeply needs this header.
//
// A power cut may leave anything in the RTC memory, and so may whoever can write to it: what is
// read back is checked like bytes from the network.
// @context loop
#ifndef LIMPET_PORT_POWER_H
#define LIMPET_PORT_POWER_H

#include <stddef.h>
#include <stdint.h>

enum { LP_PORT_RTC_BYTES_MIN = 256 };

// Why the board started. What a port cannot tell apart is LP_WAKE_POWER_ON.
typedef enum {
    LP_WAKE_POWER_ON,
    LP_WAKE_RESET, // lp_port_reboot()
    LP_WAKE_WATCHDOG,
    LP_WAKE_CRASH,
    LP_WAKE_TIMER, // deep sleep, its time was over
    LP_WAKE_PIN,   // deep sleep, the wake pin ended it
} lp_wake_t;

lp_wake_t lp_port_wake(void);

// Milliseconds of deep sleep just before this start; 0 when there was none.
uint64_t lp_port_slept_ms(void);

// Memory that deep sleep leaves alone. Static, LP_PORT_RTC_BYTES_MIN at least.
uint8_t *lp_port_rtc(size_t *bytes);

// Sends what the console has queued and sleeps deeply for `ms`, at least 1. The watchdog does not
// count this time. lp_port_boot_reason() of the next start is "timer" or "pin".
_Noreturn void lp_port_deep_sleep(uint64_t ms);

#endif
