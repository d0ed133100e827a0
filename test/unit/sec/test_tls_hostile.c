// SPDX-License-Identifier: Apache-2.0
// Servers that must be refused, configurations that cannot work, and what is said about them.
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

static void must_fail(lp_err_t err, const char *words)
{
    bool is_open = rig_handshake(&rig);
    if (is_open) { // in TLS 1.3 a server judges our certificate after we are done
        rig_turns(&rig, 50);
    }
    const lp_tls_report_t *report = rig_report(&rig);
    if (rig.why != err || strstr(report->detail, words) == NULL) {
        print_message("closed with %s: %s\n", lp_err_name(rig.why), report->detail);
    }
    assert_int_equal(rig.closed, 1);
    assert_int_equal(rig.why, err);
    assert_int_equal(report->err, err);
    assert_non_null(strstr(report->detail, words));
    rig_assert_clean(&rig);
}

static void must_not_start(lp_err_t err, const char *words)
{
    lp_err_t got = rig_connect(&rig);
    const lp_tls_report_t *report = rig_report(&rig);
    if (got != err || strstr(report->detail, words) == NULL) {
        print_message("%s: %s\n", lp_err_name(got), report->detail);
    }
    assert_int_equal(got, err);
    assert_int_equal(report->err, err);
    assert_non_null(strstr(report->detail, words));
    rig_turns(&rig, 20);
    assert_int_equal(rig.opened + rig.closed, 0);
    assert_int_equal(rig.peer.to_server, 0);
    assert_false(rig.peer.is_closed);
    rig_assert_clean(&rig);
}

// A server with this certificate, in both versions.
static void refuse_server(pki_id_t server, const pki_id_t *chain, lp_err_t err, const char *words)
{
    rig.peer_config.id = &server;
    rig.peer_config.chain = chain;
    rig.peer_config.is_weak = true;
    for (int version = LP_TLS_1_2; version <= (int)rig_newest; version++) {
        rig.config.max_version = (lp_tls_version_t)version;
        must_fail(err, words);
        assert_int_equal(rig.opened, 0);
        peer_close(&rig.peer);
    }
    rig.peer_config.id = &rig_pki.server;
    rig.peer_config.chain = NULL;
    pki_free(&server);
}

static pki_id_t issue(const char *cn, const char *san, int from_day, int to_day)
{
    const pki_spec_t spec = {.cn = cn, .san = san, .from_day = from_day, .to_day = to_day};
    return pki_issue(pki_key_p256(), &spec, &rig_pki.root);
}

static void wrong_name_is_refused(void **state)
{
    (void)state;
    refuse_server(issue("evil", "DNS:evil.example.com", 0, 0), NULL, LP_E_TLS_NAME,
                  "is for \"evil.example.com\", not for \"localhost\"");
    // With a SAN the common name does not count.
    refuse_server(issue("localhost", "DNS:evil.example.com", 0, 0), NULL, LP_E_TLS_NAME, "evil");
    // A name in a SAN is not an address, and the other way round.
    refuse_server(issue("x", "IP:127.0.0.1", 0, 0), NULL, LP_E_TLS_NAME, "not for \"localhost\"");
    rig.config.host = "127.0.0.1";
    refuse_server(issue("x", "DNS:127.0.0.1", 0, 0), NULL, LP_E_TLS_NAME, "not for \"127.0.0.1\"");
    refuse_server(issue("127.0.0.1", NULL, 0, 0), NULL, LP_E_TLS_NAME, "not for \"127.0.0.1\"");
    rig.config.host = "a.b.example.org";
    refuse_server(issue("x", "DNS:*.example.org", 0, 0), NULL, LP_E_TLS_NAME, "not for");
    rig.config.host = "localhost";
}

static void dates_are_checked(void **state)
{
    (void)state;
    refuse_server(issue("old", "DNS:localhost", -30, -1), NULL, LP_E_TLS_EXPIRED,
                  "\"old\" expired on 2025-12-31");
    refuse_server(issue("new", "DNS:localhost", 2, 30), NULL, LP_E_TLS_EXPIRED,
                  "\"new\" is not valid before 2026-01-03");
    const pki_spec_t spec = {.cn = "Old Issuer", .is_ca = true, .from_day = -30, .to_day = -1};
    const pki_spec_t leaf = {.cn = "localhost", .san = "DNS:localhost"};
    pki_id_t middle = pki_issue(pki_key_p256(), &spec, &rig_pki.root);
    refuse_server(pki_issue(pki_key_p256(), &leaf, &middle), &middle, LP_E_TLS_EXPIRED,
                  "authority's certificate \"Old Issuer\" expired");
    pki_free(&middle);
}

static void dates_unchecked_accepts_old_ones_but_nothing_else(void **state)
{
    (void)state;
    pki_id_t old = issue("old", "DNS:localhost", -30, -1);
    rig.config.check_dates = false;
    rig.peer_config.id = &old;
    assert_true(rig_handshake(&rig));
    rig_assert_clean(&rig);
    peer_close(&rig.peer);
    rig.config.host = "other";
    must_fail(LP_E_TLS_NAME, "other");
    pki_free(&old);
}

static void untrusted_servers_are_refused(void **state)
{
    (void)state;
    const pki_spec_t self = {.cn = "localhost", .san = "DNS:localhost"};
    refuse_server(pki_issue(pki_key_p256(), &self, NULL), NULL, LP_E_TLS_CERT, "self-signed");
    refuse_server(pki_issue(pki_key_p256(), &self, &rig_pki.device_ca), NULL, LP_E_TLS_CERT,
                  "leads to \"Test Device CA\", which is not one of the trust anchors");
    // An authority of the same name with another key.
    const pki_spec_t fake = {.cn = "Test Root", .is_ca = true};
    pki_id_t impostor = pki_issue(pki_key_p256(), &fake, NULL);
    refuse_server(pki_issue(pki_key_p256(), &self, &impostor), &impostor, LP_E_TLS_CERT,
                  "Test Root");
    pki_free(&impostor);
    // An honest server's certificate is no authority.
    refuse_server(pki_issue(pki_key_p256(), &self, &rig_pki.server), &rig_pki.server, LP_E_TLS_CERT,
                  "");
}

// The gravest reason is told, and nothing an attacker writes into a certificate reaches a log as it
// is.
static void several_faults_tell_the_gravest_in_plain_characters(void **state)
{
    (void)state;
    const pki_spec_t spec = {.cn = "x\n\x1b[31mERROR fake log line \"\\ and a name that is longer",
                             .san = "DNS:evil\n.example",
                             .from_day = -9,
                             .to_day = -1};
    refuse_server(pki_issue(pki_key_p256(), &spec, NULL), NULL, LP_E_TLS_CERT,
                  "\"x??[31mERROR fake log line ?? and a name");
    for (const char *p = rig_report(&rig)->detail; *p != '\0'; p++) {
        assert_in_range(*p, 0x20, 0x7e);
    }
}

static void weak_certificates_are_refused(void **state)
{
    (void)state;
    const pki_spec_t sha1 = {.cn = "sha1", .san = "DNS:localhost", .digest = "SHA1"};
    refuse_server(pki_issue(pki_key_p256(), &sha1, &rig_pki.root), NULL, LP_E_TLS_CERT,
                  "too weak or unknown");
    const pki_spec_t client = {.cn = "client", .san = "DNS:localhost", .eku = "clientAuth"};
    refuse_server(pki_issue(pki_key_p256(), &client, &rig_pki.root), NULL, LP_E_TLS_CERT,
                  "not meant for a TLS server");
    if (!rig_has_all) {
        return; // it offers nothing that such a server could take
    }
    const pki_spec_t small = {.cn = "small", .san = "DNS:localhost"};
    refuse_server(pki_issue(pki_key_rsa(1024), &small, &rig_pki.root), NULL, LP_E_TLS_CERT,
                  "key of a kind or size");
}

static void unknown_curve_of_the_server_is_refused(void **state)
{
    (void)state;
    const pki_spec_t spec = {.cn = "p521", .san = "DNS:localhost"};
    pki_id_t server = pki_issue(pki_key_ec("P-521"), &spec, &rig_pki.root);
    rig.peer_config.id = &server;
    for (int version = LP_TLS_1_2; version <= (int)rig_newest; version++) {
        rig.config.max_version = (lp_tls_version_t)version;
        must_fail(LP_E_TLS_ALERT, "handshake_failure"); // it has nothing that we offer
        peer_close(&rig.peer);
    }
    pki_free(&server);
}

typedef struct {
    const char *suites;
    int version;
    bool is_rsa;
    const char *answer;
} weak_t;

static void weak_suites_and_versions_are_refused(void **state)
{
    (void)state;
    static const weak_t weak[] = {
        {"ECDHE-ECDSA-AES128-SHA", TLS1_2_VERSION, false, "handshake_failure"},
        {"ECDHE-ECDSA-AES128-SHA256", TLS1_2_VERSION, false, "handshake_failure"},
        {"ECDHE-ECDSA-AES128-CCM", TLS1_2_VERSION, false, "handshake_failure"},
        {"AES128-GCM-SHA256", TLS1_2_VERSION, true, "handshake_failure"},
        {"DHE-RSA-AES128-GCM-SHA256", TLS1_2_VERSION, true, "handshake_failure"},
        {"ECDHE-ECDSA-NULL-SHA", TLS1_2_VERSION, false, "handshake_failure"},
        {"ALL:@SECLEVEL=0", TLS1_1_VERSION, false, "protocol_version"},
        {"ALL:@SECLEVEL=0", TLS1_VERSION, false, "protocol_version"},
    };
    for (size_t i = 0; i < sizeof weak / sizeof weak[0]; i++) {
        rig.peer_config.is_weak = true;
        rig.peer_config.min_version = TLS1_VERSION;
        rig.peer_config.max_version = weak[i].version;
        rig.peer_config.suites_12 = weak[i].suites;
        rig.peer_config.id = weak[i].is_rsa ? &rig_pki.rsa_server : &rig_pki.server;
        // Who offers one suite, of 1.2, has none for older versions.
        must_fail(LP_E_TLS_ALERT, rig_has_all ? weak[i].answer : "handshake_failure");
        peer_close(&rig.peer);
    }
}

static void tls13_limit_of_ours_is_kept(void **state)
{
    (void)state;
    rig.config.max_version = LP_TLS_1_2;
    rig.peer_config.min_version = TLS1_3_VERSION;
    must_fail(LP_E_TLS_ALERT, "protocol_version");
}

static void certificate_of_ours_that_the_server_refuses_is_told(void **state)
{
    (void)state;
    rig.peer_config.client_ca = &rig_pki.rsa_root; // knows others than us
    for (int version = LP_TLS_1_2; version <= (int)rig_newest; version++) {
        rig.config.max_version = (lp_tls_version_t)version;
        must_fail(LP_E_TLS_ALERT, "unknown_ca");
        assert_int_equal(rig.opened,
                         rig_has_all &&
                             version == LP_TLS_1_3); // there it is told after the handshake
        peer_close(&rig.peer);
    }
    rig.config.cert_pem = (lp_tls_pem_t){0};
    must_fail(LP_E_TLS_ALERT, rig_has_all ? "certificate_required" : "handshake_failure");
}

static void key_that_is_not_the_certificates_is_found_before_a_byte_is_sent(void **state)
{
    (void)state;
    EVP_PKEY_free(rig.chip.identity);
    rig.chip.identity = pki_key_p256(); // another chip on the board
    must_fail(LP_E_TLS_KEY, "the key in the chip is not the one");
    assert_int_equal(rig.peer.to_server, 0);
}

static void swapped_chip_is_noticed_after_set_chip(void **state)
{
    (void)state;
    assert_true(rig_handshake(&rig));
    rig_assert_clean(&rig);
    peer_close(&rig.peer);
    EVP_PKEY_free(rig.chip.identity);
    rig.chip.identity = pki_key_p256();
    assert_int_equal(lp_keystore_set_chip(&rig.keys, &rig.chip.prov), LP_OK);
    must_fail(LP_E_TLS_KEY, "is not the one");
}

static void script(const void *bytes, size_t len, lp_err_t err, const char *words)
{
    for (int version = LP_TLS_1_2; version <= (int)rig_newest; version++) {
        rig.config.max_version = (lp_tls_version_t)version;
        peer_open_script(&rig.peer, rig.loop, bytes, len);
        must_fail(err, words);
        peer_close(&rig.peer);
    }
}

static void what_is_not_tls_is_refused(void **state)
{
    (void)state;
    static const char http[] = "HTTP/1.1 400 Bad Request\r\n\r\n<html>";
    static const uint8_t oversized[] = {22, 3, 3, 0xff, 0xff, 2, 0, 0, 0};
    static const uint8_t too_long[] = {22, 3, 3, 0x48, 0x01, 2, 0, 0, 0};
    static const uint8_t ssl3[] = {22, 3, 0, 0, 4, 2, 0, 0, 0};
    static const uint8_t early_data[] = {23, 3, 3, 0, 4, 'd', 'a', 't', 'a'};
    static const uint8_t empty_record[] = {22, 3, 3, 0, 0, 22, 3, 3, 0, 0};
    static const uint8_t odd_alert[] = {21, 3, 3, 0, 3, 2, 40, 0};
    uint8_t zeros[600] = {0};
    script(http, sizeof http - 1, LP_E_TLS_PROTOCOL, "what came is not TLS");
    script(oversized, sizeof oversized, LP_E_TLS_PROTOCOL, "not TLS, or its records are too long");
    script(too_long, sizeof too_long, LP_E_TLS_PROTOCOL, "too long");
    script(ssl3, sizeof ssl3, LP_E_TLS_PROTOCOL, "");
    script(early_data, sizeof early_data, LP_E_TLS_PROTOCOL, "");
    script(empty_record, sizeof empty_record, LP_E_TLS_PROTOCOL, "");
    script(odd_alert, sizeof odd_alert, LP_E_TLS_PROTOCOL, "");
    script(zeros, sizeof zeros, LP_E_TLS_PROTOCOL, "not TLS");
}

// A ServerHello that claims 16 MB in records of 16 KB: given up when it no longer fits, not
// collected.
static void message_without_end_is_refused(void **state)
{
    (void)state;
    enum { RECORD = 16384, RECORDS = 4 };
    static uint8_t bytes[RECORDS * (5 + RECORD)];
    for (size_t i = 0; i < RECORDS; i++) {
        static const uint8_t header[5] = {22, 3, 3, RECORD >> 8, 0};
        memcpy(bytes + i * (5 + RECORD), header, sizeof header);
    }
    static const uint8_t hello[4] = {2, 0xff, 0xff, 0xff};
    memcpy(bytes + 5, hello, sizeof hello);
    script(bytes, sizeof bytes, LP_E_TLS_PROTOCOL, "");
}

static void every_alert_is_told_in_words(void **state)
{
    (void)state;
    uint8_t alert[] = {21, 3, 3, 0, 2, 2, 42};
    script(alert, sizeof alert, LP_E_TLS_ALERT, "the server answered: bad_certificate");
    alert[6] = 112;
    script(alert, sizeof alert, LP_E_TLS_ALERT, "unrecognized_name");
    alert[6] = 251;
    script(alert, sizeof alert, LP_E_TLS_ALERT, "the server answered: alert 251");
}

static void warnings_without_end_do_not_hang(void **state)
{
    (void)state;
    uint8_t warnings[7 * 200];
    static const uint8_t warning[7] = {21, 3, 3, 0, 2, 1, 90};
    for (size_t i = 0; i < sizeof warnings; i += 7) {
        memcpy(warnings + i, warning, 7);
    }
    peer_open_script(&rig.peer, rig.loop, warnings, sizeof warnings);
    assert_false(rig_handshake(&rig));
    assert_int_equal(rig.closed, 1);
}

static void silent_server_times_out(void **state)
{
    (void)state;
    rig.config.handshake_timeout_ms = 5000;
    peer_open_script(&rig.peer, rig.loop, "", 0);
    must_fail(LP_E_TIMEOUT, "not finished in time, waiting for the server");
}

static void server_that_hangs_up_is_told_from_one_that_refuses(void **state)
{
    (void)state;
    peer_open_script(&rig.peer, rig.loop, "", 0);
    rig.peer.end_why = LP_E_NET_RESET;
    must_fail(LP_E_NET_RESET, "connection reset");
    peer_close(&rig.peer);
    peer_open_script(&rig.peer, rig.loop, "", 0);
    rig.peer.end_why = LP_E_CLOSED;
    must_fail(LP_E_CLOSED, "ended before TLS did");
}

static void unknown_time_is_told(void **state)
{
    (void)state;
    fake_clock_reset();
    must_not_start(LP_E_CLOCK, "does not know the time");
}

static void certificate_of_ours_outside_its_dates_is_told(void **state)
{
    (void)state;
    char pem[RIG_PEM_BYTES] = "";
    const pki_spec_t spec = {.cn = "lp", .from_day = -30, .to_day = -1};
    uint8_t pub[64];
    pki_public(rig.chip.identity, pub);
    pki_id_t id = pki_issue(pki_from_public(pub), &spec, &rig_pki.device_ca);
    pki_pem(&id, pem, sizeof pem);
    pki_free(&id);
    rig.config.cert_pem = lp_tls_pem(pem);
    must_not_start(LP_E_TLS_EXPIRED, "this board's own certificate expired on 2025-12-31");
    fake_clock_set_utc_s(PKI_NOW_S - 31 * PKI_DAY_S);
    must_not_start(LP_E_TLS_EXPIRED, "is not valid before 2025-12-02");
}

static void trust_that_cannot_be_read_is_told(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "no certificate at all",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        rig.config.trust_pem = lp_tls_pem(bad[i]);
        must_not_start(LP_E_FORMAT, "trust anchors are not certificates");
    }
    // One damaged among good ones is not passed over in silence.
    char pem[2 * RIG_PEM_BYTES];
    snprintf(pem, sizeof pem, "%s%s", rig_pki.root_pem, bad[1]);
    rig.config.trust_pem = lp_tls_pem(pem);
    must_not_start(LP_E_FORMAT, "trust anchors");
    rig.config.trust_pem = (lp_tls_pem_t){0};
    must_not_start(LP_E_TLS_CERT, "no trust anchor");
}

static void trust_of_unsupported_kinds_is_passed_over_if_another_is_left(void **state)
{
    (void)state;
    char pem[3 * RIG_PEM_BYTES] = "";
    const pki_spec_t ca = {.cn = "Odd Root", .is_ca = true};
    pki_id_t odd = pki_issue(pki_key_ec("P-521"), &ca, NULL);
    pki_pem(&odd, pem, sizeof pem);
    rig.config.trust_pem = lp_tls_pem(pem);
    must_not_start(LP_E_FORMAT, "kinds that are not supported");
    pki_pem(&rig_pki.rsa_root, pem, sizeof pem);
    pki_pem(&rig_pki.root, pem, sizeof pem);
    rig.config.trust_pem = lp_tls_pem(pem);
    assert_true(rig_handshake(&rig));
    pki_free(&odd);
}

static void configuration_that_cannot_work_is_told(void **state)
{
    (void)state;
    lp_tls_config_t good = rig.config;
    char longest[LP_TLS_HOST_MAX + 1];
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    rig.config.host = NULL;
    must_not_start(LP_E_INVALID, "server's name");
    rig.config.host = longest;
    must_not_start(LP_E_INVALID, "server's name");
    rig.config.host = "";
    must_not_start(LP_E_INVALID, "server's name");
    rig.config.host = "a b";
    must_not_start(LP_E_INVALID, "visible");
    rig.config.host = "local\nhost";
    must_not_start(LP_E_INVALID, "visible");
    rig.config = good;
    rig.config.alpn = longest;
    must_not_start(LP_E_INVALID, "ALPN");
    rig.config = good;
    rig.config.max_version = (lp_tls_version_t)0x0302;
    must_not_start(LP_E_INVALID, "version");
    rig.config = good;
    rig.config.key_id = NULL;
    must_not_start(LP_E_TLS_CERT, "no key");
    rig.config.key_id = "atca:16";
    must_not_start(LP_E_FORMAT, "atca:0");
    rig.config = good;
    rig.config.cert_pem = lp_tls_pem("nonsense");
    must_not_start(LP_E_FORMAT, "own certificate");
    rig.config.cert_pem = lp_tls_pem(rig_pki.rsa_root_pem); // not a P-256 key
    must_not_start(LP_E_FORMAT, "P-256");
    rig.config = good;
    assert_int_equal(lp_keystore_set_chip(&rig.keys, NULL), LP_OK);
    must_not_start(LP_E_CHIP_MISSING, "this board has none");
    rig.config.cert_pem = (lp_tls_pem_t){0};
    rig.config.ecdhe = LP_TLS_ECDHE_CHIP;
    must_not_start(LP_E_UNSUPPORTED, "no chip");
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(wrong_name_is_refused),
        T(dates_are_checked),
        T(dates_unchecked_accepts_old_ones_but_nothing_else),
        T(untrusted_servers_are_refused),
        T(several_faults_tell_the_gravest_in_plain_characters),
        T(weak_certificates_are_refused),
        T(unknown_curve_of_the_server_is_refused),
        T(weak_suites_and_versions_are_refused),
        T(tls13_limit_of_ours_is_kept),
        T(certificate_of_ours_that_the_server_refuses_is_told),
        T(key_that_is_not_the_certificates_is_found_before_a_byte_is_sent),
        T(swapped_chip_is_noticed_after_set_chip),
        T(what_is_not_tls_is_refused),
        T(message_without_end_is_refused),
        T(every_alert_is_told_in_words),
        T(warnings_without_end_do_not_hang),
        T(silent_server_times_out),
        T(server_that_hangs_up_is_told_from_one_that_refuses),
        T(unknown_time_is_told),
        T(certificate_of_ours_outside_its_dates_is_told),
        T(trust_that_cannot_be_read_is_told),
        T(trust_of_unsupported_kinds_is_passed_over_if_another_is_left),
        T(configuration_that_cannot_work_is_told),
    };
    return cmocka_run_group_tests_name("tls hostile", tests, rig_pki_make, rig_pki_drop);
}
