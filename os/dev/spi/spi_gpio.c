// SPDX-License-Identifier: Apache-2.0
#include "limpet/spi_gpio.h"

static const char own[] = "spi";
static const lp_gpio_config_t low = {.mode = LP_GPIO_OUTPUT};
static const lp_gpio_config_t high = {.mode = LP_GPIO_OUTPUT, .level = true};
static const lp_gpio_config_t input = {.mode = LP_GPIO_INPUT};

static void set_clock(void *ctx, bool level)
{
    lp_port_gpio_write(((const lp_spi_gpio_t *)ctx)->clock_.pin, level);
}

static void set_data(void *ctx, bool level)
{
    const lp_spi_gpio_t *l = ctx;
    if (l->has_out_) {
        lp_port_gpio_write(l->out_.pin, level);
    }
}

static bool get_data(void *ctx)
{
    const lp_spi_gpio_t *l = ctx;
    return !l->has_in_ || lp_gpio_read(&l->in_);
}

static bool set_select(void *ctx, uint8_t line, bool is_selected)
{
    const lp_spi_gpio_t *l = ctx;
    if (line >= l->select_count_) {
        return false;
    }
    lp_port_gpio_write(l->selects_[line].pin, !is_selected);
    return true;
}

static void wait_ns(void *ctx, uint32_t ns)
{
    (void)ctx;
    lp_gpio_wait_ns(ns);
}

static lp_err_t open_lines(lp_spi_gpio_t *l, lp_loop_t *loop, const lp_spi_gpio_setup_t *s)
{
    lp_err_t err = LP_OK;
    // Nobody may be selected when the clock begins to move.
    while (err == LP_OK && l->select_count_ < s->select_count) {
        const uint8_t i = l->select_count_;
        err = lp_gpio_open(&l->selects_[i], loop, s->selects[i], &high, own);
        l->select_count_ += err == LP_OK ? 1 : 0;
    }
    if (err == LP_OK) {
        err = lp_gpio_open(&l->clock_, loop, s->clock, &low, own);
    }
    if (err == LP_OK && s->data_out != LP_SPI_GPIO_NO_PIN) {
        err = lp_gpio_open(&l->out_, loop, s->data_out, &low, own);
        l->has_out_ = err == LP_OK;
    }
    if (err == LP_OK && s->data_in != LP_SPI_GPIO_NO_PIN) {
        err = lp_gpio_open(&l->in_, loop, s->data_in, &input, own);
        l->has_in_ = err == LP_OK;
    }
    return err;
}

lp_err_t lp_spi_gpio_open(lp_spi_gpio_t *line, lp_loop_t *loop, const lp_spi_gpio_setup_t *setup)
{
    if (setup->select_count > LP_SPI_GPIO_SELECTS) {
        return LP_E_RANGE;
    }
    *line = (lp_spi_gpio_t){.select_count_ = 0};
    const lp_err_t err = open_lines(line, loop, setup);
    if (err != LP_OK) {
        lp_spi_gpio_close(line);
        return err;
    }
    line->pins_ = (lp_spibb_pins_t){.clock = set_clock,
                                    .data_out = set_data,
                                    .data_in = get_data,
                                    .select = set_select,
                                    .wait_ns = wait_ns,
                                    .ctx = line};
    lp_spibb_init(&line->bb, loop, &line->pins_);
    return LP_OK;
}

// A pin that was not opened is none of anybody's, and closing it does nothing.
void lp_spi_gpio_close(lp_spi_gpio_t *line)
{
    lp_gpio_close(&line->clock_);
    lp_gpio_close(&line->out_);
    lp_gpio_close(&line->in_);
    for (size_t i = 0; i < LP_SPI_GPIO_SELECTS; i++) {
        lp_gpio_close(&line->selects_[i]);
    }
}
