// SPDX-License-Identifier: Apache-2.0
// What TLS must do on every core, with any server: connect, carry data, and refuse. Here the server
// is OpenSSL's, on the emulated cores (test/bare) an mbedTLS of its own.
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fake/port.h"
#include "rig.h"

static rig_t rig;
static int version; // of the test that runs
static bool is_in_flash;

static void begin(void)
{
    rig_open(&rig);
    rig.config.max_version = (lp_tls_version_t)version;
    rig.peer_config.has_no_tickets = true;
    if (is_in_flash) {
        memset(rig.file_key, 0x5a, sizeof rig.file_key);
        rig.has_file_key = true;
        rig_certify(&rig, "file:id");
        assert_int_equal(lp_keystore_set_chip(&rig.keys, NULL), LP_OK);
    }
}

static void end(void)
{
    rig_assert_clean(&rig);
    rig_close(&rig);
}

static void must_connect(void)
{
    const bool is_open = rig_handshake(&rig);
    if (!is_open) {
        print_message("closed with %s: %s\n", lp_err_name(rig.why), rig_report(&rig)->detail);
    }
    assert_true(is_open);
    rig_turns(&rig, 20);
    assert_int_equal(rig.closed, 0);
    assert_int_equal(rig.peer.shake_result, 1);
    const lp_tls_report_t *report = rig_report(&rig);
    assert_string_equal(report->version, version == LP_TLS_1_3 ? "TLS 1.3" : "TLS 1.2");
    assert_string_equal(report->key_source, is_in_flash ? "flash" : "chip");
    assert_string_equal(report->ecdhe, is_in_flash ? "software" : "chip");
}

static void data_goes_both_ways(void)
{
    static uint8_t sent[3000];
    size_t n = 0;
    for (size_t i = 0; i < sizeof sent; i++) {
        sent[i] = (uint8_t)(i * 7 + i / 256);
    }
    assert_int_equal(lp_stream_write(&rig.tls.stream, (lp_span_t){sent, sizeof sent}, &n), LP_OK);
    assert_true(n > 0);
    rig_turns(&rig, 20);
    assert_int_equal(rig.peer.got_len, n);
    assert_memory_equal(rig.peer.got, sent, n);
    peer_send(&rig.peer, sent, sizeof sent);
    rig_turns(&rig, 20);
    assert_int_equal(rig.got_len, sizeof sent);
    assert_memory_equal(rig.got, sent, sizeof sent);
}

static void connects_and_carries_data(void)
{
    begin();
    must_connect();
    data_goes_both_ways();
    end();
}

static void each_version(void (*test)(void))
{
    for (version = LP_TLS_1_2; version <= (int)rig_newest; version++) {
        test();
    }
}

static void key_in_chip_connects_and_carries_data(void **state)
{
    (void)state;
    is_in_flash = false;
    each_version(connects_and_carries_data);
}

static void key_in_flash_connects_and_carries_data(void **state)
{
    (void)state;
    if (rig_is_chip_only) {
        RIG_SKIP("without curves in software a key in flash has no use");
    }
    is_in_flash = true;
    each_version(connects_and_carries_data);
    is_in_flash = false;
}

// The server's certificate is not one for us.
static void refuses(const pki_spec_t *spec, const pki_id_t *issuer, lp_err_t why)
{
    begin();
    pki_id_t server = pki_issue(pki_key_p256(), spec, issuer);
    rig.peer_config.id = &server;
    assert_false(rig_handshake(&rig));
    assert_int_equal(rig.opened, 0);
    assert_int_equal(rig.closed, 1);
    assert_int_equal(rig.why, why);
    assert_int_equal(rig.chip.count[LP_KEY_OP_SIGN], 0); // nothing is signed for a stranger
    end();
    pki_free(&server);
}

static void strangers_are_refused(void)
{
    static const pki_spec_t ca = {.cn = "Test Root", .is_ca = true}; // the same name
    static const pki_spec_t good = {.cn = "localhost", .san = "DNS:localhost", .eku = "serverAuth"};
    static const pki_spec_t other = {.cn = "x", .san = "DNS:elsewhere", .eku = "serverAuth"};
    static const pki_spec_t expired = {.cn = "localhost",
                                       .san = "DNS:localhost",
                                       .eku = "serverAuth",
                                       .from_day = -20,
                                       .to_day = -10};
    static const pki_spec_t early = {.cn = "localhost",
                                     .san = "DNS:localhost",
                                     .eku = "serverAuth",
                                     .from_day = 10,
                                     .to_day = 20};
    pki_id_t forger = pki_issue(pki_key_p256(), &ca, NULL);
    refuses(&good, &forger, LP_E_TLS_CERT);
    pki_free(&forger);
    refuses(&other, &rig_pki.root, LP_E_TLS_NAME);
    refuses(&expired, &rig_pki.root, LP_E_TLS_EXPIRED);
    refuses(&early, &rig_pki.root, LP_E_TLS_EXPIRED);
}

static void wrong_authority_name_and_dates_are_refused(void **state)
{
    (void)state;
    each_version(strangers_are_refused);
}

// Every so many bytes of what the server says in a handshake, one bit is another, from the first
// message of the first record on.
static void flips_are_noticed(void)
{
    enum { FIRST = 12, STEP = 79 };
    begin();
    must_connect();
    const size_t all = rig.peer.to_client;
    end();
    for (size_t at = FIRST; at < all; at += STEP) {
        begin();
        assert_int_equal(rig_connect(&rig), LP_OK);
        rig.peer.flip_at = at;
        rig_run(&rig);
        assert_int_equal(rig.opened, 0);
        assert_int_equal(rig.closed, 1);
        end();
    }
}

static void flipped_bits_are_refused(void **state)
{
    (void)state;
    each_version(flips_are_noticed);
}

static void server_that_does_not_know_us_is_told(void)
{
    begin();
    rig.peer_config.client_ca = &rig_pki.root; // which has not signed for us
    (void)rig_handshake(&rig);
    rig_turns(&rig, 50);
    assert_int_equal(rig.closed, 1);
    assert_int_not_equal(rig.peer.shake_result, 1);
    end();
}

static void server_refuses_a_stranger(void **state)
{
    (void)state;
    each_version(server_that_does_not_know_us_is_told);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(key_in_chip_connects_and_carries_data),
        cmocka_unit_test(key_in_flash_connects_and_carries_data),
        cmocka_unit_test(wrong_authority_name_and_dates_are_refused),
        cmocka_unit_test(flipped_bits_are_refused),
        cmocka_unit_test(server_refuses_a_stranger),
    };
    return cmocka_run_group_tests_name("tls_core", tests, rig_pki_make, rig_pki_drop);
}
