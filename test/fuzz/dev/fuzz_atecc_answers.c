// SPDX-License-Identifier: Apache-2.0
// Whatever a chip answers, whenever: no crash, no hang, exactly one completion of each request.
//
// Input: a byte that picks the operation, then for each transfer a byte that says how it ends and,
// for a read, the bytes that come. When the input is used up every further transfer is not
// acknowledged.
#include <stdlib.h>
#include <string.h>

#include "fake/port.h"
#include "limpet/atecc_cert.h"
#include "limpet/atecc_raw.h"
#include "limpet/atecc_sealed.h"
#include "limpet/crc.h"
#include "limpet/port/clock.h"

typedef struct {
    lp_i2c_bus_t bus; // must stay first
    lp_loop_t loop;
    lp_event_t event;
    lp_i2c_xfer_t *xfer;
    const uint8_t *data;
    size_t left;
    unsigned done;
} world_t;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t take(world_t *w)
{
    if (w->left == 0) {
        return 0xFF;
    }
    w->left--;
    return *w->data++;
}

// A well-formed group around fuzzed payload: most garbage would otherwise end at the CRC.
static void give_group(world_t *w, uint8_t *rx, size_t len)
{
    size_t count = take(w) % (len + 1);
    memset(rx, 0xFF, len);
    if (count < 4) {
        count = len < 4 ? 0 : 4;
    }
    if (count == 0) {
        return;
    }
    rx[0] = (uint8_t)count;
    for (size_t i = 1; i < count - 2; i++) {
        rx[i] = take(w);
    }
    const uint16_t crc = lp_crc16_8005(0, lp_span(rx, count - 2));
    rx[count - 2] = (uint8_t)crc;
    rx[count - 1] = (uint8_t)(crc >> 8);
}

static lp_err_t give(world_t *w, const lp_i2c_xfer_t *x)
{
    static const uint8_t hello[4] = {0x04, 0x11, 0x33, 0x43};
    static const lp_err_t errors[] = {LP_E_I2C_NACK, LP_E_I2C_BUS, LP_E_TIMEOUT, LP_E_IO};
    const uint8_t how = w->left == 0 ? 0xF0 : take(w);
    if (how >= 0xF0) {
        return errors[how & 3];
    }
    if (x->op != LP_I2C_READ) {
        return LP_OK;
    }
    if (x->rx_len == 4 && (how & 1) == 0) {
        memcpy(x->rx, hello, 4);
    } else if ((how & 2) == 0) {
        give_group(w, x->rx, x->rx_len);
    } else {
        for (size_t i = 0; i < x->rx_len; i++) {
            x->rx[i] = take(w);
        }
    }
    return LP_OK;
}

static void run(void *ctx)
{
    world_t *w = ctx;
    lp_i2c_xfer_t *x = w->xfer;
    w->xfer = NULL;
    x->done(x->ctx, give(w, x));
}

static lp_err_t start(lp_i2c_bus_t *bus, lp_i2c_xfer_t *x)
{
    world_t *w = (world_t *)bus;
    if (w->xfer != NULL) {
        return LP_E_BUSY;
    }
    w->xfer = x;
    lp_loop_post(&w->loop, &w->event);
    return LP_OK;
}

static lp_err_t set_rate(lp_i2c_bus_t *bus, uint32_t rate_hz)
{
    (void)bus;
    (void)rate_hz;
    return LP_OK;
}

static void on_done(void *ctx, lp_err_t err)
{
    world_t *w = ctx;
    (void)err;
    w->done++;
}

static void on_diff(void *ctx, int slot, const char *text)
{
    (void)ctx;
    if (slot < -1 || slot > 15 || strlen(text) > 159) {
        abort();
    }
}

static uint8_t out[256];
static uint8_t other[64];
static const uint8_t in[128] = {1, 2, 3};
static const lp_atecc_at_t at = {LP_ATECC_DATA, 9, 8};
static const lp_atecc_at_t block = {LP_ATECC_DATA, 9, 32};
static const lp_atecc_secret_t secret = {.slot = 6, .key = in, .serial = in, .num_in = in};

static lp_err_t begin_basic(world_t *w, lp_atecc_t *chip, lp_atecc_req_t *req, unsigned which)
{
    static lp_atecc_id_t id;
    switch (which) {
    case 0:
        return lp_atecc_identify(chip, req, &id, on_done, w);
    case 1:
        return lp_atecc_sign(chip, req, 0, in, out, on_done, w);
    case 2:
        return lp_atecc_genkey(chip, req, 2, out, on_done, w);
    case 3:
        return lp_atecc_ecdhe(chip, req, LP_ATECC_TEMPKEY, in, other, out, on_done, w);
    case 4:
        return lp_atecc_sha256(chip, req, lp_span(in, sizeof in), out, on_done, w);
    case 5:
        return lp_atecc_read(chip, req, at, out, 64, on_done, w);
    case 6:
        return lp_atecc_write(chip, req, at, lp_span(in, 64), false, on_done, w);
    case 7:
        return lp_atecc_lock_slot(chip, req, 3, on_done, w);
    case 8:
        return lp_atecc_random(chip, req, out, on_done, w);
    case 9:
        return lp_atecc_key_make(chip, req, 1, out, NULL, on_done, w);
    default:
        return lp_atecc_rest(chip, req, LP_ATECC_SLEEP, on_done, w);
    }
}

static lp_err_t begin_raw(world_t *w, lp_atecc_t *chip, lp_atecc_req_t *req, unsigned which)
{
    static uint32_t count;
    static size_t len;
    switch (which) {
    case 0:
        return lp_atecc_verify(chip, req, in, in, in, on_done, w);
    case 1:
        return lp_atecc_sha_context(chip, req, out, &len, on_done, w);
    case 2:
        return lp_atecc_selftest(chip, req, 0x3D, out, on_done, w);
    case 3:
        return lp_atecc_counter(chip, req, 1, true, &count, on_done, w);
    case 4:
        return lp_atecc_kdf(chip, req, 0x52, 7, 0x14000002, lp_span(in, 20), out, 96, on_done, w);
    case 5:
        return lp_atecc_cert_load(chip, req, 10, 0, out, other, on_done, w);
    default:
        return lp_atecc_ecdh_protected(chip, req, true, 0, in, out, on_done, w);
    }
}

static lp_err_t begin_large(world_t *w, lp_atecc_t *chip, unsigned which)
{
    static lp_atecc_plan_op_t plan;
    static lp_atecc_sealed_t sealed;
    switch (which) {
    case 0:
        return lp_atecc_plan_write(chip, &plan, &lp_atecc_plan_limpet1, on_diff, NULL, on_done, w);
    case 1:
        return lp_atecc_plan_fill(chip, &plan, &lp_atecc_plan_limpet1, NULL, 0, on_done, w);
    case 2:
        return lp_atecc_sealed_read(chip, &sealed, &secret, block, out, on_done, w);
    case 3:
        return lp_atecc_sealed_write(chip, &sealed, &secret, block, in, on_done, w);
    case 4:
        return lp_atecc_authorized_sign(chip, &sealed, &secret, 0, in, out, on_done, w);
    case 5:
        return lp_atecc_ecdhe_sealed(chip, &sealed, &secret, in, other, out, on_done, w);
    case 6:
        return lp_atecc_attest(chip, &sealed, in, 0, 3, out, other, out + 64, on_done, w);
    default:
        return lp_atecc_prove(chip, &sealed, &secret, on_done, w);
    }
}

static lp_err_t begin(world_t *w, lp_atecc_t *chip, lp_atecc_req_t *req)
{
    enum { BASIC = 11, RAW = 7, LARGE = 8 };
    const unsigned which = take(w) % (BASIC + RAW + LARGE);
    if (which < BASIC) {
        return begin_basic(w, chip, req, which);
    }
    if (which < BASIC + RAW) {
        return begin_raw(w, chip, req, which - BASIC);
    }
    return begin_large(w, chip, which - BASIC - RAW);
}

static void turn_until(world_t *w, unsigned done)
{
    for (unsigned turns = 0; w->done < done; turns++) {
        lp_loop_turn(&w->loop, 1000);
        if (turns > 200000) {
            abort(); // a hang
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const lp_i2c_ops_t ops = {.start = start, .set_rate = set_rate};
    world_t w = {.bus = {.ops = &ops}, .data = data, .left = size};
    lp_atecc_t chip;
    lp_atecc_req_t req = {0};
    fake_clock_reset();
    lp_loop_init(&w.loop);
    lp_event_init(&w.event, run, &w);
    const lp_atecc_config_t cfg = {.loop = &w.loop, .bus = &w.bus, .addr = LP_ATECC_ADDR};
    lp_atecc_init(&chip, &cfg);
    for (unsigned n = 1; n < 6 && w.left > 0; n++) {
        if (begin(&w, &chip, &req) != LP_OK) {
            w.done++; // refused: no completion will come
        }
        turn_until(&w, n);
    }
    const unsigned done = w.done;
    for (unsigned i = 0; i < 200; i++) {
        lp_loop_turn(&w.loop, 50);
    }
    if (w.done != done || lp_atecc_deinit(&chip) != LP_OK) {
        abort(); // a second completion, or something still under way
    }
    return 0;
}
