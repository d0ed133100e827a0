// SPDX-License-Identifier: Apache-2.0
// Between the board's side of the pins and the wires.
#ifndef WIRES_H
#define WIRES_H

#include "limpet/pins.h"

typedef struct {
    lp_gpio_config_t config;
    lp_gpio_edge_t edges;
    lp_gpio_edge_fn *fn;
    void *ctx;
    uint16_t next;          // pin on the same wire, round about
    uint32_t freq_hz, duty; // of the generator; 0: none
    bool level, is_told;    // of the wire; false: somebody has to hear of it
} pins_pin_t;

extern pins_pin_t pins[LP_PINS_MAX];

// Null: there is no such pin. Sets the jumpers first.
pins_pin_t *pins_find(uint16_t pin);
// The board's side has changed what it does: finds the wire's level, tells who listens.
void pins_settle(uint16_t pin);

// The generator makes other pulses: tells who listens.
void pins_tell_pulses(uint16_t pin);

#endif
