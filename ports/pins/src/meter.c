// SPDX-License-Identifier: Apache-2.0
#include "limpet/pins_meter.h"

#include "limpet/port/clock.h"
#include "limpet/port/pwm.h"

static void on_rise(lp_pins_meter_t *m, uint64_t now_us)
{
    if (!m->has_first_) {
        m->has_first_ = true;
        m->first_us_ = now_us;
    } else {
        const uint32_t period_us = (uint32_t)(now_us - m->last_us_);
        m->shortest_us_ = period_us < m->shortest_us_ ? period_us : m->shortest_us_;
        m->longest_us_ = period_us > m->longest_us_ ? period_us : m->longest_us_;
        m->high_us_ += m->pending_us_;
        m->periods_++;
    }
    m->last_us_ = now_us;
    m->rose_us_ = now_us;
    m->pending_us_ = 0;
}

static void on_change(void *ctx, bool level)
{
    lp_pins_meter_t *m = ctx;
    const uint64_t now_us = lp_port_now_us();
    if (level) {
        on_rise(m, now_us);
    } else {
        m->pending_us_ += now_us - m->rose_us_;
    }
}

static void on_pulses(void *ctx, uint32_t freq_hz, uint32_t duty)
{
    lp_pins_meter_t *m = ctx;
    m->freq_hz_ = freq_hz;
    m->duty_ = duty;
    lp_pins_meter_clear(m);
}

void lp_pins_meter_clear(lp_pins_meter_t *meter)
{
    meter->has_first_ = false;
    meter->high_us_ = meter->pending_us_ = 0;
    meter->periods_ = 0;
    meter->shortest_us_ = UINT32_MAX;
    meter->longest_us_ = 0;
}

lp_err_t lp_pins_meter_attach(lp_pins_meter_t *meter, uint16_t pin)
{
    *meter = (lp_pins_meter_t){.peer_ = {.changed = on_change, .pulses = on_pulses, .ctx = meter}};
    lp_pins_meter_clear(meter);
    const lp_err_t err = lp_pins_attach(&meter->peer_, pin);
    if (err == LP_OK) {
        lp_pins_pulses(pin, &meter->freq_hz_, &meter->duty_);
    }
    return err;
}

void lp_pins_meter_detach(lp_pins_meter_t *meter)
{
    lp_pins_detach(&meter->peer_);
}

lp_pins_meter_value_t lp_pins_meter_read(const lp_pins_meter_t *m)
{
    lp_pins_meter_value_t value = {
        .periods = m->periods_, .shortest_us = m->shortest_us_, .longest_us = m->longest_us_};
    const uint64_t all_us = m->last_us_ - m->first_us_;
    if (m->freq_hz_ > 0) {
        value.freq_mhz = m->freq_hz_ * 1000;
        value.duty = m->duty_;
    } else if (m->periods_ > 0 && all_us > 0) {
        value.freq_mhz = (uint32_t)(((uint64_t)m->periods_ * 1000000000 + all_us / 2) / all_us);
        value.duty = (uint32_t)((m->high_us_ * LP_PWM_DUTY_FULL + all_us / 2) / all_us);
    } else {
        value.duty = lp_pins_level(m->peer_.pin_) ? LP_PWM_DUTY_FULL : 0;
    }
    return value;
}
