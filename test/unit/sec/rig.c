// SPDX-License-Identifier: Apache-2.0
#include "rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fake/port.h"

enum {
    ARENA_BYTES = 128 * 1024,
    STACK_BYTES = 192 * 1024,
    SESSION_BYTES = 4096,
    ARENA_ROUNDING = 64,
    TURNS_MAX = 20000
};

#if defined(RIG_SMALL_TLS)
const bool rig_has_all = false;
const lp_tls_version_t rig_newest = LP_TLS_1_2;
#else
const bool rig_has_all = true;
const lp_tls_version_t rig_newest = LP_TLS_1_3;
#endif
#if defined(RIG_OTHER_SERVER)
const lp_tls_version_t rig_newest_short = LP_TLS_1_2;
#else
const lp_tls_version_t rig_newest_short = LP_TLS_1_3;
#endif
#if defined(RIG_CHIP_ONLY)
const bool rig_is_chip_only = true;
#else
const bool rig_is_chip_only = false;
#endif
#if defined(RIG_OTHER_SERVER)
const bool rig_server_is_openssl = false;
#else
const bool rig_server_is_openssl = true;
#endif
rig_pki_t rig_pki;
size_t rig_arena_bytes = ARENA_BYTES;
size_t rig_session_bytes = SESSION_BYTES;
size_t rig_ticket_bytes = 0;
bool rig_lends_stack = false;
lp_loan_t rig_loan;

static _Alignas(16) uint8_t arena[ARENA_BYTES];
static _Alignas(16) uint8_t stack[STACK_BYTES];
static _Alignas(16) uint8_t session[SESSION_BYTES];

// The other end on an emulated core has no RSA.
static void make_rsa(const pki_spec_t *server)
{
#if defined(RIG_OTHER_SERVER)
    (void)server;
#else
    static const pki_spec_t ca = {.cn = "Test RSA Root", .is_ca = true};
    rig_pki.rsa_root = pki_issue(pki_key_rsa(2048), &ca, NULL);
    rig_pki.rsa_server = pki_issue(pki_key_rsa(2048), server, &rig_pki.rsa_root);
    pki_pem(&rig_pki.rsa_root, rig_pki.rsa_root_pem, sizeof rig_pki.rsa_root_pem);
#endif
}

int rig_pki_make(void **state)
{
    (void)state;
    static const pki_spec_t ca = {.cn = "Test Root", .is_ca = true};
    static const pki_spec_t device_ca = {.cn = "Test Device CA", .is_ca = true};
    static const pki_spec_t server = {
        .cn = "localhost", .san = "DNS:localhost,IP:127.0.0.1,IP:::1", .eku = "serverAuth"};
    rig_pki.root = pki_issue(pki_key_p256(), &ca, NULL);
    rig_pki.device_ca = pki_issue(pki_key_p256(), &device_ca, NULL);
    rig_pki.server = pki_issue(pki_key_p256(), &server, &rig_pki.root);
    pki_pem(&rig_pki.root, rig_pki.root_pem, sizeof rig_pki.root_pem);
    make_rsa(&server);
    return 0;
}

int rig_pki_drop(void **state)
{
    (void)state;
    pki_free(&rig_pki.root);
    pki_free(&rig_pki.rsa_root);
    pki_free(&rig_pki.device_ca);
    pki_free(&rig_pki.server);
    pki_free(&rig_pki.rsa_server);
    return 0;
}

static lp_err_t load_key(void *ctx, const char *name, uint8_t key[32])
{
    rig_t *rig = ctx;
    if (!rig->has_file_key || strcmp(name, "id") != 0) {
        return LP_E_NOT_FOUND;
    }
    memcpy(key, rig->file_key, 32);
    return LP_OK;
}

static lp_err_t save_key(void *ctx, const char *name, const uint8_t key[32])
{
    rig_t *rig = ctx;
    if (strcmp(name, "id") != 0) {
        return LP_E_NOSPACE;
    }
    memcpy(rig->file_key, key, 32);
    rig->has_file_key = true;
    return LP_OK;
}

static void on_beat(void *ctx)
{
    rig_t *rig = ctx;
    rig->beats++;
    lp_timer_start(rig->loop, &rig->heartbeat, RIG_HEARTBEAT_MS);
}

static void read_all(rig_t *rig)
{
    size_t n = 0;
    while (rig->got_len < sizeof rig->got &&
           lp_stream_read(&rig->tls.stream, (uint8_t *)rig->got + rig->got_len,
                          sizeof rig->got - rig->got_len, &n) == LP_OK) {
        rig->got_len += n;
    }
}

static void on_tls(void *ctx, unsigned events, lp_err_t why)
{
    rig_t *rig = ctx;
    if ((events & LP_STREAM_OPEN) != 0) {
        rig->opened++;
        if (rig->closes_on_open) {
            lp_stream_close(&rig->tls.stream);
            return;
        }
    }
    if ((events & LP_STREAM_READABLE) != 0) {
        rig->readable++;
        if (rig->is_reading) {
            read_all(rig);
        }
    }
    if ((events & LP_STREAM_CLOSED) != 0) {
        rig->closed++;
        rig->why = why;
    }
}

void rig_open(rig_t *rig)
{
    static lp_loop_t loop;
    fake_clock_reset();
    lp_loop_init(&loop);
    rig_open_on(rig, &loop);
}

void rig_open_on(rig_t *rig, lp_loop_t *loop)
{
    memset(rig, 0, sizeof *rig);
    fake_system_reset();
    fake_clock_set_utc_s(PKI_NOW_S);
    rig->loop = loop;
    fakechip_open(&rig->chip, rig->loop);
    rig->io = (lp_keyfile_io_t){.load = load_key, .save = save_key, .ctx = rig};
    lp_keyfile_init(&rig->files, rig->loop, &rig->io);
    lp_keystore_init(&rig->keys, rig->loop, &rig->chip.prov, &rig->files.prov);
    lp_tls_setup_t setup = {.loop = rig->loop,
                            .keys = &rig->keys,
                            .arena = arena,
                            .arena_bytes = rig_arena_bytes,
                            .stack = stack,
                            .stack_bytes = sizeof stack,
                            .session = session,
                            .session_bytes = rig_session_bytes,
                            .ticket_bytes = rig_ticket_bytes,
                            .loan = rig_lends_stack ? &rig_loan : NULL};
    lp_loan_init(&rig_loan, stack, sizeof stack);
    assert_int_equal(lp_tls_init(&setup), LP_OK);
    lp_timer_init(&rig->heartbeat, on_beat, rig);
    lp_timer_start(rig->loop, &rig->heartbeat, RIG_HEARTBEAT_MS);
    rig->peer_config = (peer_config_t){.id = &rig_pki.server, .client_ca = &rig_pki.device_ca};
    rig->config = (lp_tls_config_t){.trust_pem = lp_tls_pem(rig_pki.root_pem),
                                    .host = "localhost",
                                    .max_version = LP_TLS_1_3,
                                    .verify_in_chip = rig_is_chip_only,
                                    .check_dates = true};
    rig_certify(rig, "atca:0");
    lp_tls_memory_t memory;
    lp_tls_memory(&memory);
    rig->base_used = memory.arena_used;
    rig->is_reading = true;
}

// Of the arena, without a connection.
static size_t held_bytes(rig_t *rig)
{
    lp_tls_memory_t memory;
    if (rig->tls.stream.ops != NULL) {
        lp_stream_close(&rig->tls.stream);
    }
    lp_tls_memory(&memory);
    return memory.arena_used - rig->base_used;
}

void rig_close(rig_t *rig)
{
    if (rig->tls.stream.ops != NULL) {
        lp_stream_close(&rig->tls.stream);
    }
    fakechip_release(&rig->chip);
    rig_turns(rig, 50); // an operation that was left behind ends
    lp_tls_forget();
    assert_int_equal(held_bytes(rig), 0);
    assert_int_equal(lp_tls_deinit(), LP_OK);
    if (rig->peer.loop != NULL) {
        peer_close(&rig->peer);
    }
    fakechip_close(&rig->chip);
    lp_timer_stop(rig->loop, &rig->heartbeat);
}

void rig_certify(rig_t *rig, const char *key_id)
{
    uint8_t pub[64];
    if (strncmp(key_id, "atca:", 5) == 0) {
        pki_public(rig->chip.identity, pub);
    } else {
        EVP_PKEY *key = pki_key_from_bytes(rig->file_key);
        pki_public(key, pub);
        EVP_PKEY_free(key);
    }
    rig_certify_key(rig, pub, key_id);
}

void rig_certify_key(rig_t *rig, const uint8_t pub[64], const char *key_id)
{
    static const pki_spec_t spec = {.cn = "lp-4f21c0", .eku = "clientAuth"};
    pki_id_t id = pki_issue(pki_from_public(pub), &spec,
                            rig->issuer != NULL ? rig->issuer : &rig_pki.device_ca);
    rig->cert_pem[0] = '\0';
    pki_pem(&id, rig->cert_pem, sizeof rig->cert_pem);
    pki_free(&id);
    rig->config.cert_pem = lp_tls_pem(rig->cert_pem);
    rig->config.key_id = key_id;
}

lp_err_t rig_connect(rig_t *rig)
{
    if (rig->peer.loop == NULL) {
        peer_open(&rig->peer, rig->loop, &rig->peer_config);
    }
    rig->opened = 0;
    rig->closed = 0;
    rig->why = LP_OK;
    rig->got_len = 0;
    return lp_tls_open(&rig->tls, &rig->peer.stream, &rig->config, on_tls, rig);
}

void rig_turns(rig_t *rig, unsigned turns)
{
    for (unsigned i = 0; i < turns; i++) {
        lp_loop_turn(rig->loop, RIG_HEARTBEAT_MS);
    }
}

void rig_run(rig_t *rig)
{
    for (unsigned i = 0; i < TURNS_MAX && rig->opened == 0 && rig->closed == 0; i++) {
        lp_loop_turn(rig->loop, RIG_HEARTBEAT_MS);
    }
    assert_int_not_equal(rig->opened + rig->closed, 0); // hangs otherwise
}

bool rig_handshake(rig_t *rig)
{
    if (rig_connect(rig) != LP_OK) {
        return false;
    }
    rig_run(rig);
    return rig->opened == 1 && rig->closed == 0;
}

const lp_tls_report_t *rig_report(const rig_t *rig)
{
    return lp_tls_report(&rig->tls);
}

void rig_assert_clean(rig_t *rig)
{
    assert_true(held_bytes(rig) <= (rig_ticket_bytes > 0 ? rig_ticket_bytes + ARENA_ROUNDING : 0));
    assert_true(rig->closed <= 1);
    assert_true(rig->opened <= 1);
}

static bool contains(const uint8_t *where, size_t size, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i + len <= size; i++) {
        if (where[i] == bytes[0] && memcmp(where + i, bytes, len) == 0) {
            return true;
        }
    }
    return false;
}

bool rig_arena_contains(const uint8_t *bytes, size_t len)
{
    return contains(arena, sizeof arena, bytes, len) || contains(stack, sizeof stack, bytes, len);
}

bool rig_keeps_session(rig_t *rig)
{
    bool has_any = false;
    if (rig_ticket_bytes > 0) {
        return held_bytes(rig) > 0;
    }
    for (size_t i = LP_TLS_SESSION_BYTES; i < sizeof session; i++) {
        has_any = has_any || session[i] != 0;
    }
    return has_any;
}

const char *rig_quoted(const char *pem)
{
    static char text[2][8192];
    static unsigned turn;
    char *out = text[turn++ % 2];
    size_t n = 0;
    for (; *pem != '\0'; pem++) {
        n += (size_t)snprintf(out + n, sizeof text[0] - n, *pem == '\n' ? "\\n" : "%c", *pem);
    }
    return out;
}
