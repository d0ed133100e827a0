// SPDX-License-Identifier: Apache-2.0
// A button and a knob, a potentiometer: what somebody does to them is published at once, and where
// the knob is also every telemetry.interval_s. A lamp is as bright as the knob says.
#include "limpet/adc.h"
#include "limpet/app.h"
#include "limpet/gpio.h"
#include "limpet/log.h"

#define LOG_MODULE "knob"

enum { BUTTON_PIN = 5, LAMP_PIN = 4, KNOB_INPUT = 0, HIGH_MV = 2000, LOW_MV = 1800 };
enum { LAMP_HZ = 100, LAMP_EVERY_MS = 50, FULL_MV = 3300, DUTY_FULL = 65536 };

static lp_button_t button;
static lp_adc_watch_t knob;
static lp_gpio_t lamp;
static lp_app_task_t reporting, dimming;
static bool is_high;

static void on_button(void *ctx, lp_button_event_t event)
{
    (void)lp_app_publish(ctx, "button", "{\"pressed\":%s}",
                         event == LP_BUTTON_PRESSED ? "true" : "false");
}

static void report(void *ctx)
{
    (void)lp_app_publish(ctx, "knob", "{\"high\":%s,\"mv\":%u}", is_high ? "true" : "false",
                         (unsigned)knob.last.mv);
}

static void on_knob(void *ctx, lp_adc_event_t event, const lp_adc_value_t *value)
{
    (void)value; // it is the latest one
    if (event == LP_ADC_LOST) {
        LP_LOGW("the knob cannot be read");
        return;
    }
    is_high = event == LP_ADC_ABOVE;
    report(ctx);
}

static void dim(void *ctx)
{
    lp_adc_value_t value;
    (void)ctx;
    if (lp_adc_read(KNOB_INPUT, 4, &value) == LP_OK) {
        (void)lp_gpio_pwm(&lamp, LAMP_HZ, value.mv * (uint32_t)DUTY_FULL / FULL_MV);
    }
}

void lp_app_main(lp_app_t *app)
{
    const lp_button_setup_t on_pin = {.pin = BUTTON_PIN, .pull = LP_GPIO_PULL_UP};
    const lp_adc_watch_setup_t on_input = {
        .channel = KNOB_INPUT, .above_mv = HIGH_MV, .below_mv = LOW_MV, .samples = 4};
    const lp_gpio_config_t output = {.mode = LP_GPIO_OUTPUT};
    if (lp_button_open(&button, app->loop, &on_pin, on_button, app) != LP_OK ||
        lp_adc_watch_start(&knob, app->loop, &on_input, on_knob, app) != LP_OK ||
        lp_gpio_open(&lamp, app->loop, LAMP_PIN, &output, "lamp") != LP_OK) {
        LP_LOGE("this board has no button at pin 5, no lamp at pin 4, or no knob at input 0");
        return;
    }
    lp_app_every_setting(app, &reporting, "telemetry.interval_s", report, app);
    lp_app_every(app, &dimming, LAMP_EVERY_MS, dim, NULL);
}
