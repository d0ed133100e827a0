// SPDX-License-Identifier: Apache-2.0
// limpet/port/clock.h - time, as a port must provide it.
// @context loop, fiber; lp_port_now_ms() from an interrupt, too
#ifndef LIMPET_PORT_CLOCK_H
#define LIMPET_PORT_CLOCK_H

#include <stdint.h>

#include "limpet/err.h"

// Milliseconds since boot; never goes back. Callable from interrupts.
uint64_t lp_port_now_ms(void);

// Microseconds since boot, for measuring. Same origin as lp_port_now_ms().
uint64_t lp_port_now_us(void);

// Microseconds in which the core worked since boot: lp_port_now_us() without the sleep in
// lp_port_wait(). For reports of what something costs.
uint64_t lp_port_busy_us(void);

// Seconds since 1970-01-01T00:00:00Z.
// LP_E_CLOCK: the port has no idea of the time yet; *utc_s untouched.
lp_err_t lp_port_utc_s(int64_t *utc_s);

// Sleeps until lp_port_now_ms() >= until_ms or an event arrives (descriptor, interrupt).
// UINT64_MAX means until an event. Only the event loop calls this; it may post events from inside.
void lp_port_wait(uint64_t until_ms);

#endif
