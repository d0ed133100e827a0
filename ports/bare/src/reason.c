// SPDX-License-Identifier: Apache-2.0
// Why a board started that never sleeps deeply; the others have power.c.
#include "bare_internal.h"
#include "limpet/port/system.h"
#include "limpet/port/watchdog.h"

const char *lp_port_boot_reason(void)
{
    if (lp_port_watchdog_starts() > 0) {
        return lp_bare_is_after_crash() ? "crash" : "watchdog";
    }
    return lp_bare_is_restarted() ? "software" : "power-on";
}
