// SPDX-License-Identifier: Apache-2.0
// Reads what is wired to each bus once a second and says it in the log: for test/system/apps/buses.
#include <string.h>

#include "limpet/app_wires.h"
#include "limpet/ds18b20.h"
#include "limpet/lines.h"
#include "limpet/log.h"
#include "limpet/max31855.h"
#include "limpet/nmea.h"
#include "limpet/uart.h"

#define LOG_MODULE "buses"

enum { PERIOD_MS = 1000 };

// -- the receiver on serial line 2, and an echo on line 3

static lp_uart_t gps, echo;
static uint8_t gps_rx[256], gps_tx[16], echo_rx[64], echo_tx[64], text[LP_NMEA_LINE_MAX];
static lp_lines_t lines;
static lp_nmea_fix_t fix;

static void on_line(void *ctx, lp_span_t line)
{
    (void)ctx;
    const lp_err_t err = lp_nmea_take(&fix, line);
    if (err == LP_OK && fix.has_fix) {
        LP_LOGI("place %ld %ld %ld", (long)fix.latitude_e7, (long)fix.longitude_e7,
                (long)fix.altitude_cm);
    } else {
        LP_LOGI("no place (%s)", lp_err_text(err));
    }
}

// What comes on line 3 goes back.
static void on_echo(void *ctx, unsigned events, lp_err_t why)
{
    uint8_t bytes[16];
    size_t n = 0;
    (void)ctx;
    (void)events;
    (void)why;
    while (lp_stream_read(&echo.stream, bytes, sizeof bytes, &n) == LP_OK) {
        (void)lp_stream_write(&echo.stream, lp_span(bytes, n), &n);
    }
}

static void open_lines(lp_app_t *app)
{
    const lp_uart_setup_t for_gps = {
        .rx = gps_rx, .rx_bytes = sizeof gps_rx, .tx = gps_tx, .tx_bytes = sizeof gps_tx};
    const lp_uart_setup_t for_echo = {
        .rx = echo_rx, .rx_bytes = sizeof echo_rx, .tx = echo_tx, .tx_bytes = sizeof echo_tx};
    const lp_err_t err = lp_uart_open(&gps, app->loop, 2, &for_gps);
    LP_LOGI("line 2: %s", lp_err_text(err));
    if (err == LP_OK) {
        lp_lines_init(&lines, &gps.stream, text, sizeof text, on_line, NULL);
    }
    if (lp_uart_open(&echo, app->loop, 3, &for_echo) == LP_OK) {
        lp_stream_listen(&echo.stream, on_echo, NULL);
    }
}

// -- the sensors on the wire

static lp_onewire_scan_t wire;
static bool is_scanned, is_scanning;
static lp_ds18b20_t sensor[LP_ONEWIRE_SCAN_MAX];
static lp_app_task_t task;

static void on_temperature(void *ctx, lp_err_t err, int32_t temperature)
{
    const lp_ds18b20_t *s = ctx;
    LP_LOGI("probe %d: %ld (%s)", (int)(s - sensor), (long)temperature, lp_err_text(err));
}

static lp_max31855_t oven;

static void on_oven(void *ctx, lp_err_t err, const lp_max31855_reading_t *reading)
{
    (void)ctx;
    LP_LOGI("oven: %ld (%s)", reading != NULL ? (long)reading->thermocouple : 0, lp_err_text(err));
}

static void measure(void)
{
    for (size_t i = 0; i < wire.count; i++) {
        (void)lp_ds18b20_measure(&sensor[i], on_temperature, &sensor[i]);
    }
}

// A bus may time out while the computer that it is emulated on is busy: what was not found is
// looked for again.
static void on_scanned(void *ctx, lp_err_t err)
{
    lp_app_t *app = ctx;
    is_scanning = false;
    LP_LOGI("wire: %u (%s)", (unsigned)wire.count, lp_err_text(err));
    is_scanned = err == LP_OK && wire.count > 0;
    for (size_t i = 0; is_scanned && i < wire.count; i++) {
        (void)lp_ds18b20_init(&sensor[i], lp_app_onewire(app), wire.rom[i], 9);
    }
}

static void look(void *ctx)
{
    lp_onewire_t *bus = lp_app_onewire(ctx);
    (void)lp_max31855_read(&oven, on_oven, NULL);
    if (is_scanned) {
        measure();
    } else if (bus != NULL && !is_scanning) {
        is_scanning = lp_onewire_scan(bus, &wire, on_scanned, ctx) == LP_OK;
    }
}

void lp_app_main(lp_app_t *app)
{
    open_lines(app);
    if (app->i2c != NULL) {
        lp_max31855_init(&oven, lp_app_spi(app), 0);
    }
    lp_app_every(app, &task, PERIOD_MS, look, app);
}
