// SPDX-License-Identifier: Apache-2.0
#include "extras.h"

#include "limpet/svc_i2c.h"

static lp_svc_i2c_t i2c;

void lp_app_extras_start(lp_app_t *app, lp_i2c_bus_t *bus)
{
    const lp_svc_i2c_setup_t setup = {
        .loop = app->loop, .rpc = app->rpc, .bus = bus, .chip = app->chip};
    lp_svc_i2c_init(&i2c, &setup);
}
