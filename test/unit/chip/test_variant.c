// SPDX-License-Identifier: Apache-2.0
// Trust&GO and TrustFLEX parts: what their sheets say works, works, and nothing else.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rig.h"

static rig_t rig;

static int set_up(void **state)
{
    memset(&rig, 0, sizeof rig);
    rig.rule_off = -1;
    rig.now_us = 1000000;
    rig.timing = LP_CHIPSIM_TIMING_INSTANT;
    *state = &rig;
    return 0;
}

static int tear_down(void **state)
{
    rig_stop(*state);
    return 0;
}

static void trust(rig_t *r, lp_chipsim_variant_t variant)
{
    rig_stop(r);
    assert_int_equal(lp_chipsim_image_factory(&r->image, LP_CHIPSIM_ATECC608A, NULL, 9), LP_OK);
    assert_int_equal(lp_chipsim_image_variant(&r->image, variant), LP_OK);
    rig_start(r);
}

static void trust_and_go_signs_and_cannot_be_changed(void **state)
{
    rig_t *r = *state;
    trust(r, LP_CHIPSIM_TNGTLS);
    assert_int_equal(lp_chipsim_addr(r->chip), 0x35);
    reply_t pub = cmd(r, 0x40, 0, 0, NULL, 0);
    assert_int_equal(pub.len, 64);
    nonce_fixed(r, key32(1));
    reply_t sig = cmd(r, 0x41, 0x80, 0, NULL, 0);
    assert_int_equal(sig.len, 64);
    assert_true(host_verify(pub.data, key32(1), sig.data));
    assert_int_equal(st(r, 0x40, 4, 0, NULL, 0), EXEC); // permanent
    assert_int_equal(st(r, 0x40, 4, 2, NULL, 0), OK);   // secondary: replaceable
    assert_int_equal(st(r, 0x12, 0x00, 4, key32(1), 4), EXEC);
    assert_int_equal(st(r, 0x17, 0x80, 0, NULL, 0), EXEC);
    nonce_fixed(r, key32(1));
    assert_int_equal(st(r, 0x41, 0x80, 1, NULL, 0),
                     EXEC); // attestation key: internal messages only
    reply_t otp = cmd(r, 0x02, 0x81, 0, NULL, 0);
    assert_memory_equal(otp.data, "Rsuy5YJh", 8);
}

static void trust_flex_keys_follow_their_table(void **state)
{
    rig_t *r = *state;
    trust(r, LP_CHIPSIM_TFLXTLS);
    assert_int_equal(lp_chipsim_addr(r->chip), 0x36);
    assert_int_equal(st(r, 0x12, 0x82, slot_address(6, 0, 0), key32(2), 32),
                     OK); // I/O key: clear write
    assert_int_equal(st(r, 0x02, 0x82, slot_address(6, 0, 0), NULL, 0), EXEC); // never read
    assert_int_equal(st(r, 0x17, 6 << 2 | 2, 0, NULL, 0), OK);
    assert_int_equal(st(r, 0x12, 0x82, slot_address(6, 0, 0), key32(3), 32), EXEC);
    assert_int_equal(st(r, 0x12, 0x82, slot_address(5, 0, 0), key32(2), 32),
                     EXEC); // encrypted only
    assert_int_equal(session(r, 6, key32(2)), OK);
    assert_int_equal(write_encrypted(r, 0x82, slot_address(5, 0, 0), key32(4), true), OK);
    assert_int_equal(st(r, 0x51, 0x00, 9, key32(1), 16), OK); // AES
}

static void every_part_has_keys_of_its_own(void **state)
{
    lp_chipsim_image_t a;
    lp_chipsim_image_t b;
    (void)state;
    lp_chipsim_image_factory(&a, LP_CHIPSIM_ATECC608B, NULL, 0);
    lp_chipsim_image_factory(&b, LP_CHIPSIM_ATECC608B, NULL, 0);
    assert_int_equal(lp_chipsim_image_variant(&a, LP_CHIPSIM_TNGTLS), LP_OK);
    assert_int_equal(lp_chipsim_image_variant(&b, LP_CHIPSIM_TNGTLS), LP_OK);
    for (unsigned slot = 0; slot < 5; slot++) {
        uint8_t xa[64];
        uint8_t xb[64];
        assert_true(lp_chipsim_public_key(&a, slot, xa));
        assert_true(lp_chipsim_public_key(&b, slot, xb));
        assert_memory_not_equal(xa, xb, 64);
    }
    lp_chipsim_image_factory(&a, LP_CHIPSIM_ATECC508A, NULL, 0);
    assert_int_equal(lp_chipsim_image_variant(&a, LP_CHIPSIM_TNGTLS), LP_E_UNSUPPORTED);
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(trust_and_go_signs_and_cannot_be_changed),
        T(trust_flex_keys_follow_their_table),
        T(every_part_has_keys_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
