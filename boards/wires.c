// SPDX-License-Identifier: Apache-2.0
// The buses of the virtual boards: bridges that are wired to the same I2C bus as the crypto chip.
// Whether they are there only a first transfer tells.
#include "limpet/app_wires.h"
#include "limpet/ds2482.h"
#include "limpet/i2c_share.h"
#include "limpet/sc18is602.h"

lp_onewire_t *lp_app_onewire(lp_app_t *app)
{
    static lp_i2c_port_t port;
    static lp_ds2482_t bridge;
    static bool is_open;
    if (app->i2c == NULL) {
        return NULL;
    }
    if (!is_open) {
        is_open = true;
        lp_i2c_port_join(&port, app->i2c);
        lp_ds2482_init(&bridge, app->loop, &port.bus, LP_DS2482_ADDR);
    }
    return &bridge.bus;
}

lp_spi_bus_t *lp_app_spi(lp_app_t *app)
{
    static lp_i2c_port_t port;
    static lp_sc18is602_t bridge;
    static bool is_open;
    if (app->i2c == NULL) {
        return NULL;
    }
    if (!is_open) {
        is_open = true;
        lp_i2c_port_join(&port, app->i2c);
        lp_sc18is602_init(&bridge, app->loop, &port.bus, LP_SC18IS602_ADDR);
    }
    return &bridge.bus;
}
