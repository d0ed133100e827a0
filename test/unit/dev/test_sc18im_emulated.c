// SPDX-License-Identifier: Apache-2.0
// The whole way: driver, bridge driver, a serial line, the emulated bridge, the emulated chip. Then
// with a line that loses, adds and damages bytes.
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "emulated.h"
#include "fake/port.h"
#include "limpet/chipsim_server.h"
#include "limpet/port/clock.h"
#include "limpet/sc18im.h"

typedef struct {
    lp_stream_t stream; // must stay first
    lp_loop_t *loop;
    lp_timer_t timer;
    lp_stream_fn *fn;
    void *ctx;
    lp_chipsim_bridge_t bridge;
    uint8_t back[4096];
    size_t back_len, back_pos;
    uint32_t damage_ppm; // of bytes, each way
    uint32_t dice;
    unsigned damaged;
} line_t;

static uint32_t roll(line_t *l)
{
    l->dice ^= l->dice << 13;
    l->dice ^= l->dice >> 17;
    l->dice ^= l->dice << 5;
    return l->dice;
}

// What becomes of one byte on the line: 0 to 2 bytes in `to`.
static size_t carry(line_t *l, uint8_t byte, uint8_t to[2])
{
    to[0] = byte;
    if (roll(l) % 1000000 >= l->damage_ppm) {
        return 1;
    }
    l->damaged++;
    switch (roll(l) % 3) {
    case 0:
        return 0;
    case 1:
        to[0] ^= (uint8_t)(1u << roll(l) % 8);
        return 1;
    default:
        to[1] = (uint8_t)roll(l);
        return 2;
    }
}

static void from_bridge(void *ctx, lp_span_t bytes)
{
    line_t *l = ctx;
    uint8_t two[2];
    for (size_t i = 0; i < bytes.len; i++) {
        const size_t n = carry(l, bytes.ptr[i], two);
        for (size_t k = 0; k < n && l->back_len < sizeof l->back; k++) {
            l->back[l->back_len++] = two[k];
        }
    }
}

static void on_timer(void *ctx)
{
    line_t *l = ctx;
    if (l->fn != NULL) {
        l->fn(l->ctx, LP_STREAM_READABLE | LP_STREAM_WRITABLE, LP_OK);
    }
}

static void line_listen(lp_stream_t *s, lp_stream_fn *fn, void *ctx)
{
    ((line_t *)s)->fn = fn;
    ((line_t *)s)->ctx = ctx;
}

static lp_err_t line_read(lp_stream_t *s, uint8_t *buf, size_t cap, size_t *n)
{
    line_t *l = (line_t *)s;
    if (l->back_pos == l->back_len) {
        l->back_pos = 0;
        l->back_len = 0;
        return LP_E_AGAIN;
    }
    *n = 0;
    while (*n < cap && l->back_pos < l->back_len) {
        buf[(*n)++] = l->back[l->back_pos++];
    }
    return LP_OK;
}

static lp_err_t line_write(lp_stream_t *s, lp_span_t data, size_t *n)
{
    line_t *l = (line_t *)s;
    uint8_t two[2];
    for (size_t i = 0; i < data.len; i++) {
        const size_t count = carry(l, data.ptr[i], two);
        lp_chipsim_bridge_feed(&l->bridge, lp_span(two, count), from_bridge, l);
    }
    *n = data.len;
    lp_timer_start(l->loop, &l->timer, 1);
    return LP_OK;
}

static void line_close(lp_stream_t *s)
{
    (void)s;
}

static line_t line;
static lp_sc18im_t bridge;

// Puts the line between the driver and the chip of `w`.
static void interpose(world_t *w)
{
    static const lp_stream_ops_t ops = {
        .listen = line_listen, .read = line_read, .write = line_write, .close = line_close};
    line = (line_t){.stream = {.ops = &ops}, .loop = &w->loop, .dice = 88172645};
    lp_timer_init(&line.timer, on_timer, &line);
    lp_chipsim_bridge_init(&line.bridge, w->bus);
    lp_sc18im_init(&bridge, &w->loop, &line.stream);
    assert_int_equal(lp_i2c_set_rate(&bridge.bus, 200000), LP_OK);
    assert_int_equal(lp_atecc_deinit(&w->chip), LP_OK);
    const lp_atecc_config_t cfg = {.loop = &w->loop, .bus = &bridge.bus, .addr = LP_ATECC_ADDR};
    lp_atecc_init(&w->chip, &cfg);
}

static void whole_way_through_the_bridge(void **state)
{
    (void)state;
    world_t *w = world_new(LP_CHIPSIM_ATECC508A);
    uint8_t sig[64];
    const uint8_t digest[32] = {4, 5, 6};
    interpose(w);
    assert_int_equal(world_provision(w), LP_OK);
    assert_int_equal(world_identify(w), LP_OK);
    assert_int_equal(w->id.variant, LP_ATECC_LIMPET);
    RUN(w, LP_OK, lp_atecc_pubkey(&w->chip, &w->req, 0, w->pub, world_done, w));
    RUN(w, LP_OK, lp_atecc_sign(&w->chip, &w->req, 0, digest, sig, world_done, w));
    assert_true(world_verify(w->pub, digest, sig));
    lp_sc18im_deinit(&bridge);
    world_free(w);
}

static void chip_that_is_not_there_through_the_bridge(void **state)
{
    (void)state;
    world_t *w = world_new(LP_CHIPSIM_ATECC508A);
    static lp_atecc_scan_t scan;
    static lp_atecc_id_t found[2];
    interpose(w);
    lp_chipsim_power_off(w->sim);
    unsigned n = w->done + 1;
    assert_int_equal(lp_atecc_scan(&scan, &w->loop, &bridge.bus, found, 2, world_done, w), LP_OK);
    assert_int_equal(world_wait(w, n), LP_E_CHIP_MISSING);
    assert_in_range(lp_port_now_ms(), 0, 1000); // no time-out had to be waited for
    lp_chipsim_power_on(w->sim);
    fake_clock_advance_ms(1);
    n = w->done + 1;
    assert_int_equal(lp_atecc_scan(&scan, &w->loop, &bridge.bus, found, 2, world_done, w), LP_OK);
    assert_int_equal(world_wait(w, n), LP_OK);
    lp_sc18im_deinit(&bridge);
    world_free(w);
}

static void noisy_line_costs_time_but_no_truth(void **state)
{
    (void)state;
    world_t *w = world_crafted(LP_CHIPSIM_ATECC508A, NULL);
    uint8_t sig[64];
    uint8_t back[64];
    uint8_t data[64];
    unsigned good = 0;
    unsigned bad = 0;
    interpose(w);
    assert_int_equal(world_identify(w), LP_OK);
    RUN(w, LP_OK, lp_atecc_genkey(&w->chip, &w->req, 2, w->pub, world_done, w));
    RUN(w, LP_OK, lp_atecc_genkey(&w->chip, &w->req, 1, w->pub, world_done, w));
    line.damage_ppm = 1500;
    for (unsigned i = 0; i < 150; i++) {
        const uint8_t digest[32] = {(uint8_t)i, 1};
        const lp_atecc_at_t at = {LP_ATECC_DATA, LP_ATECC_SLOT_DATA, (uint16_t)(i % 5 * 64)};
        unsigned n = w->done + 1;
        assert_int_equal(lp_atecc_sign(&w->chip, &w->req, 1, digest, sig, world_done, w), LP_OK);
        if (world_wait(w, n) == LP_OK) {
            assert_true(world_verify(w->pub, digest, sig));
            good++;
        } else {
            bad++;
        }
        memset(data, (int)i, sizeof data);
        n = w->done + 1;
        assert_int_equal(
            lp_atecc_write(&w->chip, &w->req, at, lp_span(data, 64), false, world_done, w), LP_OK);
        if (world_wait(w, n) != LP_OK) {
            bad++;
            continue;
        }
        n = w->done + 1;
        assert_int_equal(lp_atecc_read(&w->chip, &w->req, at, back, 64, world_done, w), LP_OK);
        if (world_wait(w, n) == LP_OK) {
            assert_memory_equal(back, data, 64);
            good++;
        } else {
            bad++;
        }
    }
    print_message("%u bytes damaged, %u operations good, %u failed\n", line.damaged, good, bad);
    assert_true(line.damaged > 100);
    assert_true(good > 10 * bad);
    lp_sc18im_deinit(&bridge);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_way_through_the_bridge),
        cmocka_unit_test(chip_that_is_not_there_through_the_bridge),
        cmocka_unit_test(noisy_line_costs_time_but_no_truth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
