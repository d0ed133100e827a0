// SPDX-License-Identifier: Apache-2.0
// limpet/port/crash.h - faults, failed assertions and hangs, as a port must provide them.
//
// Only a port whose images keep crashes needs it. Once started, whatever ends the image against its
// will leaves a dump (limpet/crash.h) in memory that a restart leaves alone and on the console, and
// restarts the board with the boot reason "crash", or "watchdog" for a hang. Such starts in a row
// are counted by lp_port_watchdog_starts().
// @context loop; lp_port_panic() from wherever a bug is noticed
#ifndef LIMPET_PORT_CRASH_H
#define LIMPET_PORT_CRASH_H

#include <stddef.h>
#include <stdint.h>

typedef enum {
    LP_CRASH_FAULT = 1, // the core refused an instruction or an access
    LP_CRASH_PANIC,     // lp_port_panic(): the image found a bug of its own
    LP_CRASH_WATCHDOG,  // the loop did not turn
    LP_CRASH_STACK,     // a stack was too small
} lp_crash_reason_t;

// What a dump says of the image: "sensor 0.1.0", and which start of the board it is; `app` is
// static.
void lp_port_crash_start(const char *app, uint32_t boots);

// The memory that dumps are kept in, by limpet/crash.h's rules. Static, 512 bytes at least.
uint8_t *lp_port_crash_area(size_t *bytes);

// The build id of the image, as its ELF file has it; *len 0: it has none. Static.
const uint8_t *lp_port_build_id(size_t *len);

// The end, for a bug of our own; `why` is logged. Before lp_port_crash_start() too.
_Noreturn void lp_port_panic(const char *why);

#endif
