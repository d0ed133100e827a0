// SPDX-License-Identifier: Apache-2.0
// Sessions that go on where an earlier connection ended, and all that must keep them from it.
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fake/port.h"
#include "rig.h"

static rig_t rig;

static const char keys[80] = "a broker's key for tickets, the same as long as it runs";
static const char other_keys[80] = "the key of a broker that has been restarted";

enum { MS_OF_HOUR = 3600 * 1000 };

static int setup(void **state)
{
    (void)state;
    rig_open(&rig);
    rig.config.resume = LP_TLS_RESUME_ALWAYS;
    rig.peer_config.ticket_keys = keys;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    rig_assert_clean(&rig);
    rig_close(&rig);
    rig_arena_bytes = 128 * 1024;
    rig_session_bytes = 4096;
    return 0;
}

static bool connects(void)
{
    if (rig.tls.stream.ops != NULL) {
        rig_assert_clean(&rig);
    }
    if (rig.peer.loop != NULL) {
        peer_close(&rig.peer);
    }
    memset(rig.chip.count, 0, sizeof rig.chip.count);
    bool is_open = rig_handshake(&rig);
    if (is_open) {
        rig_turns(&rig, 30); // tickets of TLS 1.3 come now
        is_open = rig.closed == 0 && rig.peer.shake_result == 1;
    }
    if (!is_open) {
        print_message("closed with %s: %s\n", lp_err_name(rig.why), rig_report(&rig)->detail);
    }
    return is_open;
}

// Both ends agree on whether it was resumed.
static void must_connect(bool is_resumed)
{
    assert_true(connects());
    assert_int_equal(rig_report(&rig)->is_resumed, is_resumed);
    assert_int_equal(SSL_session_reused(rig.peer.ssl), is_resumed);
    peer_send(&rig.peer, "hello", 5);
    rig_turns(&rig, 20);
    assert_int_equal(rig.got_len, 5);
    assert_memory_equal(rig.got, "hello", 5);
}

static unsigned chip_commands(void)
{
    unsigned sum = 0;
    for (size_t i = 0; i < FAKECHIP_KINDS; i++) {
        sum += rig.chip.count[i];
    }
    return sum;
}

static void speak(lp_tls_version_t version)
{
    rig.config.max_version = version;
}

static void for_both_versions(void (*test)(void))
{
    for (int version = LP_TLS_1_2; version <= LP_TLS_1_3; version++) {
        lp_tls_forget();
        speak((lp_tls_version_t)version);
        test();
    }
}

// -- what works

static void tls12_resumes_without_a_chip_command(void **state)
{
    (void)state;
    speak(LP_TLS_1_2);
    must_connect(false);
    assert_true(chip_commands() > 0);
    for (int i = 0; i < 3; i++) {
        must_connect(true);
        assert_int_equal(chip_commands(), 0);
        assert_string_equal(rig_report(&rig)->version, "TLS 1.2");
        assert_int_equal(rig_report(&rig)->chip_ms, 0);
    }
}

// The exchange stays fresh and in the chip; nothing is signed, and no certificate crosses the wire.
static void tls13_resumes_with_a_fresh_exchange(void **state)
{
    (void)state;
    must_connect(false);
    for (int i = 0; i < 3; i++) {
        must_connect(true);
        assert_string_equal(rig_report(&rig)->version, "TLS 1.3");
        assert_int_equal(rig.chip.count[LP_KEY_OP_SIGN], 0);
        assert_int_equal(rig.chip.count[LP_KEY_OP_RANDOM], 0);
        assert_int_equal(rig.chip.count[LP_KEY_OP_ECDHE_AGREE], 1);
    }
}

static void default_resumes_nothing(void **state)
{
    (void)state;
    rig.config.resume = LP_TLS_RESUME_NEVER;
    must_connect(false);
    must_connect(false);
    assert_false(rig_keeps_session(&rig));
}

// A ticket of TLS 1.2 carries the session's secret, so it is not even asked for.
static void only_13_asks_for_no_ticket_of_12(void **state)
{
    (void)state;
    rig.config.resume = LP_TLS_RESUME_1_3;
    rig.peer_config.max_version = TLS1_2_VERSION;
    must_connect(false);
    assert_false(rig_keeps_session(&rig));
    must_connect(false);
    rig.peer_config.max_version = 0;
    must_connect(false);
    must_connect(true);
}

static void no_memory_lent_resumes_nothing(void **state)
{
    (void)state;
    rig_close(&rig);
    rig_session_bytes = 0;
    setup(state);
    must_connect(false);
    must_connect(false);
}

static void ticket_longer_than_the_memory_is_not_kept(void **state)
{
    (void)state;
    rig_close(&rig);
    const size_t in_arena = rig_ticket_bytes;
    rig_session_bytes = LP_TLS_SESSION_BYTES + 100;
    rig_ticket_bytes = in_arena > 0 ? 100 : 0;
    setup(state);
    speak(LP_TLS_1_2);
    must_connect(false);
    must_connect(false);
    speak(LP_TLS_1_3);
    must_connect(false);
    must_connect(false);
    rig_ticket_bytes = in_arena;
}

// -- servers that do not go along

static void refused(void)
{
    must_connect(false);
    must_connect(true);
    rig.peer_config.ticket_keys = other_keys;
    must_connect(false); // in this same connection
    assert_int_equal(rig.chip.count[LP_KEY_OP_SIGN], 1);
    must_connect(true); // with the new one's ticket
    rig.peer_config.ticket_keys = keys;
}

static void refused_ticket_falls_back_to_a_full_handshake(void **state)
{
    (void)state;
    for_both_versions(refused);
}

static void no_longer_issued(void)
{
    rig.peer_config.has_no_tickets = false;
    must_connect(false);
    rig.peer_config.has_no_tickets = true;
    must_connect(false);
    assert_false(rig_keeps_session(&rig)); // the old ticket is not taken for one of the new session
    must_connect(false);
}

static void server_without_tickets_goes_on_without(void **state)
{
    (void)state;
    for_both_versions(no_longer_issued);
}

// Whatever goes wrong with it: the next connection does without.
static void refused_server_is_not_offered_the_session_again(void **state)
{
    (void)state;
    must_connect(false);
    assert_true(rig_keeps_session(&rig));
    rig_assert_clean(&rig);
    peer_close(&rig.peer);
    static const char garbage[] = "HTTP/1.1 400 Bad Request\r\n\r\n";
    peer_open_script(&rig.peer, rig.loop, garbage, sizeof garbage - 1);
    assert_false(rig_handshake(&rig));
    assert_int_equal(rig.why, LP_E_TLS_PROTOCOL);
    assert_false(rig_keeps_session(&rig));
    must_connect(false);
    must_connect(true);
}

// One that fails whenever it is shown a ticket is served without, from the second time on.
static void server_that_chokes_on_tickets_is_asked_for_none(void **state)
{
    (void)state;
    speak(LP_TLS_1_2);
    for (int i = 0; i < 2; i++) {
        must_connect(false);
        rig_assert_clean(&rig);
        peer_close(&rig.peer);
        static const unsigned char alert[] = {21, 3, 3, 0, 2, 2, 80};
        peer_open_script(&rig.peer, rig.loop, alert, sizeof alert);
        assert_false(rig_handshake(&rig));
        assert_int_equal(rig.why, LP_E_TLS_ALERT);
    }
    must_connect(false);
    assert_false(rig_keeps_session(&rig));
    must_connect(false);
    fake_clock_advance_ms(25u * MS_OF_HOUR);
    rig_turns(&rig, 2);
    must_connect(false);
    must_connect(true);
}

static void huge(void)
{
    rig.peer_config.ticket_ballast = 12000;
    must_connect(false);
    assert_false(rig_keeps_session(&rig));
    must_connect(false);
    rig.peer_config.ticket_ballast = 0;
}

static void huge_ticket_is_not_kept(void **state)
{
    (void)state;
    for_both_versions(huge);
}

// A ticket that the arena has no room for costs one connection, not all of them.
static void ticket_that_overruns_the_arena_is_asked_for_once(void **state)
{
    (void)state;
    rig_close(&rig);
    rig_arena_bytes = 44 * 1024;
    setup(state);
    speak(LP_TLS_1_2);
    rig.peer_config.ticket_ballast = 15000;
    rig.peer_config.max_version = TLS1_2_VERSION;
    assert_false(connects());
    assert_int_equal(rig.why, LP_E_NOSPACE);
    must_connect(false);
    must_connect(false);
}

// -- what a session is bound to

typedef void change_fn(void);

static void is_full_after(change_fn *change)
{
    lp_tls_forget();
    rig.config.host = "localhost";
    must_connect(false);
    must_connect(true);
    change();
    assert_true(connects());
    assert_false(rig_report(&rig)->is_resumed);
    assert_true(rig.chip.count[LP_KEY_OP_SIGN] > 0);
}

static void other_host(void)
{
    rig.config.host = "127.0.0.1"; // it has the same certificate, and the same key of tickets
}

static void other_anchors(void)
{
    static char both[2 * RIG_PEM_BYTES];
    snprintf(both, sizeof both, "%s%s", rig_pki.root_pem, rig_pki.rsa_root_pem);
    rig.config.trust_pem = lp_tls_pem(both);
}

static void other_certificate(void)
{
    rig_certify(&rig, "atca:0"); // for the same key, with another serial number
}

static void other_key(void)
{
    assert_int_equal(lp_keystore_set_chip(&rig.keys, &rig.chip.prov), LP_OK);
}

static void other_version(void)
{
    speak(rig.config.max_version == LP_TLS_1_2 ? LP_TLS_1_3 : LP_TLS_1_2);
}

static void other_checks(void)
{
    rig.config.check_dates = !rig.config.check_dates;
}

static void other_exchange(void)
{
    rig.config.ecdhe = LP_TLS_ECDHE_SOFTWARE;
}

static void changed_settings_are_a_full_handshake(void **state)
{
    (void)state;
    static change_fn *const changes[] = {other_host,   other_anchors, other_certificate,
                                         other_key,    other_version, other_version,
                                         other_checks, other_exchange};
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        is_full_after(changes[i]);
    }
}

// A server that no longer passes: the anchors were changed because of it.
static void revoked_anchor_is_not_passed_by_resuming(void **state)
{
    (void)state;
    must_connect(false);
    rig.config.trust_pem = lp_tls_pem(rig_pki.rsa_root_pem);
    assert_false(connects());
    assert_int_equal(rig.why, LP_E_TLS_CERT);
}

static void forgotten_is_forgotten(void **state)
{
    (void)state;
    must_connect(false);
    assert_true(rig_keeps_session(&rig));
    lp_tls_forget();
    assert_false(rig_keeps_session(&rig));
    must_connect(false);
}

// -- and how long it lasts

static void ends_with_the_ticket(void)
{
    must_connect(false);
    assert_true(rig_keeps_session(&rig));
    fake_clock_advance_ms(2u * MS_OF_HOUR + 1000); // OpenSSL's default
    rig_turns(&rig, 2);
    assert_false(rig_keeps_session(&rig));
    must_connect(false);
}

static void session_is_wiped_when_its_ticket_ends(void **state)
{
    (void)state;
    for_both_versions(ends_with_the_ticket);
}

// However often it is renewed, the server's certificate is looked at once a day.
static void no_chain_of_sessions_is_longer_than_a_day(void **state)
{
    (void)state;
    must_connect(false);
    for (int hours = 0; hours < 23; hours++) {
        fake_clock_advance_ms(MS_OF_HOUR);
        fake_clock_set_utc_s(PKI_NOW_S + (hours + 1) * 3600);
        must_connect(true);
    }
    fake_clock_advance_ms(MS_OF_HOUR);
    must_connect(false);
}

static void using_a_ticket_of_12_does_not_prolong_it(void **state)
{
    (void)state;
    speak(LP_TLS_1_2);
    must_connect(false);
    for (int i = 0; i < 3; i++) {
        fake_clock_advance_ms(MS_OF_HOUR / 2);
        must_connect(true);
    }
    fake_clock_advance_ms(MS_OF_HOUR / 2 + 60000);
    rig_turns(&rig, 2);
    must_connect(false);
}

static pki_id_t issue_for(int days)
{
    const pki_spec_t spec = {.cn = "localhost",
                             .san = "DNS:localhost",
                             .eku = "serverAuth",
                             .from_day = -1,
                             .to_day = days};
    return pki_issue(pki_key_p256(), &spec, &rig_pki.root);
}

static void does_not_outlive(void)
{
    fake_clock_set_utc_s(PKI_NOW_S);
    must_connect(false);
    must_connect(true);
    fake_clock_set_utc_s(PKI_NOW_S + PKI_DAY_S + 1); // the clock jumps: the ticket is a minute old
    assert_false(connects());
    assert_int_equal(rig.why, LP_E_TLS_EXPIRED);
}

static void session_does_not_outlive_the_servers_certificate(void **state)
{
    (void)state;
    pki_id_t brief = issue_for(1);
    rig.peer_config.id = &brief;
    for_both_versions(does_not_outlive);
    rig_assert_clean(&rig);
    peer_close(&rig.peer);
    pki_free(&brief);
}

static void nothing_of_it_is_left_in_the_arena(void **state)
{
    (void)state;
    unsigned char secret[48];
    speak(LP_TLS_1_2);
    must_connect(false);
    SSL_SESSION_get_master_key(SSL_get_session(rig.peer.ssl), secret, sizeof secret);
    rig_assert_clean(&rig);
    assert_false(rig_arena_contains(secret, sizeof secret));
}

// -- attackers who speak TLS

static unsigned char hello_of_server[512];

// A ServerHello in answer to the ClientHello that the peer has got. `ext` follows as it is.
static size_t answer_hello(uint16_t suite, const unsigned char *ext, size_t ext_len)
{
    const unsigned char *id = rig.peer.client_hello + 5 + 4 + 2 + 32;
    unsigned char *p = hello_of_server;
    const size_t body = 2 + 32 + 1 + id[0] + 2 + 1 + 2 + ext_len;
    const unsigned char head[] = {
        22, 3, 3, 0, (unsigned char)(body + 4), 2, 0, 0, (unsigned char)body, 3, 3};
    memcpy(p, head, sizeof head);
    p += sizeof head;
    memset(p, 0x5a, 32);
    p += 32;
    memcpy(p, id, 1u + id[0]);
    p += 1u + id[0];
    *p++ = (unsigned char)(suite >> 8);
    *p++ = (unsigned char)suite;
    *p++ = 0;
    *p++ = (unsigned char)(ext_len >> 8);
    *p++ = (unsigned char)ext_len;
    memcpy(p, ext, ext_len);
    return (size_t)(p - hello_of_server) + ext_len;
}

static void impersonate(uint16_t suite, const unsigned char *ext, size_t ext_len,
                        const unsigned char *more, size_t more_len)
{
    must_connect(false);
    assert_true(rig_keeps_session(&rig));
    rig_assert_clean(&rig);
    peer_close(&rig.peer);
    peer_open_script(&rig.peer, rig.loop, NULL, 0);
    assert_int_equal(rig_connect(&rig), LP_OK);
    rig_turns(&rig, 50);
    assert_true(rig.peer.client_hello_len > 100);
    size_t len = answer_hello(suite, ext, ext_len);
    BIO_write(rig.peer.out, hello_of_server, (int)len);
    BIO_write(rig.peer.out, more, (int)more_len);
    lp_loop_post(rig.loop, &rig.peer.event);
    rig_run(&rig);
    assert_int_equal(rig.opened, 0);
    assert_int_equal(rig.closed, 1);
    assert_false(rig_keeps_session(&rig));
}

static const unsigned char ems[] = {0, 23, 0, 0, 0xff, 1, 0, 1, 0};
static const unsigned char no_ems[] = {0xff, 1, 0, 1, 0};
static const unsigned char finished[] = {20, 3,  3,  0,  1,  1,  22, 3,  3,  0,  40, 1,  2,
                                         3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
                                         16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28,
                                         29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40};

static void who_resumes_12_without_the_secret_fails(void **state)
{
    (void)state;
    speak(LP_TLS_1_2);
    impersonate(0xc02b, ems, sizeof ems, finished, sizeof finished);
    assert_int_equal(rig.why, LP_E_TLS_PROTOCOL);
}

static void who_resumes_12_without_extended_secret_is_refused(void **state)
{
    (void)state;
    speak(LP_TLS_1_2);
    impersonate(0xc02b, no_ems, sizeof no_ems, NULL, 0);
    assert_int_equal(rig.why, LP_E_TLS_PROTOCOL);
    assert_non_null(strstr(rig_report(&rig)->detail, "extended master secret"));
}

// A key exchange by the ticket alone would have no forward secrecy.
static void who_takes_the_13_ticket_without_an_exchange_is_refused(void **state)
{
    (void)state;
    static const unsigned char psk_only[] = {0, 43, 0, 2, 3, 4, 0, 41, 0, 2, 0, 0};
    impersonate(0x1301, psk_only, sizeof psk_only, NULL, 0);
    assert_int_equal(rig.why, LP_E_TLS_PROTOCOL);
}

// An exchange, but no knowledge of the ticket's secret behind it.
static void who_takes_the_13_ticket_without_its_secret_fails(void **state)
{
    (void)state;
    unsigned char ext[6 + 6 + 73] = {0, 43, 0,  2, 3,  4, 0,  41, 0,  2, 0,
                                     0, 0,  51, 0, 69, 0, 23, 0,  65, 4};
    uint8_t pub[64];
    EVP_PKEY *key = pki_key_p256();
    pki_public(key, pub);
    EVP_PKEY_free(key);
    memcpy(ext + 21, pub, sizeof pub);
    static const unsigned char record[] = {23, 3,  3,  0,  24, 1,  2,  3,  4,  5,
                                           6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
                                           16, 17, 18, 19, 20, 21, 22, 23, 24};
    impersonate(0x1301, ext, sizeof ext, record, sizeof record);
    assert_int_equal(rig.why, LP_E_TLS_PROTOCOL);
}

static void session_without_extended_secret_is_not_kept(void **state)
{
    (void)state;
    speak(LP_TLS_1_2);
    rig.peer_config.has_no_ems = true;
    must_connect(false);
    assert_false(rig_keeps_session(&rig));
    must_connect(false);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(tls12_resumes_without_a_chip_command),
        T(tls13_resumes_with_a_fresh_exchange),
        T(default_resumes_nothing),
        T(only_13_asks_for_no_ticket_of_12),
        T(no_memory_lent_resumes_nothing),
        T(ticket_longer_than_the_memory_is_not_kept),
        T(refused_ticket_falls_back_to_a_full_handshake),
        T(server_without_tickets_goes_on_without),
        T(refused_server_is_not_offered_the_session_again),
        T(server_that_chokes_on_tickets_is_asked_for_none),
        T(huge_ticket_is_not_kept),
        T(ticket_that_overruns_the_arena_is_asked_for_once),
        T(changed_settings_are_a_full_handshake),
        T(revoked_anchor_is_not_passed_by_resuming),
        T(forgotten_is_forgotten),
        T(session_is_wiped_when_its_ticket_ends),
        T(no_chain_of_sessions_is_longer_than_a_day),
        T(using_a_ticket_of_12_does_not_prolong_it),
        T(session_does_not_outlive_the_servers_certificate),
        T(nothing_of_it_is_left_in_the_arena),
        T(who_resumes_12_without_the_secret_fails),
        T(who_resumes_12_without_extended_secret_is_refused),
        T(who_takes_the_13_ticket_without_an_exchange_is_refused),
        T(who_takes_the_13_ticket_without_its_secret_fails),
        T(session_without_extended_secret_is_not_kept),
    };
    int failed = cmocka_run_group_tests_name("tls resume", tests, rig_pki_make, rig_pki_drop);
    rig_ticket_bytes = 1024;
    failed += cmocka_run_group_tests_name("tls resume, ticket in the arena", tests, rig_pki_make,
                                          rig_pki_drop);
    return failed;
}
