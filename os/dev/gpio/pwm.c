// SPDX-License-Identifier: Apache-2.0
// Pulses: the hardware's where the port has any, else a timer's. The timer knows milliseconds only,
// so what is left over of a period and of its pulse goes into the next ones: frequency and duty are
// right over many periods, single ones are up to a millisecond off.
#include <stddef.h>

#include "limpet/gpio.h"
#include "limpet/port/clock.h"
#include "limpet/port/pwm.h"

enum { Q16 = 65536, MS_PER_S = 1000 };

static void take_back_hardware(lp_gpio_t *gpio)
{
    lp_port_pwm_stop(gpio->pin);
}

// LP_E_NOT_FOUND: it makes none on this pin, or none of this frequency.
static lp_err_t start_hardware(lp_gpio_t *gpio, uint32_t freq_hz, uint32_t duty)
{
    lp_pwm_info_t info;
    if (gpio->config_.mode != LP_GPIO_OUTPUT || lp_port_pwm_info(gpio->pin, &info) != LP_OK ||
        freq_hz < info.min_hz || freq_hz > info.max_hz) {
        return LP_E_NOT_FOUND;
    }
    const lp_err_t err = lp_port_pwm_start(gpio->pin, freq_hz, duty);
    if (err == LP_OK) {
        lp_timer_stop(gpio->loop_, &gpio->timer_);
        gpio->undo_ = take_back_hardware;
        gpio->freq_hz_ = freq_hz;
    }
    return err;
}

// -- by the timer

// The lower half: times here are never far apart.
static uint32_t now_ms(void)
{
    return (uint32_t)lp_port_now_ms();
}

static void arm(lp_gpio_t *gpio)
{
    const int32_t left_ms = (int32_t)(gpio->due_ms_ - now_ms());
    lp_timer_start(gpio->loop_, &gpio->timer_, left_ms > 0 ? (uint32_t)left_ms : 0);
}

// The whole milliseconds of what has gathered; the rest stays.
static uint32_t whole_ms(uint32_t *gathered_q16)
{
    const uint32_t ms = *gathered_q16 / Q16;
    *gathered_q16 %= Q16;
    return ms;
}

// A loop that was held up for long begins anew instead of running after its periods.
static void begin_period(lp_gpio_t *gpio)
{
    const uint32_t period_q16 = MS_PER_S * Q16 / gpio->freq_hz_;
    if (now_ms() - gpio->due_ms_ > MS_PER_S) {
        gpio->due_ms_ = now_ms();
    }
    gpio->period_rest_ += period_q16;
    gpio->pulse_rest_ += (uint32_t)((uint64_t)period_q16 * gpio->duty_ / Q16);
    const uint32_t period_ms = whole_ms(&gpio->period_rest_);
    uint32_t pulse_ms = whole_ms(&gpio->pulse_rest_);
    if (pulse_ms > period_ms) {
        gpio->pulse_rest_ += (pulse_ms - period_ms) * Q16;
        pulse_ms = period_ms;
    }
    gpio->off_ms_ = period_ms - pulse_ms;
    gpio->is_lit_ = pulse_ms > 0;
    gpio->due_ms_ += pulse_ms;
}

static void on_edge(void *ctx)
{
    lp_gpio_t *gpio = ctx;
    if (gpio->is_lit_ && gpio->off_ms_ > 0) { // its pulse is over
        gpio->is_lit_ = false;
        gpio->due_ms_ += gpio->off_ms_;
    } else {
        begin_period(gpio);
        gpio->due_ms_ += gpio->is_lit_ ? 0 : gpio->off_ms_;
    }
    lp_port_gpio_write(gpio->pin, gpio->is_lit_);
    arm(gpio);
}

static void start_timer(lp_gpio_t *gpio, uint32_t freq_hz, uint32_t duty)
{
    const bool is_under_way = gpio->freq_hz_ > 0 && gpio->undo_ == NULL;
    if (!is_under_way) {
        lp_gpio_rest(gpio);
    }
    gpio->freq_hz_ = freq_hz;
    gpio->duty_ = duty;
    if (is_under_way) {
        return; // it counts from the next period on
    }
    gpio->period_rest_ = gpio->pulse_rest_ = 0;
    gpio->off_ms_ = 0;
    gpio->is_lit_ = false;
    gpio->due_ms_ = now_ms();
    lp_timer_init(&gpio->timer_, on_edge, gpio);
    on_edge(gpio);
}

lp_err_t lp_gpio_pwm(lp_gpio_t *gpio, uint32_t freq_hz, uint32_t duty)
{
    if (freq_hz == 0) {
        return lp_gpio_write(gpio, false);
    }
    if (!lp_gpio_drives(gpio)) {
        return LP_E_STATE;
    }
    if (duty > LP_PWM_DUTY_FULL) {
        return LP_E_RANGE;
    }
    const lp_err_t err = start_hardware(gpio, freq_hz, duty);
    if (err != LP_E_NOT_FOUND && (err != LP_E_BUSY || freq_hz > LP_GPIO_SOFT_PWM_MAX_HZ)) {
        return err;
    }
    if (freq_hz > LP_GPIO_SOFT_PWM_MAX_HZ) {
        return LP_E_RANGE;
    }
    start_timer(gpio, freq_hz, duty);
    return LP_OK;
}
