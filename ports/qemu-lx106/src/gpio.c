// SPDX-License-Identifier: Apache-2.0
// The pins of an ESP8266. QEMU's board has none of them, so they are in memory: they have the
// chip's numbers and can do what the chip's pins can, and nothing is wired to them but what the
// word jumper=4-5 (several with commas) says.
// @source Espressif, ESP8266EX Datasheet 2.1 (pins), ESP8266 Technical Reference 1.7, chapter 3
#include "limpet/bare.h"
#include "limpet/pins.h"
#include "lx106.h"

enum {
    CAN = LP_GPIO_CAN_INPUT | LP_GPIO_CAN_OUTPUT | LP_GPIO_CAN_OPEN_DRAIN | LP_GPIO_CAN_PULL_UP |
          LP_GPIO_CAN_EDGES,
    // GPIO16 belongs to the real-time clock: no interrupt, and a resistor to the other side.
    CAN_16 = LP_GPIO_CAN_INPUT | LP_GPIO_CAN_OUTPUT | LP_GPIO_CAN_PULL_DOWN,
};

#define PIN(n)       [n] = {.can = CAN, .name = "GPIO" #n}
#define TAKEN(n, by) [n] = {.can = CAN, .name = "GPIO" #n, .taken_by = by}

const lp_gpio_info_t lp_pins_table[] = {
    PIN(0),
    TAKEN(1, "uart"),
    PIN(2),
    TAKEN(3, "uart"),
    PIN(4),
    PIN(5),
    TAKEN(6, "flash"),
    TAKEN(7, "flash"),
    TAKEN(8, "flash"),
    TAKEN(9, "flash"),
    TAKEN(10, "flash"),
    TAKEN(11, "flash"),
    PIN(12),
    PIN(13),
    PIN(14),
    PIN(15),
    [16] = {.can = CAN_16, .name = "GPIO16"},
};
const uint16_t lp_pins_count = sizeof lp_pins_table / sizeof lp_pins_table[0];

static const char *take_number(const char *at, uint16_t *number)
{
    uint16_t value = 0;
    while (*at >= '0' && *at <= '9' && value < LP_PINS_MAX) {
        value = (uint16_t)(value * 10 + (*at++ - '0'));
    }
    *number = value;
    return at;
}

void lp_pins_set_jumpers(void)
{
    const char *at = lp_bare_word("jumper");
    while (at != NULL && *at != '\0') {
        uint16_t a, b;
        at = take_number(at, &a);
        at += *at == '-';
        at = take_number(at, &b);
        (void)lp_pins_tie(a, b);
        if (*at != ',') {
            return;
        }
        at++;
    }
}
