// SPDX-License-Identifier: Apache-2.0
// Handshakes that must work: versions, suites, server keys, where our keys are.
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fake/port.h"
#include "rig.h"

static rig_t rig;

static int setup(void **state)
{
    (void)state;
    rig_open(&rig);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    rig_assert_clean(&rig);
    rig_close(&rig);
    return 0;
}

static void must_connect(void)
{
    bool is_open = rig_handshake(&rig);
    if (!is_open) {
        print_message("closed with %s: %s\n", lp_err_name(rig.why), rig_report(&rig)->detail);
    }
    assert_true(is_open);
    rig_turns(&rig, 20); // the server has its say about our certificate, too
    assert_int_equal(rig.closed, 0);
    assert_int_equal(rig.peer.shake_result, 1);
}

static void tls13_key_and_ecdhe_in_chip_connects(void **state)
{
    (void)state;
    if (!rig_has_all) {
        RIG_SKIP("the small TLS has one version, one suite, one curve");
    }
    must_connect();
    const lp_tls_report_t *report = rig_report(&rig);
    assert_string_equal(report->version, "TLS 1.3");
    assert_string_equal(report->suite, "TLS_AES_128_GCM_SHA256");
    assert_string_equal(report->group, "P-256");
    assert_string_equal(report->key_source, "chip");
    assert_string_equal(report->ecdhe, "chip");
    assert_int_equal(rig.chip.count[LP_KEY_OP_SIGN], 1);
    assert_int_equal(rig.chip.count[LP_KEY_OP_ECDHE_GENERATE], 1);
    assert_int_equal(rig.chip.count[LP_KEY_OP_ECDHE_AGREE], 1);
    assert_int_equal(rig.chip.count[LP_KEY_OP_RANDOM], 1);
    assert_true(report->chip_ms >= 500);
    assert_true(report->handshake_ms >= report->chip_ms);
    assert_false(report->is_resumed);
}

static void tls12_key_and_ecdhe_in_chip_connects(void **state)
{
    (void)state;
    rig.config.max_version = LP_TLS_1_2;
    must_connect();
    const lp_tls_report_t *report = rig_report(&rig);
    assert_string_equal(report->version, "TLS 1.2");
    assert_string_equal(report->suite, "ECDHE-ECDSA-AES128-GCM-SHA256");
    assert_string_equal(report->ecdhe, "chip");
    assert_int_equal(rig.chip.count[LP_KEY_OP_ECDHE_AGREE], 1);
}

typedef struct {
    const char *name; // OpenSSL's
    int version;
    bool is_rsa;
} suite_t;

static const suite_t suites[] = {
    {"TLS_AES_128_GCM_SHA256", TLS1_3_VERSION, false},
    {"TLS_AES_256_GCM_SHA384", TLS1_3_VERSION, false},
    {"TLS_CHACHA20_POLY1305_SHA256", TLS1_3_VERSION, true},
    {"TLS_AES_128_GCM_SHA256", TLS1_3_VERSION, true},
    {"ECDHE-ECDSA-AES128-GCM-SHA256", TLS1_2_VERSION, false},
    {"ECDHE-ECDSA-AES256-GCM-SHA384", TLS1_2_VERSION, false},
    {"ECDHE-RSA-AES128-GCM-SHA256", TLS1_2_VERSION, true},
    {"ECDHE-RSA-AES256-GCM-SHA384", TLS1_2_VERSION, true},
};

static void use_suite(const suite_t *suite)
{
    bool is_13 = suite->version == TLS1_3_VERSION;
    rig.peer_config.max_version = suite->version;
    rig.peer_config.suites_13 = is_13 ? suite->name : NULL;
    rig.peer_config.suites_12 = is_13 ? NULL : suite->name;
    rig.peer_config.id = suite->is_rsa ? &rig_pki.rsa_server : &rig_pki.server;
    rig.config.trust_pem = lp_tls_pem(suite->is_rsa ? rig_pki.rsa_root_pem : rig_pki.root_pem);
}

static void every_suite_with_ecdsa_and_rsa_servers_connects(void **state)
{
    (void)state;
    if (!rig_has_all) {
        RIG_SKIP("the small TLS has one version, one suite, one curve");
    }
    for (size_t i = 0; i < sizeof suites / sizeof suites[0]; i++) {
        use_suite(&suites[i]);
        must_connect();
        assert_string_equal(rig_report(&rig)->suite, suites[i].name);
        assert_string_equal(rig_report(&rig)->ecdhe, "chip");
        rig_assert_clean(&rig);
        peer_close(&rig.peer);
    }
}

static void two_handshakes_use_different_ecdhe_keys(void **state)
{
    (void)state;
    uint8_t first_key[64];
    uint8_t first_secret[32];
    for (int version = LP_TLS_1_2; version <= (int)rig_newest; version++) {
        rig.config.max_version = (lp_tls_version_t)version;
        must_connect();
        memcpy(first_key, rig.chip.last_ephemeral, 64);
        memcpy(first_secret, rig.chip.last_secret, 32);
        rig_assert_clean(&rig);
        peer_close(&rig.peer);
        must_connect();
        assert_memory_not_equal(first_key, rig.chip.last_ephemeral, 64);
        assert_memory_not_equal(first_secret, rig.chip.last_secret, 32);
        rig_assert_clean(&rig);
        peer_close(&rig.peer);
    }
    assert_int_equal(rig.chip.count[LP_KEY_OP_PUBLIC], 1); // asked once for all of them
    assert_int_equal(rig.chip.count[LP_KEY_OP_RANDOM], rig_has_all ? 4 : 2);
    must_connect();
}

// With equal numbers from the port, what the chip's Random adds must still make the client's
// differ.
static void chip_random_is_mixed_in(void **state)
{
    (void)state;
    uint8_t first[32];
    rig.config.max_version = LP_TLS_1_2;
    must_connect();
    memcpy(first, rig.peer.client_hello + 11, sizeof first); // ClientHello.random
    rig_close(&rig);
    rig_open(&rig); // the fake port's entropy starts again from the same seed
    rig.config.max_version = LP_TLS_1_2;
    must_connect();
    assert_memory_not_equal(first, rig.peer.client_hello + 11, sizeof first);
}

static void loop_keeps_turning_while_the_chip_is_slow(void **state)
{
    (void)state;
    rig.chip.delay_ms = 2000;
    rig.beats = 0;
    must_connect();
    // Five operations (public, random, GenKey, ECDH, Sign) of 2 s each, and a beat every 10 ms.
    assert_true(rig_report(&rig)->chip_ms >= 10000);
    assert_true(rig.beats >= 1000);
}

static void make_file_key(void)
{
    for (size_t i = 0; i < sizeof rig.file_key; i++) {
        rig.file_key[i] = (uint8_t)(i + 1);
    }
    rig.has_file_key = true;
    rig_certify(&rig, "file:id");
}

static void key_in_flash_connects_without_a_chip(void **state)
{
    (void)state;
    make_file_key();
    assert_int_equal(lp_keystore_set_chip(&rig.keys, NULL), LP_OK);
    for (int version = LP_TLS_1_2; version <= (int)rig_newest; version++) {
        rig.config.max_version = (lp_tls_version_t)version;
        must_connect();
        assert_string_equal(rig_report(&rig)->key_source, "flash");
        assert_string_equal(rig_report(&rig)->ecdhe, "software");
        rig_assert_clean(&rig);
        peer_close(&rig.peer);
    }
    assert_int_equal(rig.chip.count[LP_KEY_OP_RANDOM], 0);
    must_connect();
}

static void key_in_flash_with_ecdhe_in_chip_connects(void **state)
{
    (void)state;
    make_file_key();
    rig.config.ecdhe = LP_TLS_ECDHE_CHIP;
    must_connect();
    assert_string_equal(rig_report(&rig)->key_source, "flash");
    assert_string_equal(rig_report(&rig)->ecdhe, "chip");
    assert_int_equal(rig.chip.count[LP_KEY_OP_SIGN], 0);
}

static void software_ecdhe_with_key_in_chip_connects(void **state)
{
    (void)state;
    rig.config.ecdhe = LP_TLS_ECDHE_SOFTWARE;
    must_connect();
    assert_string_equal(rig_report(&rig)->key_source, "chip");
    assert_string_equal(rig_report(&rig)->ecdhe, "software");
    assert_int_equal(rig.chip.count[LP_KEY_OP_ECDHE_GENERATE], 0);
}

static void server_with_another_group_falls_back_to_software_and_says_so(void **state)
{
    (void)state;
    if (!rig_has_all) {
        RIG_SKIP("the small TLS has one version, one suite, one curve");
    }
    for (int i = 0; i < 2; i++) {
        bool is_13 = i == 0; // there by HelloRetryRequest
        rig.peer_config.groups = is_13 ? "P-384" : "P-384:P-256";
        rig.peer_config.prefers_own = !is_13;
        rig.config.max_version = is_13 ? LP_TLS_1_3 : LP_TLS_1_2;
        must_connect();
        assert_string_equal(rig_report(&rig)->group, "P-384");
        assert_string_equal(rig_report(&rig)->ecdhe, "software");
        rig_assert_clean(&rig);
        peer_close(&rig.peer);
    }
    must_connect();
}

// TLS 1.2 servers prefer X25519; with the key in a chip it is not even offered.
static void server_that_prefers_x25519_still_gets_the_chip(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        rig.peer_config.groups = "X25519:P-256";
        rig.peer_config.prefers_own = true;
        rig.config.max_version = i == 0 ? LP_TLS_1_3 : LP_TLS_1_2;
        must_connect();
        assert_string_equal(rig_report(&rig)->group, "P-256");
        assert_string_equal(rig_report(&rig)->ecdhe, "chip");
        rig_assert_clean(&rig);
        peer_close(&rig.peer);
    }
    must_connect();
}

static void software_ecdhe_takes_x25519(void **state)
{
    (void)state;
    if (!rig_has_all) {
        RIG_SKIP("the small TLS has one version, one suite, one curve");
    }
    rig.config.ecdhe = LP_TLS_ECDHE_SOFTWARE;
    rig.peer_config.groups = "X25519";
    must_connect();
    assert_string_equal(rig_report(&rig)->group, "X25519");
}

static void chip_only_ecdhe_refuses_another_group(void **state)
{
    (void)state;
    rig.config.ecdhe = LP_TLS_ECDHE_CHIP;
    rig.peer_config.groups = "X25519";
    assert_false(rig_handshake(&rig));
    assert_int_equal(rig.why, LP_E_TLS_ALERT);
    assert_non_null(strstr(rig_report(&rig)->detail, "handshake_failure"));
}

static bool hello_contains(const char *text)
{
    size_t len = strlen(text);
    for (size_t i = 0; i + len <= rig.peer.client_hello_len; i++) {
        if (memcmp(rig.peer.client_hello + i, text, len) == 0) {
            return true;
        }
    }
    return false;
}

static void host_name_is_sent_as_sni(void **state)
{
    (void)state;
    must_connect();
    assert_true(hello_contains("localhost"));
}

static void ip_addresses_are_verified_and_not_sent_as_sni(void **state)
{
    (void)state;
    static const char *const addresses[] = {"127.0.0.1", "::1", "0:0:0:0:0:0:0:1"};
    for (size_t i = 0; i < 3; i++) {
        rig.config.host = addresses[i];
        must_connect();
        assert_false(hello_contains(addresses[i]));
        rig_assert_clean(&rig);
        peer_close(&rig.peer);
    }
    rig.config.host = "127.0.0.2";
    assert_false(rig_handshake(&rig));
    assert_int_equal(rig.why, LP_E_TLS_NAME);
}

static void alpn_is_negotiated(void **state)
{
    (void)state;
    rig.config.alpn = "x-amzn-mqtt-ca";
    rig.peer_config.alpn = "x-amzn-mqtt-ca";
    must_connect();
    assert_string_equal(rig_report(&rig)->alpn, "x-amzn-mqtt-ca");
}

static void alpn_of_another_server_is_refused_in_words(void **state)
{
    (void)state;
    rig.config.alpn = "x-amzn-mqtt-ca";
    rig.peer_config.alpn = "h2";
    assert_false(rig_handshake(&rig));
    assert_int_equal(rig.why, LP_E_TLS_ALERT);
    assert_non_null(strstr(rig_report(&rig)->detail, "no_application_protocol"));
}

static void one_byte_at_a_time_connects(void **state)
{
    (void)state;
    for (int version = LP_TLS_1_2; version <= (int)rig_newest; version++) {
        rig.config.max_version = (lp_tls_version_t)version;
        peer_open(&rig.peer, rig.loop, &rig.peer_config);
        rig.peer.chunk = 1;
        rig.peer.write_cap = 7;
        rig.peer.write_refusals = 50;
        must_connect();
        rig_assert_clean(&rig);
        peer_close(&rig.peer);
    }
    must_connect();
}

static void chain_with_an_intermediate_connects(void **state)
{
    (void)state;
    static const pki_spec_t ca = {.cn = "Test Issuing CA", .is_ca = true};
    static const pki_spec_t leaf = {.cn = "ignored", .san = "DNS:*.example.org"};
    pki_id_t middle = pki_issue(pki_key_ec(rig_has_all ? "P-384" : "P-256"), &ca, &rig_pki.root);
    pki_id_t server = pki_issue(pki_key_p256(), &leaf, &middle);
    rig.peer_config.id = &server;
    rig.peer_config.chain = &middle;
    rig.config.host = "broker.example.org";
    must_connect();
    pki_free(&server);
    pki_free(&middle);
}

// As the cloud's: the root is also there signed by an older root, which nobody here trusts.
static void chain_with_a_cross_signed_root_connects(void **state)
{
    (void)state;
    if (!rig_has_all) {
        RIG_SKIP("the small TLS has one version, one suite, one curve");
    }
    static const pki_spec_t old = {.cn = "Older Root", .is_ca = true};
    static const pki_spec_t root = {.cn = "Test RSA Root", .is_ca = true};
    static const pki_spec_t ca = {.cn = "Test Issuing CA", .is_ca = true};
    static const pki_spec_t leaf = {.cn = "x", .san = "DNS:localhost"};
    pki_id_t older = pki_issue(pki_key_rsa(2048), &old, NULL);
    EVP_PKEY_up_ref(rig_pki.rsa_root.key);
    pki_id_t cross = pki_issue(rig_pki.rsa_root.key, &root, &older);
    pki_id_t middle = pki_issue(pki_key_rsa(2048), &ca, &rig_pki.rsa_root);
    pki_id_t server = pki_issue(pki_key_rsa(2048), &leaf, &middle);
    rig.peer_config.id = &server;
    rig.peer_config.chain = &middle;
    rig.peer_config.chain2 = &cross;
    rig.config.trust_pem = lp_tls_pem(rig_pki.rsa_root_pem);
    for (int version = LP_TLS_1_2; version <= (int)rig_newest; version++) {
        rig.config.max_version = (lp_tls_version_t)version;
        must_connect();
        rig_assert_clean(&rig);
        peer_close(&rig.peer);
    }
    pki_free(&server);
    pki_free(&middle);
    pki_free(&cross);
    pki_free(&older);
}

// The same with ECDSA, where the older root's certificate is one that a small TLS cannot check.
static void cross_certificate_of_another_kind_is_passed_over(void **state)
{
    (void)state;
    static const pki_spec_t old = {.cn = "Older Root", .is_ca = true};
    static const pki_spec_t root = {.cn = "Test Root", .is_ca = true};
    static const pki_spec_t ca = {.cn = "Test Issuing CA", .is_ca = true};
    static const pki_spec_t leaf = {.cn = "x", .san = "DNS:localhost"};
    pki_id_t older = pki_issue(pki_key_rsa(2048), &old, NULL);
    EVP_PKEY_up_ref(rig_pki.root.key);
    pki_id_t cross = pki_issue(rig_pki.root.key, &root, &older);
    pki_id_t middle = pki_issue(pki_key_p256(), &ca, &rig_pki.root);
    pki_id_t server = pki_issue(pki_key_p256(), &leaf, &middle);
    rig.peer_config.id = &server;
    rig.peer_config.chain = &middle;
    rig.peer_config.chain2 = &cross;
    must_connect();
    pki_free(&server);
    pki_free(&middle);
    pki_free(&cross);
    pki_free(&older);
}

static void certificate_of_ours_signed_with_rsa_connects(void **state)
{
    (void)state;
    rig.issuer = &rig_pki.rsa_root;
    rig_certify(&rig, "atca:0");
    rig.peer_config.client_ca = &rig_pki.rsa_root;
    for (int version = LP_TLS_1_2; version <= (int)rig_newest; version++) {
        rig.config.max_version = (lp_tls_version_t)version;
        must_connect();
        rig_assert_clean(&rig);
        peer_close(&rig.peer);
    }
}

// What this board could not check itself, as RSA on a small one, is the server's business.
static void certificate_of_ours_signed_in_an_unknown_way_connects(void **state)
{
    (void)state;
    char pem[RIG_PEM_BYTES] = "";
    const pki_spec_t spec = {.cn = "lp-4f21c0", .digest = "SHA224"};
    uint8_t pub[64];
    pki_public(rig.chip.identity, pub);
    pki_id_t id = pki_issue(pki_from_public(pub), &spec, &rig_pki.device_ca);
    pki_pem(&id, pem, sizeof pem);
    pki_pem(&id, pem, sizeof pem); // a chain of such is sent whole
    pki_free(&id);
    rig.config.cert_pem = lp_tls_pem(pem);
    for (int version = LP_TLS_1_2; version <= (int)rig_newest; version++) {
        rig.config.max_version = (lp_tls_version_t)version;
        must_connect();
        rig_assert_clean(&rig);
        peer_close(&rig.peer);
    }
}

static void without_a_certificate_of_ours_connects_to_who_asks_for_none(void **state)
{
    (void)state;
    rig.config.cert_pem = (lp_tls_pem_t){0};
    rig.config.key_id = NULL;
    rig.peer_config.client_ca = NULL;
    must_connect();
    assert_string_equal(rig_report(&rig)->key_source, "none");
    assert_string_equal(rig_report(&rig)->ecdhe, "software");
    assert_int_equal(rig.chip.count[LP_KEY_OP_SIGN], 0);
}

static void dates_unchecked_connects_without_a_clock(void **state)
{
    (void)state;
    fake_clock_reset();
    lp_loop_turn(rig.loop, 0);
    rig.config.check_dates = false;
    must_connect();
}

static void memory_after_the_handshake_is_less_than_in_it(void **state)
{
    (void)state;
    lp_tls_memory_t memory;
    for (int version = LP_TLS_1_2; version <= (int)rig_newest; version++) {
        rig_close(&rig);
        rig_open(&rig); // the peak starts anew
        rig.config.max_version = (lp_tls_version_t)version;
        must_connect();
        lp_tls_memory(&memory);
        print_message("%s: arena %zu bytes at the peak, %zu after; stack %zu bytes\n",
                      rig_report(&rig)->version, memory.arena_peak, memory.arena_used,
                      memory.stack_peak);
        assert_true(memory.arena_used < memory.arena_peak);
        assert_true(memory.arena_peak < 40 * 1024);
        assert_true(memory.stack_peak > 1024 && memory.stack_peak < memory.stack_bytes);
    }
}

static void second_open_during_a_handshake_is_busy(void **state)
{
    (void)state;
    lp_tls_t other;
    peer_t other_peer;
    peer_open(&other_peer, rig.loop, &rig.peer_config);
    assert_int_equal(rig_connect(&rig), LP_OK);
    assert_int_equal(lp_tls_open(&other, &other_peer.stream, &rig.config, NULL, NULL), LP_E_BUSY);
    rig_run(&rig);
    assert_int_equal(rig.opened, 1);
    peer_close(&other_peer);
}

static void close_from_inside_the_open_callback_is_final(void **state)
{
    (void)state;
    rig.closes_on_open = true;
    assert_int_equal(rig_connect(&rig), LP_OK);
    rig_run(&rig);
    rig_turns(&rig, 20);
    assert_int_equal(rig.opened, 1);
    assert_int_equal(rig.closed, 0);
    assert_true(rig.peer.is_closed);
    uint8_t byte;
    size_t n;
    assert_int_equal(lp_stream_read(&rig.tls.stream, &byte, 1, &n), LP_E_CLOSED);
    assert_int_equal(lp_stream_write(&rig.tls.stream, lp_span("x", 1), &n), LP_E_CLOSED);
}

static void reading_and_writing_before_open_says_again(void **state)
{
    (void)state;
    uint8_t byte;
    size_t n;
    assert_int_equal(rig_connect(&rig), LP_OK);
    assert_int_equal(lp_stream_read(&rig.tls.stream, &byte, 1, &n), LP_E_AGAIN);
    assert_int_equal(lp_stream_write(&rig.tls.stream, lp_span("x", 1), &n), LP_E_AGAIN);
    rig_run(&rig);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(tls13_key_and_ecdhe_in_chip_connects),
        T(tls12_key_and_ecdhe_in_chip_connects),
        T(every_suite_with_ecdsa_and_rsa_servers_connects),
        T(two_handshakes_use_different_ecdhe_keys),
        T(chip_random_is_mixed_in),
        T(loop_keeps_turning_while_the_chip_is_slow),
        T(key_in_flash_connects_without_a_chip),
        T(key_in_flash_with_ecdhe_in_chip_connects),
        T(software_ecdhe_with_key_in_chip_connects),
        T(server_with_another_group_falls_back_to_software_and_says_so),
        T(server_that_prefers_x25519_still_gets_the_chip),
        T(software_ecdhe_takes_x25519),
        T(chip_only_ecdhe_refuses_another_group),
        T(host_name_is_sent_as_sni),
        T(ip_addresses_are_verified_and_not_sent_as_sni),
        T(alpn_is_negotiated),
        T(alpn_of_another_server_is_refused_in_words),
        T(one_byte_at_a_time_connects),
        T(chain_with_an_intermediate_connects),
        T(chain_with_a_cross_signed_root_connects),
        T(cross_certificate_of_another_kind_is_passed_over),
        T(certificate_of_ours_signed_with_rsa_connects),
        T(certificate_of_ours_signed_in_an_unknown_way_connects),
        T(without_a_certificate_of_ours_connects_to_who_asks_for_none),
        T(dates_unchecked_connects_without_a_clock),
        T(memory_after_the_handshake_is_less_than_in_it),
        T(second_open_during_a_handshake_is_busy),
        T(close_from_inside_the_open_callback_is_final),
        T(reading_and_writing_before_open_says_again),
    };
    return cmocka_run_group_tests_name("tls handshake", tests, rig_pki_make, rig_pki_drop);
}
