// SPDX-License-Identifier: Apache-2.0
#include "limpet/i2c_gpio.h"

// Data moves while the clock is low; moved while it is high it would be a start or an end.
static void set(void *ctx, bool scl, bool sda)
{
    const lp_i2c_gpio_t *l = ctx;
    if (scl) {
        lp_port_gpio_write(l->sda_.pin, sda);
        lp_port_gpio_write(l->scl_.pin, true);
    } else {
        lp_port_gpio_write(l->scl_.pin, false);
        lp_port_gpio_write(l->sda_.pin, sda);
    }
}

static bool scl(void *ctx)
{
    return lp_gpio_read(&((const lp_i2c_gpio_t *)ctx)->scl_);
}

static bool sda(void *ctx)
{
    return lp_gpio_read(&((const lp_i2c_gpio_t *)ctx)->sda_);
}

static void wait_ns(void *ctx, uint32_t ns)
{
    (void)ctx;
    lp_gpio_wait_ns(ns);
}

lp_err_t lp_i2c_gpio_open(lp_i2c_gpio_t *line, lp_loop_t *loop, uint16_t scl_pin, uint16_t sda_pin)
{
    lp_err_t err = lp_gpio_open_drain(&line->scl_, loop, scl_pin, "i2c");
    if (err != LP_OK) {
        return err;
    }
    err = lp_gpio_open_drain(&line->sda_, loop, sda_pin, "i2c");
    if (err != LP_OK) {
        lp_gpio_close(&line->scl_);
        return err;
    }
    line->pins_ =
        (lp_i2cbb_pins_t){.set = set, .scl = scl, .sda = sda, .wait_ns = wait_ns, .ctx = line};
    lp_i2cbb_init(&line->bb, loop, &line->pins_);
    return LP_OK;
}

void lp_i2c_gpio_close(lp_i2c_gpio_t *line)
{
    lp_gpio_close(&line->scl_);
    lp_gpio_close(&line->sda_);
}
