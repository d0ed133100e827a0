// SPDX-License-Identifier: Apache-2.0
// A button: at the first edge the interrupt goes off, settle_ms later the level counts. So a
// contact that bounces, or a wire that picks up a transmitter, never costs more than that.
#include <stddef.h>

#include "limpet/gpio.h"

enum { SETTLE_MS = 20 };

static bool is_down(const lp_button_t *b)
{
    return lp_gpio_read(&b->gpio_) == b->setup_.is_pressed_high;
}

// From the interrupt.
static void on_edge(void *ctx)
{
    lp_button_t *b = ctx;
    b->edges++;
    lp_port_gpio_unwatch(b->gpio_.pin);
    lp_loop_post(b->gpio_.loop_, &b->edge_);
}

static void settle(void *ctx)
{
    lp_button_t *b = ctx;
    lp_timer_start(b->gpio_.loop_, &b->settle_, b->setup_.settle_ms);
}

static void tell(lp_button_t *b, bool is_pressed)
{
    b->is_pressed_ = is_pressed;
    b->is_held_ = false;
    lp_timer_stop(b->gpio_.loop_, &b->hold_);
    if (is_pressed && b->setup_.hold_ms > 0) {
        lp_timer_start(b->gpio_.loop_, &b->hold_, b->setup_.hold_ms);
    }
    b->fn_(b->ctx_, is_pressed ? LP_BUTTON_PRESSED : LP_BUTTON_RELEASED);
}

static void on_settled(void *ctx)
{
    lp_button_t *b = ctx;
    // First the watch, then the look: an edge in between is an edge.
    (void)lp_port_gpio_watch(b->gpio_.pin, LP_GPIO_EDGE_BOTH, on_edge, b);
    const bool is_pressed = is_down(b);
    if (is_pressed != b->is_pressed_) {
        tell(b, is_pressed);
    }
}

static void on_hold(void *ctx)
{
    lp_button_t *b = ctx;
    const lp_button_event_t event = b->is_held_ ? LP_BUTTON_REPEAT : LP_BUTTON_HELD;
    b->is_held_ = true;
    if (b->setup_.repeat_ms > 0) {
        lp_timer_start(b->gpio_.loop_, &b->hold_, b->setup_.repeat_ms);
    }
    b->fn_(b->ctx_, event);
}

lp_err_t lp_button_open(lp_button_t *button, lp_loop_t *loop, const lp_button_setup_t *setup,
                        lp_button_fn *fn, void *ctx)
{
    const lp_gpio_config_t config = {.mode = LP_GPIO_INPUT, .pull = setup->pull};
    lp_gpio_info_t info;
    lp_err_t err = lp_port_gpio_info(setup->pin, &info);
    if (err == LP_OK && (info.can & LP_GPIO_CAN_EDGES) == 0) {
        err = LP_E_UNSUPPORTED;
    }
    *button = (lp_button_t){.setup_ = *setup, .fn_ = fn, .ctx_ = ctx};
    if (err == LP_OK) {
        err = lp_gpio_open(&button->gpio_, loop, setup->pin, &config, "button");
    }
    if (err != LP_OK) {
        return err;
    }
    if (button->setup_.settle_ms == 0) {
        button->setup_.settle_ms = SETTLE_MS;
    }
    lp_event_init(&button->edge_, settle, button);
    lp_timer_init(&button->settle_, on_settled, button);
    lp_timer_init(&button->hold_, on_hold, button);
    settle(button);
    return LP_OK;
}

void lp_button_close(lp_button_t *button)
{
    lp_loop_t *loop = button->gpio_.loop_;
    if (loop == NULL) {
        return;
    }
    lp_port_gpio_unwatch(button->gpio_.pin);
    lp_loop_unpost(loop, &button->edge_);
    lp_timer_stop(loop, &button->settle_);
    lp_timer_stop(loop, &button->hold_);
    lp_gpio_close(&button->gpio_);
    button->gpio_.loop_ = NULL;
}

bool lp_button_is_pressed(const lp_button_t *button)
{
    return button->is_pressed_;
}
