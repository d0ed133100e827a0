// SPDX-License-Identifier: Apache-2.0
// Signatures of a server's chain are computed once, and everything else about it is looked at each
// time. The linker leads calls of lp_p256_verify() here, where they are counted (--wrap).
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "fake/port.h"
#include "limpet/p256.h"
#include "rig.h"
#include "tls_internal.h"

static rig_t rig;
static unsigned computed;

lp_err_t __real_lp_p256_verify(const uint8_t pub[64], const uint8_t digest[32],
                               const uint8_t signature[64]);
lp_err_t __wrap_lp_p256_verify(const uint8_t pub[64], const uint8_t digest[32],
                               const uint8_t signature[64]);

lp_err_t __wrap_lp_p256_verify(const uint8_t pub[64], const uint8_t digest[32],
                               const uint8_t signature[64])
{
    computed++;
    return __real_lp_p256_verify(pub, digest, signature);
}

static int setup(void **state)
{
    (void)state;
    rig_open(&rig);
    rig.config.resume = LP_TLS_RESUME_NEVER;
    lp_tls_known_forget();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    rig_assert_clean(&rig);
    rig_close(&rig);
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
    computed = 0;
    return rig_handshake(&rig);
}

// -- What is saved

static void known_chain_costs_one_signature(void **state)
{
    (void)state;
    for (int version = LP_TLS_1_2; version <= LP_TLS_1_3; version++) {
        rig.config.max_version = (lp_tls_version_t)version;
        lp_tls_known_forget();
        assert_true(connects());
        assert_int_equal(computed, 2); // the certificate's, and the handshake's
        for (int i = 0; i < 5; i++) {
            assert_true(connects());
            assert_int_equal(computed, 1);
        }
    }
}

static void known_chain_of_two_costs_one_signature(void **state)
{
    (void)state;
    const pki_spec_t ca = {.cn = "Middle", .is_ca = true};
    const pki_spec_t leaf = {.cn = "localhost", .san = "DNS:localhost", .eku = "serverAuth"};
    pki_id_t middle = pki_issue(pki_key_p256(), &ca, &rig_pki.root);
    pki_id_t server = pki_issue(pki_key_p256(), &leaf, &middle);
    rig.peer_config.id = &server;
    rig.peer_config.chain = &middle;
    assert_true(connects());
    assert_int_equal(computed, 3);
    for (int i = 0; i < 5; i++) {
        assert_true(connects());
        assert_int_equal(computed, 1);
    }
    pki_free(&server);
    pki_free(&middle);
}

// -- What is not

static void must_refuse(lp_err_t why)
{
    assert_false(connects());
    assert_int_equal(rig.why, why);
}

static void known_chain_that_has_expired_is_refused(void **state)
{
    (void)state;
    const pki_spec_t leaf = {.cn = "localhost",
                             .san = "DNS:localhost",
                             .eku = "serverAuth",
                             .from_day = -1,
                             .to_day = 1};
    pki_id_t server = pki_issue(pki_key_p256(), &leaf, &rig_pki.root);
    rig.peer_config.id = &server;
    assert_true(connects());
    fake_clock_set_utc_s(PKI_NOW_S + 2 * PKI_DAY_S);
    must_refuse(LP_E_TLS_EXPIRED);
    fake_clock_set_utc_s(PKI_NOW_S);
    assert_true(connects());
    pki_free(&server);
}

static void known_chain_under_another_name_is_refused(void **state)
{
    (void)state;
    assert_true(connects());
    rig.config.host = "elsewhere.example.com";
    must_refuse(LP_E_TLS_NAME);
}

static void known_chain_of_a_root_no_longer_trusted_is_refused(void **state)
{
    (void)state;
    assert_true(connects());
    rig.config.trust_pem = lp_tls_pem(rig_pki.rsa_root_pem);
    must_refuse(LP_E_TLS_CERT);
}

// Everything about the root is the same but its key.
static void double_of_a_known_chain_is_refused(void **state)
{
    (void)state;
    const pki_spec_t leaf = {.cn = "localhost", .san = "DNS:localhost", .eku = "serverAuth"};
    pki_id_t double_root = {.key = pki_key_p256(), .cert = rig_pki.root.cert};
    pki_id_t server = pki_issue(pki_key_p256(), &leaf, &double_root);
    assert_true(connects());
    rig.peer_config.id = &server;
    for (int i = 0; i < 3; i++) {
        must_refuse(LP_E_TLS_CERT);
    }
    pki_free(&server);
    EVP_PKEY_free(double_root.key);
}

// A bit of a known chain, or of the signature that is new in each handshake.
static void known_chain_with_a_bit_flipped_is_refused(void **state)
{
    (void)state;
    enum { FIRST = 12, STEP = 61 };
    rig.config.max_version = LP_TLS_1_2;
    assert_true(connects());
    const size_t all = rig.peer.to_client;
    for (size_t at = FIRST; at < all; at += STEP) {
        rig_assert_clean(&rig);
        peer_close(&rig.peer);
        assert_int_equal(rig_connect(&rig), LP_OK);
        rig.peer.flip_at = at;
        rig_run(&rig);
        assert_int_equal(rig.opened, 0);
    }
    assert_true(connects());
    assert_int_equal(computed, 1);
}

static void other_settings_begin_anew(void **state)
{
    (void)state;
    assert_true(connects());
    lp_tls_forget();
    assert_true(connects());
    assert_int_equal(computed, 2);
}

// -- Bit by bit

static uint8_t question[3][64]; // key, digest, signature

static lp_err_t ask(void)
{
    return lp_tls_p256_verify(question[0], question[1], question[2]);
}

static void ask_and_sign(uint8_t number)
{
    uint8_t d[32] = {[31] = 7};
    memset(question, 0, sizeof question);
    question[1][0] = number;
    assert_int_equal(lp_p256_public(d, question[0]), LP_OK);
    assert_int_equal(lp_p256_sign(d, question[1], NULL, 0, question[2]), LP_OK);
}

static void neighbour_of_a_known_signature_is_not_known(void **state)
{
    (void)state;
    enum { STEP = 11 }; // each bit of a byte is met
    static const size_t bytes[3] = {64, 32, 64};
    ask_and_sign(1);
    assert_int_equal(ask(), LP_OK);
    for (size_t part = 0; part < 3; part++) {
        for (size_t bit = part; bit < 8 * bytes[part]; bit += STEP) {
            question[part][bit / 8] ^= (uint8_t)(1U << bit % 8);
            assert_int_not_equal(ask(), LP_OK);
            question[part][bit / 8] ^= (uint8_t)(1U << bit % 8);
        }
    }
    computed = 0;
    assert_int_equal(ask(), LP_OK); // what was wrong has not pushed it out
    assert_int_equal(computed, 0);
}

static void wrong_signature_is_computed_each_time(void **state)
{
    (void)state;
    ask_and_sign(1);
    question[2][5] ^= 4;
    computed = 0;
    for (unsigned i = 1; i < 4; i++) {
        assert_int_equal(ask(), LP_E_DENIED);
        assert_int_equal(computed, i);
    }
}

static void last_three_are_known(void **state)
{
    (void)state;
    static const struct {
        uint8_t number;
        unsigned computed;
    } order[] = {{1, 1}, {2, 1}, {3, 1}, {1, 0}, {3, 0}, {4, 1}, {1, 0}, {3, 0}, {2, 1}, {4, 1}};
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        ask_and_sign(order[i].number);
        computed = 0;
        assert_int_equal(ask(), LP_OK);
        assert_int_equal(computed, order[i].computed);
    }
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(known_chain_costs_one_signature),
        T(known_chain_of_two_costs_one_signature),
        T(known_chain_that_has_expired_is_refused),
        T(known_chain_under_another_name_is_refused),
        T(known_chain_of_a_root_no_longer_trusted_is_refused),
        T(double_of_a_known_chain_is_refused),
        T(known_chain_with_a_bit_flipped_is_refused),
        T(other_settings_begin_anew),
        T(neighbour_of_a_known_signature_is_not_known),
        T(wrong_signature_is_computed_each_time),
        T(last_three_are_known),
    };
    return cmocka_run_group_tests_name("tls known signatures", tests, rig_pki_make, rig_pki_drop);
}
