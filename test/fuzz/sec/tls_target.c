// SPDX-License-Identifier: Apache-2.0
#include "tls_target.h"

#include <stdlib.h>
#include <string.h>

#include "fake/port.h"
#include "tls_board.h"
#include "tls_fixture.h"
#include "tls_internal.h"

enum { ARENA_BYTES = 64 * 1024, STACK_BYTES = 64 * 1024, NOW_S = 1767225600, TURNS = 400 };

static _Alignas(16) uint8_t arena[ARENA_BYTES];
static _Alignas(16) uint8_t stack[STACK_BYTES];
static size_t used_before;

void tls_target_key(uint8_t key[LP_KEY_SECRET_BYTES])
{
    for (size_t i = 0; i < LP_KEY_SECRET_BYTES; i++) {
        key[i] = (uint8_t)(i + 1);
    }
}

static lp_err_t load(void *ctx, const char *name, uint8_t key[LP_KEY_SECRET_BYTES])
{
    (void)ctx;
    (void)name;
    tls_target_key(key);
    return LP_OK;
}

static lp_err_t save(void *ctx, const char *name, const uint8_t key[LP_KEY_SECRET_BYTES])
{
    (void)ctx;
    (void)name;
    (void)key;
    return LP_E_NOSPACE;
}

static void must(bool is_fine)
{
    if (!is_fine) {
        abort();
    }
}

void tls_target_init(tls_target_t *t)
{
    memset(t, 0, sizeof *t);
    fake_clock_reset();
    fake_system_reset();
    fake_clock_set_utc_s(NOW_S);
    lp_loop_init(&t->loop);
    t->io = (lp_keyfile_io_t){.load = load, .save = save};
    lp_keyfile_init(&t->files, &t->loop, &t->io);
    lp_keystore_init(&t->keys, &t->loop, NULL, &t->files.prov);
    const lp_tls_setup_t setup = {.loop = &t->loop,
                                  .keys = &t->keys,
                                  .arena = arena,
                                  .arena_bytes = sizeof arena,
                                  .stack = stack,
                                  .stack_bytes = sizeof stack};
    must(lp_tls_init(&setup) == LP_OK);
    used_before =
        lp_tls_arena.used; // lp_tls_memory() also measures the stack, which takes long here
}

static void on_tls(void *ctx, unsigned events, lp_err_t why)
{
    tls_target_t *t = ctx;
    uint8_t buf[512];
    size_t n = 0;
    must(t->closed == 0); // nothing comes after the end
    if ((events & LP_STREAM_OPEN) != 0) {
        t->opened++;
        must(t->opened == 1);
        (void)lp_stream_write(&t->tls.stream, lp_span("hello", 5), &n);
    }
    while ((events & LP_STREAM_READABLE) != 0 &&
           lp_stream_read(&t->tls.stream, buf, sizeof buf, &n) == LP_OK) {
        must(n > 0 && n <= sizeof buf);
        t->got += n;
    }
    if ((events & LP_STREAM_CLOSED) != 0) {
        must(why != LP_OK && why == lp_tls_report(&t->tls)->err);
        t->closed++;
    }
}

lp_err_t tls_target_open(tls_target_t *t, lp_stream_t *lower, unsigned flags)
{
    bool has_identity = (flags & TLS_TARGET_IDENTITY) != 0;
    const lp_tls_config_t config = {
        .trust_pem = {.len = sizeof tls_fixture_root - 1, .ptr = (const uint8_t *)tls_fixture_root},
        .cert_pem = {.len = has_identity ? sizeof tls_fixture_client - 1 : 0,
                     .ptr = (const uint8_t *)tls_fixture_client},
        .key_id = "file:id",
        .host = (flags & TLS_TARGET_IP) != 0 ? "127.0.0.1" : "localhost",
        .max_version = (flags & TLS_TARGET_ONLY_12) != 0 ? LP_TLS_1_2 : LP_TLS_1_3,
        .check_dates = true,
        .handshake_timeout_ms = 1000};
    return lp_tls_open(&t->tls, lower, &config, on_tls, t);
}

lp_err_t tls_target_listen(tls_target_t *t, lp_stream_t *lower, unsigned flags)
{
    const lp_tls_config_t config = {.cert_pem = {.len = sizeof tls_fixture_board - 1,
                                                 .ptr = (const uint8_t *)tls_fixture_board},
                                    .key_id = "file:id",
                                    .max_version =
                                        (flags & TLS_TARGET_ONLY_12) != 0 ? LP_TLS_1_2 : LP_TLS_1_3,
                                    .is_server = true,
                                    .resume = LP_TLS_RESUME_ASIDE,
                                    .handshake_timeout_ms = 1000};
    return lp_tls_open(&t->tls, lower, &config, on_tls, t);
}

void tls_target_run(tls_target_t *t)
{
    for (unsigned i = 0; i < TURNS && t->closed == 0; i++) {
        lp_loop_turn(&t->loop, 0);
    }
}

void tls_target_deinit(tls_target_t *t)
{
    lp_stream_close(&t->tls.stream);
    must(lp_tls_arena.used == used_before);
    must(lp_tls_deinit() == LP_OK);
}
