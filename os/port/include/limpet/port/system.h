// SPDX-License-Identifier: Apache-2.0
// limpet/port/system.h - identity, entropy, reset and the log sink of a board.
// @context loop, fiber; lp_port_log_line() from wherever lp_log() is called
#ifndef LIMPET_PORT_SYSTEM_H
#define LIMPET_PORT_SYSTEM_H

#include <stddef.h>
#include <stdint.h>

#include "limpet/err.h"

// Fills `buf` with entropy from the port's own source (not the crypto chip's).
// LP_E_IO: the source failed; `buf` is wiped and must not be used.
lp_err_t lp_port_entropy(uint8_t *buf, size_t len);

// The board's hardware id (MAC address or unique id of the MCU), 6 bytes.
void lp_port_hw_id(uint8_t id[6]);

// Short static name of the port, e.g. "posix", "qemu-lx106".
const char *lp_port_name(void);

// Why the board started: "power-on", "software" (lp_port_reboot()), "watchdog", "brown-out"...
// Static.
const char *lp_port_boot_reason(void);

// Restarts the board. Does not return.
_Noreturn void lp_port_reboot(void);

// Writes one finished log line (no newline in it) to the console. Must not block for long.
void lp_port_log_line(const char *line, size_t len);

#endif
