// SPDX-License-Identifier: Apache-2.0
// The I2C bus of a board that is a process.
#ifndef BUS_H
#define BUS_H

#include <stddef.h>

#include "limpet/i2c.h"
#include "limpet/loop.h"

// Opens "unix:PATH", "tcp:HOST:PORT", "/dev/i2c-N" or "/dev/ttyX"; null leaves *bus null. On an
// error `why` says it in a sentence. Static: one bus.
lp_err_t bus_open(lp_loop_t *loop, const char *where, lp_i2c_bus_t **bus, char *why,
                  size_t why_cap);

#endif
