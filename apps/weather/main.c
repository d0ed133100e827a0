// SPDX-License-Identifier: Apache-2.0
// Temperature and humidity of an SHT3x, every telemetry.interval_s.
#include "limpet/app.h"
#include "limpet/log.h"
#include "limpet/sht3x.h"

#define LOG_MODULE "weather"

static lp_sht3x_t sensor;
static lp_app_task_t task;

static void on_reading(void *ctx, lp_err_t err, const lp_sht3x_reading_t *air)
{
    if (err != LP_OK) {
        LP_LOGW("no reading (%s)", lp_err_text(err));
        return;
    }
    const lp_app_reading_t readings[] = {{"celsius", air->temperature, 2},
                                         {"humidity", air->humidity, 2}};
    (void)lp_app_publish_readings(ctx, "air", readings, 2);
}

static void measure(void *ctx)
{
    (void)lp_sht3x_measure(&sensor, on_reading, ctx);
}

void lp_app_main(lp_app_t *app)
{
    if (app->i2c == NULL) {
        LP_LOGE("no I2C bus is wired");
        return;
    }
    lp_sht3x_init(&sensor, app->loop, app->i2c, LP_SHT3X_ADDR);
    lp_app_every_setting(app, &task, "telemetry.interval_s", measure, app);
}
