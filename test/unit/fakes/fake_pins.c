// SPDX-License-Identifier: Apache-2.0
// A board's pins for tests: three that can do all, one that only drives, one of the UART.
#include <stddef.h>

#include "limpet/pins.h"

#define ALL                                                                                        \
    (LP_GPIO_CAN_INPUT | LP_GPIO_CAN_OUTPUT | LP_GPIO_CAN_OPEN_DRAIN | LP_GPIO_CAN_PULL_UP |       \
     LP_GPIO_CAN_EDGES)

const lp_gpio_info_t lp_pins_table[] = {
    {.can = ALL, .name = "GPIO0"},
    {.can = ALL, .name = "GPIO1", .taken_by = "uart"},
    {.can = ALL, .name = "GPIO2"},
    {.name = NULL}, // there is none
    {.can = LP_GPIO_CAN_OUTPUT, .name = "LED"},
    {.can = ALL, .name = "GPIO5"},
};
const uint16_t lp_pins_count = sizeof lp_pins_table / sizeof lp_pins_table[0];

void lp_pins_set_jumpers(void)
{
}
