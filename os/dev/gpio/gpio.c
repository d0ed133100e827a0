// SPDX-License-Identifier: Apache-2.0
#include "limpet/gpio.h"

#include <stddef.h>

enum { DAY_MS = 24 * 60 * 60 * 1000 };

static lp_gpio_t *open_pins;

void lp_gpio_begin(void)
{
    open_pins = NULL;
}

static lp_gpio_t **place_of(const lp_gpio_t *gpio)
{
    lp_gpio_t **at = &open_pins;
    while (*at != NULL && *at != gpio) {
        at = &(*at)->next_;
    }
    return at;
}

static lp_gpio_t *opener_of(uint16_t pin)
{
    lp_gpio_t *g = open_pins;
    while (g != NULL && g->pin != pin) {
        g = g->next_;
    }
    return g;
}

const char *lp_gpio_user(uint16_t pin)
{
    lp_gpio_info_t info;
    const lp_gpio_t *g = opener_of(pin);
    if (g != NULL) {
        return g->user;
    }
    return lp_port_gpio_info(pin, &info) == LP_OK ? info.taken_by : NULL;
}

void lp_gpio_rest(lp_gpio_t *gpio)
{
    lp_timer_stop(gpio->loop_, &gpio->timer_);
    if (gpio->undo_ != NULL) {
        gpio->undo_(gpio);
    }
    gpio->undo_ = NULL;
    gpio->freq_hz_ = 0;
}

static void on_blink(void *ctx)
{
    lp_gpio_t *gpio = ctx;
    gpio->is_lit_ = !gpio->is_lit_;
    lp_port_gpio_write(gpio->pin, gpio->is_lit_);
    lp_timer_start(gpio->loop_, &gpio->timer_, gpio->is_lit_ ? gpio->on_ms_ : gpio->off_ms_);
}

// Off the list, and not a word to the port: the pin is somebody else's already.
static void forget(lp_gpio_t *gpio)
{
    lp_gpio_t **at = place_of(gpio);
    *at = gpio->next_;
    lp_timer_stop(gpio->loop_, &gpio->timer_);
}

static lp_err_t take(lp_gpio_t *gpio, lp_loop_t *loop, uint16_t pin, const lp_gpio_config_t *config,
                     const char *user)
{
    const lp_err_t err = lp_port_gpio_configure(pin, config);
    if (err != LP_OK) {
        return err;
    }
    lp_gpio_t *guest = opener_of(pin);
    if (guest != NULL) {
        forget(guest);
        guest->lost_(guest->ctx_);
    }
    *gpio = (lp_gpio_t){
        .pin = pin, .user = user, .next_ = open_pins, .config_ = *config, .loop_ = loop};
    lp_timer_init(&gpio->timer_, on_blink, gpio);
    open_pins = gpio;
    return LP_OK;
}

lp_err_t lp_gpio_open(lp_gpio_t *gpio, lp_loop_t *loop, uint16_t pin,
                      const lp_gpio_config_t *config, const char *user)
{
    const lp_gpio_t *opener = opener_of(pin);
    const bool is_guests = opener != NULL && opener->lost_ != NULL;
    return lp_gpio_user(pin) != NULL && !is_guests ? LP_E_BUSY
                                                   : take(gpio, loop, pin, config, user);
}

lp_err_t lp_gpio_open_guest(lp_gpio_t *gpio, lp_loop_t *loop, uint16_t pin,
                            const lp_gpio_config_t *config, const char *user,
                            void (*lost)(void *ctx), void *ctx)
{
    if (lp_gpio_user(pin) != NULL) {
        return LP_E_BUSY;
    }
    const lp_err_t err = take(gpio, loop, pin, config, user);
    if (err == LP_OK) {
        gpio->lost_ = lost;
        gpio->ctx_ = ctx;
    }
    return err;
}

lp_err_t lp_gpio_configure(lp_gpio_t *gpio, const lp_gpio_config_t *config)
{
    const lp_err_t err = lp_port_gpio_configure(gpio->pin, config);
    if (err == LP_OK) { // which has ended the hardware's pulses
        gpio->config_ = *config;
        gpio->undo_ = NULL;
        lp_gpio_rest(gpio);
    }
    return err;
}

void lp_gpio_close(lp_gpio_t *gpio)
{
    static const lp_gpio_config_t off = {.mode = LP_GPIO_OFF};
    lp_gpio_t **at = place_of(gpio);
    if (*at == NULL) {
        return;
    }
    *at = gpio->next_;
    lp_gpio_rest(gpio);
    (void)lp_port_gpio_configure(gpio->pin, &off);
}

bool lp_gpio_drives(const lp_gpio_t *gpio)
{
    return gpio->config_.mode == LP_GPIO_OUTPUT || gpio->config_.mode == LP_GPIO_OPEN_DRAIN;
}

bool lp_gpio_read(const lp_gpio_t *gpio)
{
    return lp_port_gpio_read(gpio->pin);
}

lp_err_t lp_gpio_write(lp_gpio_t *gpio, bool level)
{
    if (!lp_gpio_drives(gpio)) {
        return LP_E_STATE;
    }
    lp_gpio_rest(gpio);
    lp_port_gpio_write(gpio->pin, level);
    return LP_OK;
}

lp_err_t lp_gpio_blink(lp_gpio_t *gpio, uint32_t on_ms, uint32_t off_ms)
{
    if (on_ms == 0 && off_ms == 0) {
        return lp_gpio_write(gpio, false);
    }
    if (on_ms == 0 || off_ms == 0 || on_ms > DAY_MS || off_ms > DAY_MS) {
        return LP_E_RANGE;
    }
    if (!lp_gpio_drives(gpio)) {
        return LP_E_STATE;
    }
    lp_gpio_rest(gpio);
    lp_timer_init(&gpio->timer_, on_blink, gpio);
    gpio->on_ms_ = on_ms;
    gpio->off_ms_ = off_ms;
    gpio->is_lit_ = false;
    on_blink(gpio);
    return LP_OK;
}
