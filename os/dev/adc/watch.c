// SPDX-License-Identifier: Apache-2.0
// Two lines with a gap between: a voltage has to cross all of the gap to be told again.
#include <stddef.h>

#include "limpet/adc.h"

enum { EVERY_MS = 100, DAY_MS = 24 * 60 * 60 * 1000 };

static void tell(lp_adc_watch_t *w, lp_adc_event_t state)
{
    if (w->is_told_ && w->state_ == state) {
        return;
    }
    w->is_told_ = true;
    w->state_ = state;
    w->fn_(w->ctx_, state, state == LP_ADC_LOST ? NULL : &w->last);
}

static void on_time(void *ctx)
{
    lp_adc_watch_t *w = ctx;
    // First the timer, so that the function that is called may stop it.
    lp_timer_start(w->loop_, &w->timer_, w->setup_.every_ms);
    const lp_err_t err = lp_adc_read(w->setup_.channel, w->setup_.samples, &w->last);
    if (err == LP_E_BUSY) {
        return; // the port needs the converter: the next reading counts
    }
    if (err != LP_OK) {
        tell(w, LP_ADC_LOST);
    } else if (w->last.mv >= w->setup_.above_mv) {
        tell(w, LP_ADC_ABOVE);
    } else if (w->last.mv <= w->setup_.below_mv) {
        tell(w, LP_ADC_BELOW);
    }
}

static lp_err_t check(const lp_adc_watch_setup_t *s)
{
    lp_adc_info_t info;
    lp_err_t err = lp_port_adc_info(s->channel, &info);
    if (err == LP_OK && info.taken_by != NULL) {
        err = LP_E_BUSY;
    }
    if (err == LP_OK && (s->below_mv >= s->above_mv || s->above_mv > info.reference_mv ||
                         s->samples > LP_ADC_SAMPLES_MAX || s->every_ms > DAY_MS)) {
        err = LP_E_RANGE;
    }
    return err;
}

lp_err_t lp_adc_watch_start(lp_adc_watch_t *watch, lp_loop_t *loop,
                            const lp_adc_watch_setup_t *setup, lp_adc_watch_fn *fn, void *ctx)
{
    const lp_err_t err = check(setup);
    if (err != LP_OK) {
        return err;
    }
    *watch = (lp_adc_watch_t){.setup_ = *setup, .loop_ = loop, .fn_ = fn, .ctx_ = ctx};
    watch->setup_.samples = setup->samples > 0 ? setup->samples : 1;
    watch->setup_.every_ms = setup->every_ms > 0 ? setup->every_ms : EVERY_MS;
    lp_timer_init(&watch->timer_, on_time, watch);
    lp_timer_start(loop, &watch->timer_, 0);
    return LP_OK;
}

void lp_adc_watch_stop(lp_adc_watch_t *watch)
{
    if (watch->loop_ != NULL) {
        lp_timer_stop(watch->loop_, &watch->timer_);
        watch->loop_ = NULL;
    }
}
