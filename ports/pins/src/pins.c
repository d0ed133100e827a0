// SPDX-License-Identifier: Apache-2.0
// The board's side: limpet/port/gpio.h.
#include <stddef.h>

#include "wires.h"

uint16_t lp_port_gpio_end(void)
{
    return lp_pins_count;
}

lp_err_t lp_port_gpio_info(uint16_t pin, lp_gpio_info_t *info)
{
    if (pins_find(pin) == NULL) {
        return LP_E_NOT_FOUND;
    }
    *info = lp_pins_table[pin];
    return LP_OK;
}

static uint8_t needs_of(const lp_gpio_config_t *c)
{
    static const uint8_t modes[] = {[LP_GPIO_OFF] = 0,
                                    [LP_GPIO_INPUT] = LP_GPIO_CAN_INPUT,
                                    [LP_GPIO_OUTPUT] = LP_GPIO_CAN_OUTPUT,
                                    [LP_GPIO_OPEN_DRAIN] = LP_GPIO_CAN_OPEN_DRAIN};
    static const uint8_t pulls[] = {[LP_GPIO_PULL_NONE] = 0,
                                    [LP_GPIO_PULL_UP] = LP_GPIO_CAN_PULL_UP,
                                    [LP_GPIO_PULL_DOWN] = LP_GPIO_CAN_PULL_DOWN};
    return modes[c->mode] | pulls[c->pull];
}

lp_err_t lp_port_gpio_configure(uint16_t pin, const lp_gpio_config_t *config)
{
    pins_pin_t *p = pins_find(pin);
    if (p == NULL) {
        return LP_E_NOT_FOUND;
    }
    if ((needs_of(config) & ~lp_pins_table[pin].can) != 0) {
        return LP_E_UNSUPPORTED;
    }
    p->fn = NULL;
    const bool had_pulses = p->freq_hz > 0;
    p->freq_hz = 0;
    p->config = *config;
    pins_settle(pin);
    if (had_pulses) {
        pins_tell_pulses(pin);
    }
    return LP_OK;
}

lp_gpio_config_t lp_pins_config(uint16_t pin)
{
    const pins_pin_t *p = pins_find(pin);
    return p != NULL ? p->config : (lp_gpio_config_t){.mode = LP_GPIO_OFF};
}

bool lp_port_gpio_read(uint16_t pin)
{
    const pins_pin_t *p = pins_find(pin);
    return p != NULL && p->config.mode != LP_GPIO_OFF && p->level;
}

void lp_port_gpio_write(uint16_t pin, bool level)
{
    pins_pin_t *p = pins_find(pin);
    if (p == NULL || p->config.level == level || p->freq_hz > 0 ||
        (p->config.mode != LP_GPIO_OUTPUT && p->config.mode != LP_GPIO_OPEN_DRAIN)) {
        return;
    }
    p->config.level = level;
    pins_settle(pin);
}

lp_err_t lp_port_gpio_watch(uint16_t pin, lp_gpio_edge_t edges, lp_gpio_edge_fn *fn, void *ctx)
{
    pins_pin_t *p = pins_find(pin);
    if (p == NULL) {
        return LP_E_NOT_FOUND;
    }
    if ((lp_pins_table[pin].can & LP_GPIO_CAN_EDGES) == 0) {
        return LP_E_UNSUPPORTED;
    }
    if (p->config.mode != LP_GPIO_INPUT && p->config.mode != LP_GPIO_OPEN_DRAIN) {
        return LP_E_STATE;
    }
    if (edges == LP_GPIO_EDGE_NONE || fn == NULL) {
        return LP_E_INVALID;
    }
    p->edges = edges;
    p->ctx = ctx;
    p->fn = fn;
    return LP_OK;
}

void lp_port_gpio_unwatch(uint16_t pin)
{
    pins_pin_t *p = pins_find(pin);
    if (p != NULL) {
        p->fn = NULL;
    }
}
