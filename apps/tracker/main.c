// SPDX-License-Identifier: Apache-2.0
// Where a receiver of satellite navigation on serial line 2 says we are, every
// telemetry.interval_s.
#include "limpet/app.h"
#include "limpet/lines.h"
#include "limpet/log.h"
#include "limpet/nmea.h"
#include "limpet/uart.h"

#define LOG_MODULE "tracker"

static lp_uart_t uart;
static uint8_t rx[256], tx[16], text[LP_NMEA_LINE_MAX];
static lp_lines_t lines;
static lp_nmea_fix_t fix;
static lp_app_task_t task;

static void on_line(void *ctx, lp_span_t line)
{
    (void)ctx;
    (void)lp_nmea_take(&fix, line);
}

static void publish(void *ctx)
{
    const lp_app_reading_t place[] = {{"latitude", fix.latitude_e7, 7},
                                      {"longitude", fix.longitude_e7, 7},
                                      {"altitude", fix.altitude_cm, 2},
                                      {"satellites", fix.satellites, 0}};
    if (fix.has_fix) {
        (void)lp_app_publish_readings(ctx, "place", place, 4);
    }
}

void lp_app_main(lp_app_t *app)
{
    const lp_uart_setup_t setup = {.format = {.baud = 9600, .data_bits = 8, .stop_bits = 1},
                                   .rx = rx,
                                   .rx_bytes = sizeof rx,
                                   .tx = tx,
                                   .tx_bytes = sizeof tx};
    const lp_err_t err = lp_uart_open(&uart, app->loop, 2, &setup);
    if (err != LP_OK) {
        LP_LOGE("no serial line 2 (%s)", lp_err_text(err));
        return;
    }
    lp_lines_init(&lines, &uart.stream, text, sizeof text, on_line, NULL);
    lp_app_every_setting(app, &task, "telemetry.interval_s", publish, app);
}
