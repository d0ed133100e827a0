// SPDX-License-Identifier: Apache-2.0
// Whatever a wire answers, to a scan, to a DS18B20 driver, and to the bridge's driver below both:
// no crash, no hang, one completion each, and nothing but what a sensor can measure.
//
// Input: a byte that picks the line, then what it answers; when it is at an end, zeros.
#include <string.h>

#include "../codec/fuzz.h"
#include "fake/port.h"
#include "limpet/ds18b20.h"
#include "limpet/ds2482.h"

enum { TURNS = 200000, HIGHEST = 204800 };

typedef struct {
    lp_loop_t loop;
    const uint8_t *data;
    size_t left;
    lp_onewire_t wire;
    lp_event_t event;
    lp_i2c_bus_t i2c;
    lp_i2c_xfer_t *xfer;
    lp_ds2482_t bridge;
    lp_onewire_scan_t scan;
    lp_ds18b20_t sensor;
    unsigned done;
} world_t;

static world_t w;

static uint8_t take(void)
{
    if (w.left == 0) {
        return 0;
    }
    w.left--;
    return *w.data++;
}

// -- a wire whose steps end as the input says

static void on_step(void *ctx)
{
    static const lp_err_t ends[] = {LP_E_NOT_FOUND, LP_E_IO, LP_E_TIMEOUT};
    const uint8_t how = take();
    (void)ctx;
    lp_onewire_stepped(&w.wire, how >= 0xFD ? ends[how - 0xFD] : LP_OK, take());
}

static lp_err_t step(lp_onewire_t *bus, lp_onewire_step_t what, uint8_t value, bool is_fed)
{
    (void)bus;
    (void)what;
    (void)value;
    (void)is_fed;
    lp_loop_post(&w.loop, &w.event);
    return LP_OK;
}

// -- an I2C bus whose reads are the input

static void on_xfer(void *ctx)
{
    lp_i2c_xfer_t *x = w.xfer;
    (void)ctx;
    w.xfer = NULL;
    for (size_t i = 0; i < x->rx_len; i++) {
        x->rx[i] = take();
    }
    x->done(x->ctx, x->op == LP_I2C_WRITE && take() == 0xFF ? LP_E_I2C_NACK : LP_OK);
}

static lp_err_t start(lp_i2c_bus_t *bus, lp_i2c_xfer_t *x)
{
    (void)bus;
    MUST(w.xfer == NULL);
    w.xfer = x;
    lp_loop_post(&w.loop, &w.event);
    return LP_OK;
}

static void on_scanned(void *ctx, lp_err_t err)
{
    (void)ctx;
    (void)err;
    MUST(w.scan.count <= LP_ONEWIRE_SCAN_MAX);
    for (size_t i = 0; i < w.scan.count; i++) {
        MUST(w.scan.rom[i][0] != 0);
        MUST(lp_onewire_crc8(lp_span(w.scan.rom[i], LP_ONEWIRE_ROM_BYTES)) == 0);
    }
    w.done++;
}

static void on_measured(void *ctx, lp_err_t err, int32_t temperature)
{
    (void)ctx;
    MUST(err == LP_OK || temperature == 0);
    MUST(temperature >= -HIGHEST && temperature <= HIGHEST);
    w.done++;
}

static void wait_for(unsigned done)
{
    for (int i = 0; i < TURNS && w.done < done; i++) {
        lp_loop_turn(&w.loop, 10);
    }
    MUST(w.done == done);
}

static lp_onewire_t *open_line(bool is_bridge)
{
    static const lp_onewire_line_t line = {.step = step};
    static const lp_i2c_ops_t ops = {.start = start};
    lp_event_init(&w.event, is_bridge ? on_xfer : on_step, NULL);
    w.i2c.ops = &ops;
    lp_onewire_init(&w.wire, &w.loop, &line);
    lp_ds2482_init(&w.bridge, &w.loop, &w.i2c, LP_DS2482_ADDR);
    return is_bridge ? &w.bridge.bus : &w.wire;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fake_clock_reset();
    memset(&w, 0, sizeof w);
    lp_loop_init(&w.loop);
    w.data = data;
    w.left = size;
    lp_onewire_t *bus = open_line((take() & 1u) != 0);
    MUST(lp_onewire_scan(bus, &w.scan, on_scanned, NULL) == LP_OK);
    wait_for(1);
    MUST(lp_ds18b20_init(&w.sensor, bus, NULL, 9 + size % 4) == LP_OK);
    for (unsigned i = 0; i < 3; i++) {
        MUST(lp_ds18b20_measure(&w.sensor, on_measured, NULL) == LP_OK);
        wait_for(2 + i);
    }
    return 0;
}
