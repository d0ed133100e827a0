// SPDX-License-Identifier: Apache-2.0
// limpet/app_wires.h - the board's buses beside I2C. Each board defines them; an image has only
// those that its application asks for.
//
// I2C is app->i2c, for one driver; a second one gets a port of its own with lp_i2c_port_join()
// (limpet/i2c_share.h). UARTs are opened by their number (limpet/uart.h).
// @context loop
#ifndef LIMPET_APP_WIRES_H
#define LIMPET_APP_WIRES_H

#include "limpet/app.h"
#include "limpet/onewire.h"
#include "limpet/spi.h"

// Null: none is wired. Always the same one.
lp_onewire_t *lp_app_onewire(lp_app_t *app);
lp_spi_bus_t *lp_app_spi(lp_app_t *app);

#endif
