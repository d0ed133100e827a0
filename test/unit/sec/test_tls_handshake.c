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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(tls13_key_and_ecdhe_in_chip_connects, setup, teardown),
        cmocka_unit_test_setup_teardown(tls12_key_and_ecdhe_in_chip_connects, setup, teardown),
    };
    return cmocka_run_group_tests_name("tls handshake", tests, rig_pki_make, rig_pki_drop);
}
