// SPDX-License-Identifier: Apache-2.0
// For protocols that are made of pins.
#include "limpet/gpio.h"
#include "limpet/port/clock.h"

enum { NS_PER_US = 1000 };

// One microsecond more: the first one may be over nearly.
void lp_gpio_wait_ns(uint32_t ns)
{
    const uint64_t until_us = lp_port_now_us() + (ns + NS_PER_US - 1) / NS_PER_US + 1;
    while (lp_port_now_us() < until_us) {
    }
}

lp_err_t lp_gpio_open_drain(lp_gpio_t *gpio, lp_loop_t *loop, uint16_t pin, const char *user)
{
    lp_gpio_config_t config = {.mode = LP_GPIO_OPEN_DRAIN, .pull = LP_GPIO_PULL_UP, .level = true};
    lp_err_t err = lp_gpio_open(gpio, loop, pin, &config, user);
    if (err == LP_E_UNSUPPORTED) {
        config.pull = LP_GPIO_PULL_NONE;
        err = lp_gpio_open(gpio, loop, pin, &config, user);
    }
    return err;
}
