// SPDX-License-Identifier: Apache-2.0
// fake/port.h - knobs of the port that tests run on (link lp_fake_port).
#ifndef FAKE_PORT_H
#define FAKE_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "limpet/port/flash.h"
#include "limpet/port/power.h"

// -- clock: time stands still except inside lp_port_wait(), which jumps to its end at once.
void fake_clock_reset(void);             // now = 0, no UTC, no hook
void fake_clock_advance_ms(uint64_t ms); // as if a callback took this long
void fake_clock_advance_us(uint64_t us);
void fake_clock_forget_utc(void);         // the board does not know the time
void fake_clock_set_utc_s(int64_t utc_s); // the UTC that belongs to this moment
// Called by each lp_port_wait() before time jumps. Without a hook, sleeping until an event (no
// timer at all) ends the test: nothing could ever wake it.
extern void (*fake_on_wait)(uint64_t until_ms);
// Called by each lp_port_now_us(), before it answers: for code that waits by looking at the clock.
extern void (*fake_on_look)(void);
// How many lp_port_irq_save() have no restore yet.
extern unsigned fake_irq_depth;

// -- system
void fake_system_reset(void);
extern unsigned fake_reboots;        // lp_port_reboot() counts, then ...
extern void (*fake_on_reboot)(void); // ... calls this, which must not return (longjmp)
extern bool fake_entropy_fails;      // lp_port_entropy() returns LP_E_IO
extern uint32_t fake_watchdog_ms;    // what lp_port_watchdog_start() was given; 0: never
extern unsigned fake_watchdog_feeds;
extern uint32_t fake_watchdog_starts;     // in a row; not 0: this start is the watchdog's
extern unsigned fake_deep_sleeps;         // lp_port_deep_sleep() counts, then ...
extern uint64_t fake_sleep_ms;            // ... leaves its time here and ...
extern void (*fake_on_deep_sleep)(void);  // ... calls this, which must not return (longjmp)
extern lp_wake_t fake_wake;               // why this start is
extern uint64_t fake_slept_ms;            // and how long the board slept before it
size_t fake_log_count(void);              // lines since the reset
const char *fake_log_last(void);          // "" when there is none
bool fake_log_contains(const char *text); // in any of the last 64 lines
void fake_log_echo(bool on);              // also to stderr

// -- flash
void fake_flash_reset(lp_flash_geometry_t geometry); // blank part, power on
// Power goes in the middle of the n-th program or erase from now (1 = the next); that call and all
// later ones return LP_E_IO. 0: never. `seed` picks the mixture that the cut call leaves.
void fake_flash_cut_at(unsigned n, uint32_t seed);
void fake_flash_power_on(void);
bool fake_flash_is_cut(void);
// The n-th program or erase from now (1 = the next) returns LP_E_IO and does nothing. 0: never.
void fake_flash_fail_at(unsigned n);
// Called before each program (so many bytes) and erase (so many sectors), for the time that it
// takes.
extern void (*fake_flash_on_op)(size_t programmed, size_t erased);
unsigned fake_flash_ops(void);               // programs and erases since the reset
unsigned fake_flash_erases(uint32_t sector); // of one sector, for wear
uint8_t *fake_flash_bytes(void);             // the whole part, for looking and for damage
// A program of a bit from 0 to 1 counts here: real parts do not do that.
extern unsigned fake_flash_bad_programs;

#endif
