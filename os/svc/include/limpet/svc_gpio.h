// SPDX-License-Identifier: Apache-2.0
// limpet/svc_gpio.h - GPIO.*: pins from afar, for somebody who wires a board.
//
// A pin that the application or the port has is told, and not touched. What a request took stays
// taken until GPIO.Release or the next start.
#ifndef LIMPET_SVC_GPIO_H
#define LIMPET_SVC_GPIO_H

#include "limpet/gpio.h"
#include "limpet/rpc.h"

enum { LP_SVC_GPIO_PINS = 8 }; // that requests have at a time

typedef struct {
    lp_loop_t *loop_;
    lp_rpc_set_t set_;
    lp_gpio_t pins_[LP_SVC_GPIO_PINS]; // user null: not in use
} lp_svc_gpio_t;

// Lends `loop` and `rpc`.
void lp_svc_gpio_init(lp_svc_gpio_t *svc, lp_loop_t *loop, lp_rpc_t *rpc);

#endif
