// SPDX-License-Identifier: Apache-2.0
// limpet/adc.h - analog inputs for applications: millivolts, averages, and being told when a
// voltage crosses a line.
//
// Nobody owns a channel: looking at one disturbs nobody else who looks.
// @context loop, all of it
#ifndef LIMPET_ADC_H
#define LIMPET_ADC_H

#include <stdbool.h>

#include "limpet/loop.h"
#include "limpet/port/adc.h"

enum { LP_ADC_SAMPLES_MAX = 32 }; // of one reading, which waits for all of them

typedef struct {
    uint16_t raw; // rounded, where it is an average
    uint16_t mv;  // from the sum of all samples, so it may be finer than one step of `raw`
} lp_adc_value_t;

// The mean of `samples` conversions. LP_E_RANGE: samples is 0 or more than LP_ADC_SAMPLES_MAX;
// LP_E_BUSY: the port uses the channel itself; errors of lp_port_adc_read().
lp_err_t lp_adc_read(uint16_t channel, unsigned samples, lp_adc_value_t *value);

typedef enum {
    LP_ADC_BELOW, // at or under below_mv
    LP_ADC_ABOVE, // at or over above_mv
    LP_ADC_LOST,  // the channel cannot be read any more; the watch goes on
} lp_adc_event_t;

// `value` is the reading that did it; null with LP_ADC_LOST.
typedef void lp_adc_watch_fn(void *ctx, lp_adc_event_t event, const lp_adc_value_t *value);

typedef struct {
    uint16_t channel;
    uint16_t above_mv; // between the two lines nothing is told, so that a voltage that
    uint16_t below_mv; // trembles on a line is told once
    uint16_t samples;  // of a reading; 0: 1
    uint32_t every_ms; // between two readings; 0: 100
} lp_adc_watch_setup_t;

// Caller-owned, lent while it runs. Fields that end in _ are private.
typedef struct {
    lp_adc_value_t last; // the latest reading; of no meaning before the first event
    lp_adc_watch_setup_t setup_;
    lp_loop_t *loop_;
    lp_adc_watch_fn *fn_;
    void *ctx_;
    lp_timer_t timer_;
    lp_adc_event_t state_;
    bool is_told_; // that state
} lp_adc_watch_t;

// Reads the channel from now on and calls fn(ctx) (lends ctx) from the loop: once for the side on
// which the voltage is first, then at each crossing. A voltage between the lines is told when it
// reaches one. LP_E_RANGE: below_mv is not less than above_mv, or above_mv is more than the
// channel's reference, or `samples`, or every_ms is more than a day; errors of lp_adc_read().
lp_err_t lp_adc_watch_start(lp_adc_watch_t *watch, lp_loop_t *loop,
                            const lp_adc_watch_setup_t *setup, lp_adc_watch_fn *fn, void *ctx);
// No call after this. Does nothing on one that does not run, or is all zero.
void lp_adc_watch_stop(lp_adc_watch_t *watch);

#endif
