// SPDX-License-Identifier: Apache-2.0
#include "bus.h"

#include <stdio.h>
#include <string.h>

#include "limpet/posix.h"
#include "limpet/sc18im.h"

// A virtual chip is a process that a loaded computer lets wait; whether it is gone the socket says.
enum { PROCESS_PATIENCE_MS = 30000 };

static lp_sc18im_t adapter;

lp_err_t bus_open(lp_loop_t *loop, const char *where, lp_i2c_bus_t **bus, char *why, size_t why_cap)
{
    *bus = NULL;
    if (where == NULL) {
        return LP_OK;
    }
    if (strncmp(where, "/dev/i2c-", 9) == 0) {
        return lp_posix_i2cdev_open(where, bus, why, why_cap);
    }
    lp_stream_t *stream = NULL;
    const lp_err_t err = lp_posix_link_open(where, &stream);
    if (err != LP_OK) {
        snprintf(why, why_cap,
                 "--i2c %s: unix:PATH, tcp:HOST:PORT, /dev/i2c-N, /dev/ttyX or none is needed",
                 where);
        return err;
    }
    lp_sc18im_init(&adapter, loop, stream);
    if (strncmp(where, "unix:", 5) == 0) {
        lp_sc18im_set_timeout(&adapter, PROCESS_PATIENCE_MS);
    }
    *bus = &adapter.bus;
    return LP_OK;
}
