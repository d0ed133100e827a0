// SPDX-License-Identifier: Apache-2.0
#include "limpet/i2c_share.h"

void lp_i2c_port_join(lp_i2c_port_t *port, lp_i2c_bus_t *one)
{
    lp_i2c_port_init(port, ((lp_i2c_port_t *)one)->share_); // bus is its first member
}
