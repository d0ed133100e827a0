// SPDX-License-Identifier: Apache-2.0
// limpet/port/gpio.h - digital pins, as a port must provide them.
//
// Pins have the numbers that people know from the board, with gaps where there is none. After a
// reset each pin is as the hardware leaves it: nothing drives. Everything here is done at once and
// takes a few instructions, so that protocols can be made of pins.
//
// Levels are those on the wire: true is high. What is active low is known above. Nothing here keeps
// two users of one pin apart; a port only tells which pins it uses itself.
#ifndef LIMPET_PORT_GPIO_H
#define LIMPET_PORT_GPIO_H

#include <stdbool.h>
#include <stdint.h>

#include "limpet/err.h"

typedef enum {
    LP_GPIO_OFF,        // lets go and is not read: the state after a reset
    LP_GPIO_INPUT,      // lets go and is read
    LP_GPIO_OUTPUT,     // drives both levels
    LP_GPIO_OPEN_DRAIN, // drives low, lets go for high; the level that is there is read
} lp_gpio_mode_t;

typedef enum { LP_GPIO_PULL_NONE, LP_GPIO_PULL_UP, LP_GPIO_PULL_DOWN } lp_gpio_pull_t;

typedef enum {
    LP_GPIO_EDGE_NONE = 0,
    LP_GPIO_EDGE_RISING = 1,
    LP_GPIO_EDGE_FALLING = 2,
    LP_GPIO_EDGE_BOTH = 3,
} lp_gpio_edge_t;

// What a pin can do.
enum {
    LP_GPIO_CAN_INPUT = 1,
    LP_GPIO_CAN_OUTPUT = 2,
    LP_GPIO_CAN_OPEN_DRAIN = 4,
    LP_GPIO_CAN_PULL_UP = 8, // by itself, or the board has a resistor there
    LP_GPIO_CAN_PULL_DOWN = 16,
    LP_GPIO_CAN_EDGES = 32, // lp_port_gpio_watch()
};

typedef struct {
    uint8_t can;          // LP_GPIO_CAN_*
    const char *name;     // static; the board's own: "GPIO4", "USERLED0"
    const char *taken_by; // static; what of the port uses it: "uart", "flash". Null: it is free
} lp_gpio_info_t;

typedef struct {
    lp_gpio_mode_t mode;
    lp_gpio_pull_t pull;
    bool level; // of an output or open drain, from its first moment
} lp_gpio_config_t;

// One more than the highest number of a pin.
uint16_t lp_port_gpio_end(void);

// LP_E_NOT_FOUND: there is no pin of this number.
// @context loop
lp_err_t lp_port_gpio_info(uint16_t pin, lp_gpio_info_t *info);

// Makes the pin what `config` (borrows) says, without a glitch, and ends a watch on it.
// LP_E_NOT_FOUND: there is no such pin; LP_E_UNSUPPORTED: it cannot do that. On errors it is as
// before.
// @context loop
lp_err_t lp_port_gpio_configure(uint16_t pin, const lp_gpio_config_t *config);

// The level on the wire; of a pin that only drives, the level that it drives. False where there is
// no pin and on one that is off.
// @context loop, interrupt
bool lp_port_gpio_read(uint16_t pin);

// The level of an output, or of an open drain (true lets go). Does nothing on other pins.
// @context loop
void lp_port_gpio_write(uint16_t pin, bool level);

// An edge came. It may be the last of several.
// @context interrupt, or from inside of a call that changes the level: only count, post an event
// and lp_port_gpio_unwatch()
typedef void lp_gpio_edge_fn(void *ctx);

// From now on calls fn(ctx) (lends ctx) at these edges of an input or open drain; ends an earlier
// watch on this pin. Edges before the call are not told.
// LP_E_NOT_FOUND: there is no such pin; LP_E_UNSUPPORTED: it has no edges; LP_E_STATE: it is not
// read; LP_E_INVALID: no edge, or no function. On errors an earlier watch goes on.
// @context loop
lp_err_t lp_port_gpio_watch(uint16_t pin, lp_gpio_edge_t edges, lp_gpio_edge_fn *fn, void *ctx);

// No call after this. May be called on any pin at any time, and from inside of the function.
// @context loop, interrupt
void lp_port_gpio_unwatch(uint16_t pin);

#endif
