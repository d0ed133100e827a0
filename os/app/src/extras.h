// SPDX-License-Identifier: Apache-2.0
// What an image has beside the platform: the folder of its sizes brings extras.c, where there is
// room more of it.
#ifndef LP_APP_EXTRAS_H
#define LP_APP_EXTRAS_H

#include "limpet/app.h"

// Starts them. `bus` is a port of the board's I2C bus that nobody else uses; null: no bus is wired.
void lp_app_extras_start(lp_app_t *app, lp_store_t *store, lp_i2c_bus_t *bus);

#endif
