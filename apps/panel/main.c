// SPDX-License-Identifier: Apache-2.0
// Shows the temperature and humidity of an SHT3x on an SSD1306, both on the chip's I2C bus.
#include "limpet/app.h"
#include "limpet/i2c_share.h"
#include "limpet/sht3x.h"
#include "limpet/ssd1306.h"

static lp_i2c_port_t for_display;
static lp_sht3x_t sensor;
static lp_ssd1306_t display;
static lp_canvas_t canvas;
static uint8_t dots[LP_CANVAS_BYTES(128, 64)];
static lp_app_task_t task;

static void on_reading(void *ctx, lp_err_t err, const lp_sht3x_reading_t *air)
{
    char text[48];
    (void)ctx;
    (void)lp_fmt_str(text, sizeof text, "no sensor\n%s", lp_err_text(err));
    if (err == LP_OK) {
        const int t = (int)air->temperature / 10; // tenths
        (void)lp_fmt_str(text, sizeof text,
                         "%s%d.%d\xC2\xB0"
                         "C\n%d %%",
                         t < 0 ? "-" : "", (t < 0 ? -t : t) / 10, (t < 0 ? -t : t) % 10,
                         (int)air->humidity / 100);
    }
    lp_canvas_fill(&canvas, LP_CANVAS_CLEAR);
    (void)lp_canvas_text(&canvas, 4, 8, err == LP_OK ? 3 : 1, text, LP_CANVAS_SET);
    (void)lp_ssd1306_show(&display, NULL, NULL);
}

static void measure(void *ctx)
{
    (void)ctx;
    (void)lp_sht3x_measure(&sensor, on_reading, NULL);
}

void lp_app_main(lp_app_t *app)
{
    if (app->i2c == NULL) {
        return; // nothing is wired
    }
    lp_i2c_port_join(&for_display, app->i2c);
    lp_sht3x_init(&sensor, app->loop, app->i2c, LP_SHT3X_ADDR);
    (void)lp_canvas_init(&canvas, dots, 128, 64);
    (void)lp_ssd1306_init_i2c(&display, &for_display.bus, LP_SSD1306_ADDR, &canvas);
    lp_app_every_setting(app, &task, "telemetry.interval_s", measure, NULL);
}
