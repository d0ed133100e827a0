// SPDX-License-Identifier: Apache-2.0
#include "emulated.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include "fake/port.h"
#include "limpet/port/clock.h"

// ---- the bus -----------------------------------------------------------------------------------

static lp_err_t carry_out(world_t *w, lp_i2c_xfer_t *x)
{
    switch (x->op) {
    case LP_I2C_WRITE:
        return lp_chipsim_bus_write(w->bus, x->addr, x->tx.ptr, x->tx.len);
    case LP_I2C_READ:
        return lp_chipsim_bus_read(w->bus, x->addr, x->rx, x->rx_len);
    case LP_I2C_WAKE:
        return lp_chipsim_bus_wake(w->bus);
    case LP_I2C_RECOVER:
        break;
    }
    return lp_chipsim_bus_recover(w->bus);
}

// How much longer this transfer takes because the chip holds the clock.
static uint32_t hold(world_t *w)
{
    if (w->hold_next == 0 || w->transfers < w->hold_at) {
        return 0;
    }
    w->hold_next--;
    return w->hold_ms;
}

static void on_timer(void *ctx)
{
    enum { MASTER_TIMEOUT_MS = 100 };
    world_t *w = ctx;
    lp_i2c_xfer_t *x = w->xfer;
    const uint32_t hold_ms = hold(w);
    if (w->dip_at != 0 && w->transfers == w->dip_at) {
        lp_chipsim_power_off(w->sim);
        lp_chipsim_power_on(w->sim);
        fake_clock_advance_ms(1);
    }
    if (w->transfers++ == w->vanish_at) {
        lp_chipsim_power_off(w->sim);
    }
    w->result = hold_ms > MASTER_TIMEOUT_MS ? LP_E_TIMEOUT : carry_out(w, x);
    const unsigned bytes = w->result == LP_E_I2C_NACK ? 0 : (unsigned)(x->tx.len + x->rx_len);
    w->wire_bytes += 1 + bytes;
    lp_timer_start(&w->loop, &w->end_timer, hold_ms + bytes * 9 / 100); // 100 kHz
}

static void on_end(void *ctx)
{
    world_t *w = ctx;
    lp_i2c_xfer_t *x = w->xfer;
    w->xfer = NULL;
    x->done(x->ctx, w->result);
}

static lp_err_t start(lp_i2c_bus_t *bus, lp_i2c_xfer_t *x)
{
    world_t *w = (world_t *)bus;
    if (w->xfer != NULL) {
        return LP_E_BUSY;
    }
    w->xfer = x;
    lp_timer_start(&w->loop, &w->timer, 0);
    return LP_OK;
}

static lp_err_t set_rate(lp_i2c_bus_t *bus, uint32_t rate_hz)
{
    (void)bus;
    (void)rate_hz;
    return LP_E_UNSUPPORTED;
}

static uint64_t now_us(void *ctx)
{
    (void)ctx;
    return lp_port_now_us();
}

// ---- the world ---------------------------------------------------------------------------------

static void on_wear(void *ctx, uint16_t slot)
{
    (void)slot;
    ((world_t *)ctx)->wear++;
}

static void start_driver(world_t *w)
{
    const lp_atecc_config_t cfg = {.loop = &w->loop,
                                   .bus = &w->i2c,
                                   .addr = lp_chipsim_addr(w->sim),
                                   .wear = on_wear,
                                   .wear_ctx = w};
    memset(&w->req, 0, sizeof w->req);
    memset(&w->op, 0, sizeof w->op);
    lp_atecc_init(&w->chip, &cfg);
}

lp_chipsim_options_t world_options(world_t *w, lp_chipsim_model_t model)
{
    (void)w;
    return (lp_chipsim_options_t){.model = model,
                                  .timing = LP_CHIPSIM_TIMING_TYPICAL,
                                  .clock = {.now_us = now_us},
                                  .seed = 5};
}

static world_t *world_empty(lp_chipsim_model_t model)
{
    static const lp_i2c_ops_t ops = {.start = start, .set_rate = set_rate};
    world_t *w = calloc(1, sizeof *w);
    assert_non_null(w);
    fake_clock_reset();
    lp_loop_init(&w->loop);
    w->i2c.ops = &ops;
    w->model = model;
    w->vanish_at = UINT_MAX;
    lp_timer_init(&w->timer, on_timer, w);
    lp_timer_init(&w->end_timer, on_end, w);
    return w;
}

static world_t *world_with_chip(world_t *w)
{
    w->bus = lp_chipsim_bus_new();
    assert_non_null(w->bus);
    assert_int_equal(lp_chipsim_bus_attach(w->bus, w->sim), LP_OK);
    start_driver(w);
    return w;
}

world_t *world_new_timed(lp_chipsim_model_t model, lp_chipsim_timing_t timing)
{
    world_t *w = world_empty(model);
    lp_chipsim_options_t opt = world_options(w, model);
    opt.timing = timing;
    assert_int_equal(lp_chipsim_new(&w->sim, &opt), LP_OK);
    return world_with_chip(w);
}

world_t *world_new_trust(lp_chipsim_variant_t variant, uint64_t seed)
{
    world_t *w = world_empty(LP_CHIPSIM_ATECC608B);
    lp_chipsim_options_t opt = world_options(w, w->model);
    opt.variant = variant;
    opt.seed = seed;
    assert_int_equal(lp_chipsim_new(&w->sim, &opt), LP_OK);
    return world_with_chip(w);
}

static void put16(uint8_t *at, unsigned value)
{
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
}

void world_set_slot(lp_chipsim_image_t *image, unsigned slot, unsigned slot_config,
                    unsigned key_config)
{
    put16(image->config + 20 + 2 * slot, slot_config);
    put16(image->config + 96 + 2 * slot, key_config);
}

void world_set_data(lp_chipsim_image_t *image, unsigned slot, const uint8_t *bytes, size_t len)
{
    size_t size = 0;
    uint8_t *data = lp_chipsim_slot(image, slot, &size);
    assert_true(len <= size);
    memcpy(data, bytes, len);
}

world_t *world_crafted(lp_chipsim_model_t model, void (*craft)(lp_chipsim_image_t *image))
{
    world_t *w = world_empty(model);
    lp_chipsim_image_t image;
    const lp_atecc_plan_t *p = &lp_atecc_plan_limpet1;
    const bool is_508 = model == LP_CHIPSIM_ATECC508A;
    const lp_atecc_plan_byte_t *bytes = is_508 ? p->bytes_508 : p->bytes_608;
    const size_t n = is_508 ? p->bytes_508_len : p->bytes_608_len;
    assert_int_equal(lp_chipsim_image_factory(&image, model, NULL, 77), LP_OK);
    for (unsigned slot = 0; slot < 16; slot++) {
        world_set_slot(&image, slot, p->slots[slot].slot_config, p->slots[slot].key_config);
    }
    for (size_t i = 0; i < n; i++) {
        image.config[bytes[i].offset] = bytes[i].value;
    }
    image.config[86] = 0;
    image.config[87] = 0;
    if (craft != NULL) {
        craft(&image);
    }
    const lp_chipsim_options_t opt = world_options(w, model);
    assert_int_equal(lp_chipsim_from_image(&w->sim, &opt, &image), LP_OK);
    (void)world_with_chip(w);
    assert_int_equal(world_identify(w), LP_OK);
    return w;
}

world_t *world_new(lp_chipsim_model_t model)
{
    return world_new_timed(model, LP_CHIPSIM_TIMING_TYPICAL);
}

void world_free(world_t *w)
{
    lp_chipsim_bus_detach(w->bus, w->sim);
    lp_chipsim_bus_free(w->bus);
    lp_chipsim_free(w->sim);
    free(w);
}

const lp_chipsim_image_t *world_image(const world_t *w)
{
    return lp_chipsim_image(w->sim);
}

void world_done(void *ctx, lp_err_t err)
{
    world_t *w = ctx;
    w->done++;
    w->err = err;
}

lp_err_t world_wait(world_t *w, unsigned count)
{
    const uint64_t end = lp_port_now_ms() + 60000;
    while (w->done < count) {
        lp_loop_turn(&w->loop, 1000);
        assert_true(lp_port_now_ms() < end);
    }
    assert_int_equal(w->done, count);
    return w->err;
}

void world_settle(world_t *w, uint32_t ms)
{
    const uint64_t end = lp_port_now_ms() + ms;
    while (lp_port_now_ms() < end) {
        lp_loop_turn(&w->loop, 10);
    }
}

void world_power_cycle(world_t *w)
{
    world_settle(w, 5000);
    assert_int_equal(lp_atecc_deinit(&w->chip), LP_OK);
    lp_chipsim_power_off(w->sim);
    lp_chipsim_power_on(w->sim);
    fake_clock_advance_ms(1);
    start_driver(w);
}

lp_err_t world_identify(world_t *w)
{
    const unsigned n = w->done + 1;
    assert_int_equal(lp_atecc_identify(&w->chip, &w->req, &w->id, world_done, w), LP_OK);
    return world_wait(w, n);
}

static lp_err_t lock(world_t *w,
                     lp_err_t (*fn)(lp_atecc_t *, lp_atecc_plan_op_t *, const lp_atecc_token_t *,
                                    lp_atecc_done_fn *, void *))
{
    const lp_atecc_token_t token = w->op.token;
    const unsigned n = w->done + 1;
    const lp_err_t err = fn(&w->chip, &w->op, &token, world_done, w);
    return err != LP_OK ? err : world_wait(w, n);
}

lp_err_t world_provision(world_t *w)
{
    unsigned n = w->done + 1;
    lp_err_t err =
        lp_atecc_plan_write(&w->chip, &w->op, &lp_atecc_plan_limpet1, NULL, NULL, world_done, w);
    err = err == LP_OK ? world_wait(w, n) : err;
    err = err == LP_OK ? lock(w, lp_atecc_lock_config) : err;
    if (err != LP_OK || w->op.id.is_data_locked) {
        return err;
    }
    n = w->done + 1;
    err = lp_atecc_plan_fill(&w->chip, &w->op, &lp_atecc_plan_limpet1, NULL, 0, world_done, w);
    err = err == LP_OK ? world_wait(w, n) : err;
    return err == LP_OK ? lock(w, lp_atecc_lock_data) : err;
}

// ---- OpenSSL -----------------------------------------------------------------------------------

static EVP_PKEY *public_key(const uint8_t pub[64])
{
    uint8_t point[65] = {4};
    EVP_PKEY *key = NULL;
    memcpy(point + 1, pub, 64);
    char group[] = "prime256v1";
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point),
        OSSL_PARAM_construct_end()};
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    assert_true(EVP_PKEY_fromdata_init(ctx) > 0);
    OSSL_PARAM copy[3];
    memcpy(copy, params, sizeof copy);
    if (EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, copy) <= 0) {
        key = NULL;
    }
    EVP_PKEY_CTX_free(ctx);
    return key;
}

static EVP_PKEY *own_key(void)
{
    static EVP_PKEY *key;
    if (key == NULL) {
        key = EVP_EC_gen("P-256");
    }
    assert_non_null(key);
    return key;
}

bool world_verify(const uint8_t pub[64], const uint8_t digest[32], const uint8_t sig[64])
{
    EVP_PKEY *key = public_key(pub);
    if (key == NULL) {
        return false;
    }
    ECDSA_SIG *s = ECDSA_SIG_new();
    assert_true(ECDSA_SIG_set0(s, BN_bin2bn(sig, 32, NULL), BN_bin2bn(sig + 32, 32, NULL)));
    uint8_t *der = NULL;
    const int len = i2d_ECDSA_SIG(s, &der);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
    assert_true(EVP_PKEY_verify_init(ctx) > 0);
    const bool is_good = EVP_PKEY_verify(ctx, der, (size_t)len, digest, 32) == 1;
    EVP_PKEY_CTX_free(ctx);
    OPENSSL_free(der);
    ECDSA_SIG_free(s);
    EVP_PKEY_free(key);
    return is_good;
}

void world_sign(const uint8_t digest[32], uint8_t sig[64])
{
    uint8_t der[80];
    size_t len = sizeof der;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(own_key(), NULL);
    assert_true(EVP_PKEY_sign_init(ctx) > 0);
    assert_true(EVP_PKEY_sign(ctx, der, &len, digest, 32) > 0);
    EVP_PKEY_CTX_free(ctx);
    const uint8_t *p = der;
    ECDSA_SIG *s = d2i_ECDSA_SIG(NULL, &p, (long)len);
    assert_non_null(s);
    assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_r(s), sig, 32), 32);
    assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_s(s), sig + 32, 32), 32);
    ECDSA_SIG_free(s);
}

void world_peer(uint8_t pub[64])
{
    uint8_t point[65];
    size_t len = 0;
    assert_true(EVP_PKEY_get_octet_string_param(own_key(), OSSL_PKEY_PARAM_PUB_KEY, point,
                                                sizeof point, &len));
    assert_int_equal(len, 65);
    memcpy(pub, point + 1, 64);
}

void world_ecdh(const uint8_t pub[64], uint8_t secret[32])
{
    EVP_PKEY *peer = public_key(pub);
    size_t len = 32;
    assert_non_null(peer);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(own_key(), NULL);
    assert_true(EVP_PKEY_derive_init(ctx) > 0 && EVP_PKEY_derive_set_peer(ctx, peer) > 0);
    assert_true(EVP_PKEY_derive(ctx, secret, &len) > 0);
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(peer);
}
