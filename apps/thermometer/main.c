// SPDX-License-Identifier: Apache-2.0
// The temperature of a DS18B20, alone on its wire, every telemetry.interval_s.
#include "limpet/app_wires.h"
#include "limpet/ds18b20.h"
#include "limpet/log.h"

#define LOG_MODULE "thermometer"

static lp_ds18b20_t sensor;
static lp_app_task_t task;

static void on_measured(void *ctx, lp_err_t err, int32_t temperature)
{
    if (err != LP_OK) {
        LP_LOGW("no reading (%s)", lp_err_text(err));
        return;
    }
    const lp_app_reading_t reading = {"celsius", temperature, 2};
    (void)lp_app_publish_readings(ctx, "probe", &reading, 1);
}

static void measure(void *ctx)
{
    (void)lp_ds18b20_measure(&sensor, on_measured, ctx);
}

void lp_app_main(lp_app_t *app)
{
    lp_onewire_t *wire = lp_app_onewire(app);
    if (wire == NULL || lp_ds18b20_init(&sensor, wire, NULL, 12) != LP_OK) {
        LP_LOGE("no one-wire bus is wired");
        return;
    }
    lp_app_every_setting(app, &task, "telemetry.interval_s", measure, app);
}
