// SPDX-License-Identifier: Apache-2.0
// Trust&GO and TrustFLEX parts: what their sheets say works, works, and nothing else.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "limpet/chipsim_trust.h"
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

// ---- certificates -----------------------------------------------------------

static X509 *certificate(const lp_chipsim_image_t *image, lp_chipsim_cert_t which)
{
    uint8_t der[LP_CHIPSIM_CERT_MAX];
    size_t len = 0;
    const uint8_t *p = der;
    assert_int_equal(lp_chipsim_certificate(image, which, der, &len), LP_OK);
    X509 *x = d2i_X509(NULL, &p, (long)len);
    assert_non_null(x);
    assert_ptr_equal(p, der + len);
    uint8_t *again = NULL; // and DER that OpenSSL would have written
    assert_int_equal(i2d_X509(x, &again), len);
    assert_memory_equal(again, der, len);
    OPENSSL_free(again);
    return x;
}

// Strictly, with all that RFC 5280 asks of a chain.
static bool is_chain_good(X509 *device, X509 *signer, X509 *root)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    STACK_OF(X509) *between = sk_X509_new_null();
    X509_STORE_add_cert(store, root);
    X509_STORE_set_flags(store, X509_V_FLAG_X509_STRICT | X509_V_FLAG_CHECK_SS_SIGNATURE);
    sk_X509_push(between, signer);
    X509_STORE_CTX_init(ctx, store, device, between);
    int ok = X509_verify_cert(ctx);
    sk_X509_free(between);
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    return ok == 1;
}

static void name_is(const X509_NAME *name, const char *want)
{
    char text[160];
    X509_NAME_oneline(name, text, sizeof text);
    assert_string_equal(text, want);
}

static void trust_parts_carry_a_chain(lp_chipsim_variant_t variant)
{
    lp_chipsim_image_t image;
    uint8_t serial[9] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF, 0xEE};
    uint8_t xy[64];
    char want[160];
    size_t len;
    lp_chipsim_image_factory(&image, LP_CHIPSIM_ATECC608B, serial, 0);
    assert_int_equal(lp_chipsim_image_variant(&image, variant), LP_OK);
    X509 *device = certificate(&image, LP_CHIPSIM_CERT_DEVICE);
    X509 *signer = certificate(&image, LP_CHIPSIM_CERT_SIGNER);
    X509 *root = certificate(&image, LP_CHIPSIM_CERT_ROOT);
    assert_true(is_chain_good(device, signer, root));
    assert_false(is_chain_good(device, signer, signer)); // the test can fail
    assert_true(lp_chipsim_public_key(&image, 0, xy));
    const ASN1_BIT_STRING *key = X509_get0_pubkey_bitstr(device);
    assert_int_equal(key->length, 65);
    assert_memory_equal(key->data + 1, xy, 64);
    // SN<8> of a Trust part is 01, and the signer's number is in both names.
    name_is(X509_get_subject_name(device), "/O=Limpet Chip Emulator/CN=sn0123456789ABCDEF01");
    const uint8_t *slot = lp_chipsim_slot_const(&image, 10, &len);
    snprintf(want, sizeof want, "/O=Limpet Chip Emulator/CN=Emulated Trust Signer %02X%02X",
             slot[67], slot[68]);
    name_is(X509_get_issuer_name(device), want);
    name_is(X509_get_subject_name(signer), want);
    assert_int_equal(X509_check_ca(device), 0);
    assert_int_equal(X509_check_ca(signer), 1);
    assert_int_equal(X509_get_pathlen(signer), 0);
    assert_int_equal(X509_get_key_usage(device), KU_DIGITAL_SIGNATURE | KU_KEY_AGREEMENT);
    assert_int_equal(X509_get_key_usage(signer), KU_KEY_CERT_SIGN | KU_CRL_SIGN);
    X509_free(device);
    X509_free(signer);
    X509_free(root);
}

static void trust_and_go_carries_a_chain(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 40; i++) { // signatures of every length
        trust_parts_carry_a_chain(LP_CHIPSIM_TNGTLS);
    }
    trust_parts_carry_a_chain(LP_CHIPSIM_TFLXTLS);
}

// Byte by byte as table 2-1 of the note has it.
static void certificates_are_compressed_as_the_note_says(void **state)
{
    static const uint8_t tail_device[] = {0xA0, 0x84, 0x1C}; // 2020-01-01 00 h, 28 years
    static const uint8_t tail_signer[] = {0x90, 0x84, 0x1F}; // 2018-01-01 00 h, 31 years
    rig_t *r = *state;
    trust(r, LP_CHIPSIM_TNGTLS);
    uint8_t raw[2][96];
    for (unsigned i = 0; i < 2; i++) {
        for (unsigned block = 0; block < 3; block++) { // over the bus, in the clear
            uint16_t at = slot_address(i == 0 ? 10 : 12, block, 0);
            reply_t a = cmd(r, 0x02, 0x82, at, NULL, 0);
            assert_int_equal(a.len, 32);
            memcpy(raw[i] + 32 * block, a.data, 32);
        }
        assert_int_equal(st(r, 0x12, 0x82, slot_address(i == 0 ? 10 : 12, 0, 0), key32(1), 32),
                         EXEC);
    }
    assert_memory_equal(raw[0] + 64, tail_device, 3);
    assert_memory_equal(raw[1] + 64, tail_signer, 3);
    assert_memory_equal(raw[0] + 67, raw[1] + 67, 2);
    assert_int_equal(raw[0][69], 0x0F); // template 0, chain 15
    assert_int_equal(raw[1][69], 0x1F);
    assert_int_equal(raw[0][70], 0xA0);
    assert_int_equal(raw[0][71], 0x00);
    // The chip itself can tell that the signer signed the device's certificate: Verify(Stored).
    uint8_t der[LP_CHIPSIM_CERT_MAX];
    uint8_t digest[32];
    size_t len;
    assert_int_equal(lp_chipsim_certificate(&r->image, LP_CHIPSIM_CERT_DEVICE, der, &len), LP_OK);
    assert_int_equal(der[4], 0x30);
    assert_int_equal(der[5], 0x82);
    host_sha(der + 4, 4u + (size_t)(der[6] << 8 | der[7]), digest);
    nonce_fixed(r, digest);
    assert_int_equal(st(r, 0x45, 0x00, 11, raw[0], 64), OK);
    digest[0] ^= 1;
    nonce_fixed(r, digest);
    assert_int_equal(st(r, 0x45, 0x00, 11, raw[0], 64), MISCOMPARE);
}

static void a_seeded_part_is_always_the_same(void **state)
{
    (void)state;
    lp_chipsim_image_t a;
    lp_chipsim_image_t b;
    uint8_t der[2][LP_CHIPSIM_CERT_MAX];
    size_t len[2];
    lp_chipsim_image_factory(&a, LP_CHIPSIM_ATECC608A, NULL, 5);
    lp_chipsim_image_factory(&b, LP_CHIPSIM_ATECC608A, NULL, 5);
    assert_int_equal(lp_chipsim_image_variant(&a, LP_CHIPSIM_TNGTLS), LP_OK);
    assert_int_equal(lp_chipsim_image_variant(&b, LP_CHIPSIM_TNGTLS), LP_OK);
    assert_memory_equal(&a, &b, sizeof a);
    lp_chipsim_image_factory(&b, LP_CHIPSIM_ATECC608A, NULL, 6);
    assert_int_equal(lp_chipsim_image_variant(&b, LP_CHIPSIM_TNGTLS), LP_OK);
    assert_memory_not_equal(a.data, b.data, sizeof a.data);
    // The root is everybody's.
    lp_chipsim_certificate(&a, LP_CHIPSIM_CERT_ROOT, der[0], &len[0]);
    lp_chipsim_certificate(&b, LP_CHIPSIM_CERT_ROOT, der[1], &len[1]);
    assert_int_equal(len[0], len[1]);
    assert_memory_equal(der[0], der[1], len[0]);
}

static void what_is_no_chain_is_said_to_be_none(void **state)
{
    (void)state;
    lp_chipsim_image_t image;
    lp_chipsim_image_t bad;
    uint8_t der[LP_CHIPSIM_CERT_MAX];
    size_t len;
    lp_chipsim_image_factory(&image, LP_CHIPSIM_ATECC608A, NULL, 5);
    for (int which = 0; which < LP_CHIPSIM_CERT_ROOT; which++) {
        assert_int_equal(lp_chipsim_certificate(&image, (lp_chipsim_cert_t)which, der, &len),
                         LP_E_NOT_FOUND);
    }
    assert_int_equal(lp_chipsim_image_variant(&image, LP_CHIPSIM_TNGTLS), LP_OK);
    static const struct {
        unsigned slot;
        size_t at;
        lp_err_t device;
        lp_err_t signer;
    } cases[] = {
        {10, 5, LP_E_FORMAT, LP_OK},       // signature
        {10, 64, LP_E_FORMAT, LP_OK},      // dates
        {10, 67, LP_E_FORMAT, LP_OK},      // another signer's number
        {10, 69, LP_E_NOT_FOUND, LP_OK},   // another template
        {11, 4, LP_E_FORMAT, LP_E_FORMAT}, // another signer's key: no point of the curve
        {12, 5, LP_OK, LP_E_FORMAT},
        {0, 20, LP_E_FORMAT, LP_OK}, // another identity than the certificate's
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t n;
        bad = image;
        lp_chipsim_slot(&bad, cases[i].slot, &n)[cases[i].at] ^= 0x01;
        assert_int_equal(lp_chipsim_certificate(&bad, LP_CHIPSIM_CERT_DEVICE, der, &len),
                         cases[i].device);
        assert_int_equal(lp_chipsim_certificate(&bad, LP_CHIPSIM_CERT_SIGNER, der, &len),
                         cases[i].signer);
    }
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(trust_and_go_signs_and_cannot_be_changed),
        T(trust_flex_keys_follow_their_table),
        T(every_part_has_keys_of_its_own),
        T(trust_and_go_carries_a_chain),
        T(certificates_are_compressed_as_the_note_says),
        T(a_seeded_part_is_always_the_same),
        T(what_is_no_chain_is_said_to_be_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
