// SPDX-License-Identifier: Apache-2.0
// limpet/port/watchdog.h - what restarts a board whose loop no longer turns, as a port must provide
// it.
//
// Only the loop feeds it (lp_loop_guard()), once a turn: a callback that never returns is caught,
// whatever it does; a loop that turns while its connection does not come back is none of its
// business. It counts time in which the board could have run: a process that is stopped, or an
// emulator that a debugger holds, is no hang.
#ifndef LIMPET_PORT_WATCHDOG_H
#define LIMPET_PORT_WATCHDOG_H

#include <stdint.h>

// A start by the watchdog counts as one in a row with the last one when the board had run no longer
// than this.
enum { LP_PORT_WATCHDOG_ROW_MS = 10 * 60 * 1000 };

// From now on the board restarts, with the boot reason "watchdog", when lp_port_watchdog_feed()
// does not come for timeout_ms (1000 to 30000; a port may take up to half as much again). Nothing
// stops it; calling it again sets another time.
// @context loop
void lp_port_watchdog_start(uint32_t timeout_ms);

// The loop turns. Cheap; does nothing before lp_port_watchdog_start().
// @context loop
void lp_port_watchdog_feed(void);

// How many starts in a row were the watchdog's, or a crash's (limpet/port/crash.h), this one
// included; 0 when this one was neither. Kept where a restart leaves it alone and a power cut does
// not.
uint32_t lp_port_watchdog_starts(void);

#endif
