// SPDX-License-Identifier: Apache-2.0
// The server's signatures checked by the chip: what it is asked, what a wrong signature does, and
// what a bus that lies does, which is why it is not the default.
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "rig.h"

static rig_t rig;

static int setup(void **state)
{
    (void)state;
    rig_open(&rig);
    rig.config.verify_in_chip = true;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    rig_assert_clean(&rig);
    rig_close(&rig);
    return 0;
}

// A server whose certificate names our root as its issuer and is signed by somebody else's key.
static pki_id_t impostor(void)
{
    const pki_spec_t spec = {.cn = "localhost", .san = "DNS:localhost"};
    EVP_PKEY *forger = pki_key_p256();
    const pki_id_t false_root = {.key = forger, .cert = rig_pki.root.cert};
    pki_id_t server = pki_issue(pki_key_p256(), &spec, &false_root);
    EVP_PKEY_free(forger);
    return server;
}

static void chip_checks_certificate_and_handshake(void **state)
{
    (void)state;
    for (int version = LP_TLS_1_2; version <= (int)rig_newest; version++) {
        rig.config.max_version = (lp_tls_version_t)version;
        rig.chip.count[LP_KEY_OP_VERIFY] = 0;
        assert_true(rig_handshake(&rig));
        assert_string_equal(rig_report(&rig)->verify, "chip");
        assert_int_equal(rig.chip.count[LP_KEY_OP_VERIFY], 2);
        lp_stream_close(&rig.tls.stream);
        peer_close(&rig.peer);
    }
}

static void software_asks_the_chip_for_no_check(void **state)
{
    (void)state;
    rig.config.verify_in_chip = false;
    assert_true(rig_handshake(&rig));
    assert_string_equal(rig_report(&rig)->verify, "software");
    assert_int_equal(rig.chip.count[LP_KEY_OP_VERIFY], 0);
}

static void forged_certificate_is_refused_by_either(void **state)
{
    (void)state;
    for (int in_chip = 0; in_chip < 2; in_chip++) {
        pki_id_t server = impostor();
        rig.config.verify_in_chip = in_chip == 1;
        rig.peer_config.id = &server;
        assert_false(rig_handshake(&rig));
        assert_int_equal(rig.why, LP_E_TLS_CERT);
        peer_close(&rig.peer);
        rig.peer_config.id = &rig_pki.server;
        pki_free(&server);
    }
    assert_int_equal(rig.chip.count[LP_KEY_OP_VERIFY], 1);
}

// Whoever answers in the chip's place can say yes to everything. With software he cannot.
static void bus_that_lies_makes_the_chips_check_worthless(void **state)
{
    (void)state;
    pki_id_t server = impostor();
    rig.peer_config.id = &server;
    rig.chip.lies[LP_KEY_OP_VERIFY] = true;
    assert_true(rig_handshake(&rig));
    lp_stream_close(&rig.tls.stream);
    peer_close(&rig.peer);
    rig.config.verify_in_chip = false;
    assert_false(rig_handshake(&rig));
    assert_int_equal(rig.why, LP_E_TLS_CERT);
    rig.peer_config.id = &rig_pki.server;
    pki_free(&server);
}

static void chip_that_cannot_check_is_told(void **state)
{
    (void)state;
    rig.chip.fail_done[LP_KEY_OP_VERIFY] = LP_E_CHIP_ECC;
    assert_false(rig_handshake(&rig));
    assert_int_equal(rig.why, LP_E_TLS_KEY);
    assert_non_null(strstr(rig_report(&rig)->detail, "check of a signature"));
}

static void board_without_a_chip_is_refused(void **state)
{
    (void)state;
    assert_int_equal(lp_keystore_set_chip(&rig.keys, NULL), LP_OK);
    rig.config.cert_pem = (lp_tls_pem_t){0};
    rig.config.ecdhe = LP_TLS_ECDHE_SOFTWARE;
    assert_int_equal(rig_connect(&rig), LP_E_UNSUPPORTED);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(chip_checks_certificate_and_handshake),
        T(software_asks_the_chip_for_no_check),
        T(forged_certificate_is_refused_by_either),
        T(bus_that_lies_makes_the_chips_check_worthless),
        T(chip_that_cannot_check_is_told),
        T(board_without_a_chip_is_refused),
    };
    return cmocka_run_group_tests_name("tls verify", tests, rig_pki_make, rig_pki_drop);
}
