// SPDX-License-Identifier: Apache-2.0
// A small image has no room for more.
#include "extras.h"

void lp_app_extras_start(lp_app_t *app, lp_store_t *store, lp_i2c_bus_t *bus)
{
    (void)app;
    (void)store;
    (void)bus;
}
