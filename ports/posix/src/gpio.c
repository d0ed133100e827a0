// SPDX-License-Identifier: Apache-2.0
// The pins of a board that is a process: 32 in memory, which can do everything. What is wired to
// them, virtual parts or nothing, is the board's affair (limpet/pins.h).
#include "limpet/pins.h"

#define PIN(n)                                                                                     \
    [n] = {.can = LP_GPIO_CAN_INPUT | LP_GPIO_CAN_OUTPUT | LP_GPIO_CAN_OPEN_DRAIN |                \
                  LP_GPIO_CAN_PULL_UP | LP_GPIO_CAN_PULL_DOWN | LP_GPIO_CAN_EDGES,                 \
           .name = "GPIO" #n}

// clang-format off
const lp_gpio_info_t lp_pins_table[] = {
    PIN(0),  PIN(1),  PIN(2),  PIN(3),  PIN(4),  PIN(5),  PIN(6),  PIN(7),
    PIN(8),  PIN(9),  PIN(10), PIN(11), PIN(12), PIN(13), PIN(14), PIN(15),
    PIN(16), PIN(17), PIN(18), PIN(19), PIN(20), PIN(21), PIN(22), PIN(23),
    PIN(24), PIN(25), PIN(26), PIN(27), PIN(28), PIN(29), PIN(30), PIN(31),
};
// clang-format on
const uint16_t lp_pins_count = sizeof lp_pins_table / sizeof lp_pins_table[0];

void lp_pins_set_jumpers(void)
{
}
