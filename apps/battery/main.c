// SPDX-License-Identifier: Apache-2.0
// A sensor that lives on a battery: it wakes every telemetry.interval_s, publishes once, and
// sleeps.
#include "limpet/app.h"
#include "limpet/log.h"
#include "limpet/port/clock.h"
#include "limpet/settings.h"
#include "limpet/sht3x.h"

#define LOG_MODULE "battery"

enum {
    PATIENCE_MS = 30000, // with the network and the broker
    OPEN_MS = 60000,     // after a start by hand: for who sets it up, or looks at it
    LAYOUT = 1,          // of `kept`: another layout, another number
};

static struct {
    uint32_t readings;
} kept; // outlives deep sleep
static bool is_done;
static uint64_t open_until_ms;
static lp_sht3x_t sensor;
static lp_events_sub_t watch;

static const char *not_done(void *ctx)
{
    (void)ctx;
    if (lp_port_now_ms() < open_until_ms) {
        return "somebody may want to look";
    }
    return is_done ? NULL : "nothing is published yet";
}
static lp_power_veto_t veto = {.why_not = not_done};

// From here on the message itself keeps the board awake, until the broker has acknowledged it.
static void on_reading(void *ctx, lp_err_t err, const lp_sht3x_reading_t *air)
{
    is_done = true;
    if (err != LP_OK) {
        LP_LOGW("no reading (%s)", lp_err_text(err));
        return;
    }
    kept.readings++;
    const lp_app_reading_t readings[] = {{"celsius", air->temperature, 2},
                                         {"humidity", air->humidity, 2},
                                         {"count", (int32_t)kept.readings, 0}};
    (void)lp_app_publish_readings(ctx, "air", readings, 3);
}

static void on_connected(void *ctx, const lp_events_item_t *event)
{
    (void)event;
    if (!is_done && lp_sht3x_measure(&sensor, on_reading, ctx) != LP_OK) {
        is_done = true;
    }
}

void lp_app_main(lp_app_t *app)
{
    lp_power_t *power = lp_app_power(app);
    if (power == NULL || app->i2c == NULL) {
        LP_LOGE("this board cannot sleep, or has no I2C bus");
        return;
    }
    if (!lp_setting_cloud_enable(app->config)) {
        LP_LOGI("not set up yet: stays awake; restart it when it is");
        return;
    }
    (void)lp_power_keep(power, &kept, sizeof kept, LAYOUT);
    lp_sht3x_init(&sensor, app->loop, app->i2c, LP_SHT3X_ADDR);
    lp_events_subscribe(lp_app_events(app), &watch, LP_EV_CLOUD_CONNECTED, on_connected, app);
    lp_power_add_veto(power, &veto);
    open_until_ms = power->wake == LP_WAKE_TIMER ? 0 : OPEN_MS;
    (void)lp_power_sleep(power, (uint32_t)lp_setting_telemetry_interval_s(app->config),
                         power->wake == LP_WAKE_TIMER ? PATIENCE_MS : OPEN_MS);
}
