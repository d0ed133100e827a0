// SPDX-License-Identifier: Apache-2.0
// SHA in pieces, and what only the 608 has: AES, KDF, self-test, secure boot, on the emulated chip.
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "limpet/sha256.h"
#include "secrets_rig.h"

static uint8_t out[128];

// Public keys are stored as 4 bytes, X, 4 bytes, Y.
static void pack_pub(const uint8_t pub[64], uint8_t slot[72])
{
    memset(slot, 0, 72);
    memcpy(slot + 4, pub, 32);
    memcpy(slot + 40, pub + 32, 32);
}

static void with_public_keys(lp_chipsim_image_t *image)
{
    uint8_t peer[64];
    uint8_t slot[72];
    with_secrets(image);
    world_peer(peer);
    pack_pub(peer, slot);
    world_set_data(image, 13, slot, 72);
    slot[0] = 0xA0;
    world_set_data(image, 14, slot, 72);
}

// ---- SHA, AES, KDF and the rest of the 608 ------------------------------------------------------

static void hmac_sha256(const uint8_t *key, size_t key_len, lp_span_t msg, uint8_t mac[32])
{
    uint8_t pad[64];
    lp_sha256_t h;
    for (int k = 0; k < 2; k++) {
        memset(pad, k == 0 ? 0x36 : 0x5C, 64);
        for (size_t i = 0; i < key_len; i++) {
            pad[i] ^= key[i];
        }
        lp_sha256_init(&h);
        lp_sha256_update(&h, lp_span(pad, 64));
        lp_sha256_update(&h, k == 0 ? msg : lp_span(mac, 32));
        lp_sha256_final(&h, mac);
    }
}

static void sha_pieces(world_t *w)
{
    uint8_t message[100];
    uint8_t want[32];
    const lp_span_t none = lp_span(NULL, 0);
    memset(message, 0x42, sizeof message);
    const lp_span_t first = lp_span(message, 64);
    const lp_span_t rest = lp_span(message + 64, 36);
    RUN(w, LP_OK,
        lp_atecc_sha(&w->chip, &w->req, LP_ATECC_SHA_HMAC_START, 7, none, NULL, world_done, w));
    RUN(w, LP_OK,
        lp_atecc_sha(&w->chip, &w->req, LP_ATECC_SHA_UPDATE, 0, first, NULL, world_done, w));
    const uint8_t end = is_508(w) ? LP_ATECC_SHA_HMAC_END : LP_ATECC_SHA_END;
    RUN(w, LP_OK, lp_atecc_sha(&w->chip, &w->req, end, 0, rest, out, world_done, w));
    hmac_sha256(secret, 32, lp_span(message, 100), want);
    assert_memory_equal(out, want, 32);
    // A stored public key in the middle.
    uint8_t peer[64];
    lp_sha256_t h;
    world_peer(peer);
    RUN(w, LP_OK,
        lp_atecc_sha(&w->chip, &w->req, LP_ATECC_SHA_START, 0, none, NULL, world_done, w));
    RUN(w, LP_OK,
        lp_atecc_sha(&w->chip, &w->req, LP_ATECC_SHA_PUBLIC, 13, none, NULL, world_done, w));
    RUN(w, LP_OK, lp_atecc_sha(&w->chip, &w->req, LP_ATECC_SHA_END, 0, rest, out, world_done, w));
    lp_sha256_init(&h);
    lp_sha256_update(&h, lp_span(peer, 64));
    lp_sha256_update(&h, rest);
    lp_sha256_final(&h, want);
    assert_memory_equal(out, want, 32);
    assert_int_equal(
        lp_atecc_sha(&w->chip, &w->req, LP_ATECC_SHA_END, 0, rest, NULL, world_done, w),
        LP_E_INVALID);
}

static void sha_context(world_t *w)
{
    uint8_t message[100];
    uint8_t context[99];
    uint8_t want[32];
    size_t len = 0;
    const lp_span_t none = lp_span(NULL, 0);
    if (is_508(w)) {
        assert_int_equal(lp_atecc_sha_context(&w->chip, &w->req, context, &len, world_done, w),
                         LP_E_UNSUPPORTED);
        return;
    }
    memset(message, 0x24, sizeof message);
    RUN(w, LP_OK,
        lp_atecc_sha(&w->chip, &w->req, LP_ATECC_SHA_START, 0, none, NULL, world_done, w));
    RUN(w, LP_OK,
        lp_atecc_sha(&w->chip, &w->req, LP_ATECC_SHA_UPDATE, 0, lp_span(message, 50), NULL,
                     world_done, w));
    RUN(w, LP_OK, lp_atecc_sha_context(&w->chip, &w->req, context, &len, world_done, w));
    assert_int_equal(len, 90);
    // Somebody else's digest, and sleep, in between.
    RUN(w, LP_OK, lp_atecc_sha256(&w->chip, &w->req, lp_span(message, 3), out, world_done, w));
    RUN(w, LP_OK, lp_atecc_rest(&w->chip, &w->req, LP_ATECC_SLEEP, world_done, w));
    RUN(w, LP_OK,
        lp_atecc_sha(&w->chip, &w->req, LP_ATECC_SHA_WRITE_CONTEXT, 0, lp_span(context, len), NULL,
                     world_done, w));
    RUN(w, LP_OK,
        lp_atecc_sha(&w->chip, &w->req, LP_ATECC_SHA_END, 0, lp_span(message + 50, 50), out,
                     world_done, w));
    lp_sha256(lp_span(message, 100), want);
    assert_memory_equal(out, want, 32);
}

static void sha_in_pieces(void **state)
{
    (void)state;
    each_model(with_public_keys, sha_pieces);
    each_model(with_public_keys, sha_context);
}

static void with_aes(lp_chipsim_image_t *image)
{
    // FIPS 197, appendix C.1
    static const uint8_t key[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    uint8_t slot[64] = {0};
    with_secrets(image);
    image->config[13] |= 1;
    memcpy(slot + 32, key, 16);
    world_set_slot(image, 9, 0x0F8F, 0x001A);
    world_set_data(image, 9, slot, 64);
}

static void aes(world_t *w)
{
    static const uint8_t plain[16] = {0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
                                      0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff};
    static const uint8_t cipher[16] = {0x69, 0xc4, 0xe0, 0xd8, 0x6a, 0x7b, 0x04, 0x30,
                                       0xd8, 0xcd, 0xb7, 0x80, 0x70, 0xb4, 0xc5, 0x5a};
    if (is_508(w)) {
        assert_int_equal(lp_atecc_aes(&w->chip, &w->req, false, 9, 2, plain, out, world_done, w),
                         LP_E_UNSUPPORTED);
        return;
    }
    RUN(w, LP_OK, lp_atecc_aes(&w->chip, &w->req, false, 9, 2, plain, out, world_done, w));
    assert_memory_equal(out, cipher, 16);
    RUN(w, LP_OK, lp_atecc_aes(&w->chip, &w->req, true, 9, 2, cipher, out, world_done, w));
    assert_memory_equal(out, plain, 16);
    // GCM test case 2: H = 66e94bd4..., X = C1 = 0388dace..., H*X = 5e2ec746...
    static const uint8_t h[16] = {0x66, 0xe9, 0x4b, 0xd4, 0xef, 0x8a, 0x2c, 0x3b,
                                  0x88, 0x4c, 0xfa, 0x59, 0xca, 0x34, 0x2b, 0x2e};
    static const uint8_t x[16] = {0x03, 0x88, 0xda, 0xce, 0x60, 0xb6, 0xa3, 0x92,
                                  0xf3, 0x28, 0xc2, 0xb9, 0x71, 0xb2, 0xfe, 0x78};
    static const uint8_t hx[16] = {0x5e, 0x2e, 0xc7, 0x46, 0x91, 0x70, 0x62, 0x88,
                                   0x2c, 0x85, 0xb0, 0x68, 0x53, 0x53, 0xde, 0xb7};
    RUN(w, LP_OK, lp_atecc_aes_gfm(&w->chip, &w->req, h, x, out, world_done, w));
    assert_memory_equal(out, hx, 16);
}

static void aes_of_the_standard(void **state)
{
    (void)state;
    each_model(with_aes, aes);
}

static void kdf(world_t *w)
{
    static const uint8_t message[20] = "twenty bytes of text";
    uint8_t want[32];
    const uint32_t hkdf = 20u << 24 | 2; // length, message in the input
    const uint8_t mode = LP_ATECC_KDF_HKDF | LP_ATECC_KDF_FROM_SLOT | LP_ATECC_KDF_TO_OUTPUT;
    if (is_508(w)) {
        assert_int_equal(lp_atecc_kdf(&w->chip, &w->req, mode, 7, hkdf, lp_span(message, 20), out,
                                      32, world_done, w),
                         LP_E_UNSUPPORTED);
        return;
    }
    RUN(w, LP_OK,
        lp_atecc_kdf(&w->chip, &w->req, mode, 7, hkdf, lp_span(message, 20), out, 32, world_done,
                     w));
    hmac_sha256(secret, 32, lp_span(message, 20), want);
    assert_memory_equal(out, want, 32);
    const uint8_t sealed =
        LP_ATECC_KDF_HKDF | LP_ATECC_KDF_FROM_SLOT | LP_ATECC_KDF_TO_OUTPUT_PROTECTED;
    RUN(w, LP_OK,
        lp_atecc_kdf(&w->chip, &w->req, sealed, 7, hkdf, lp_span(message, 20), out, 64, world_done,
                     w));
    lp_atecc_calc_unprotect(other_secret, out + 32, out, 32);
    assert_memory_equal(out, want, 32);
}

static void kdf_is_one_hmac(void **state)
{
    (void)state;
    each_model(with_secrets, kdf);
}

static void selftest(world_t *w)
{
    uint8_t failed = 0xAA;
    const uint8_t all = LP_ATECC_TEST_RNG | LP_ATECC_TEST_ECDSA | LP_ATECC_TEST_ECDH |
                        LP_ATECC_TEST_AES | LP_ATECC_TEST_SHA;
    if (is_508(w)) {
        assert_int_equal(lp_atecc_selftest(&w->chip, &w->req, all, &failed, world_done, w),
                         LP_E_UNSUPPORTED);
        return;
    }
    RUN(w, LP_OK, lp_atecc_selftest(&w->chip, &w->req, all, &failed, world_done, w));
    assert_int_equal(failed, 0);
    const lp_chipsim_defects_t broken = {.selftest = LP_ATECC_TEST_SHA};
    lp_chipsim_break(w->sim, &broken);
    RUN(w, LP_OK, lp_atecc_selftest(&w->chip, &w->req, all, &failed, world_done, w));
    assert_int_equal(failed, LP_ATECC_TEST_SHA);
    RUN(w, LP_E_CHIP_SELFTEST, lp_atecc_random(&w->chip, &w->req, out, world_done, w));
}

static void selftest_says_what_failed(void **state)
{
    (void)state;
    each_model(NULL, selftest);
}

static void with_secure_boot(lp_chipsim_image_t *image)
{
    uint8_t peer[64];
    uint8_t slot[72];
    with_secrets(image);
    world_peer(peer);
    pack_pub(peer, slot);
    world_set_data(image, 15, slot, 72);
    world_set_slot(image, 15, 0x0F0F, 0x0030);
    world_set_slot(image, 5, 0x8F9F, 0x001C);
    image->config[70] = 0x03; // FullDig
    image->config[71] = 0xF5; // key in 15, digest in 5
}

static void secureboot(world_t *w)
{
    uint8_t digest[32] = {1, 2, 3};
    uint8_t sig[64] = {0};
    if (is_508(w)) {
        assert_int_equal(lp_atecc_secureboot(&w->chip, &w->req, LP_ATECC_BOOT_FULL_COPY, digest,
                                             sig, NULL, world_done, w),
                         LP_E_UNSUPPORTED);
        return;
    }
    world_sign(digest, sig);
    RUN(w, LP_OK,
        lp_atecc_secureboot(&w->chip, &w->req, LP_ATECC_BOOT_FULL_COPY, digest, sig, NULL,
                            world_done, w));
    RUN(w, LP_OK,
        lp_atecc_secureboot(&w->chip, &w->req, LP_ATECC_BOOT_FULL_STORE, digest, NULL, NULL,
                            world_done, w));
    digest[0] ^= 1;
    RUN(w, LP_E_CHIP_MISMATCH,
        lp_atecc_secureboot(&w->chip, &w->req, LP_ATECC_BOOT_FULL_STORE, digest, NULL, NULL,
                            world_done, w));
    digest[0] ^= 1;
    // The same with the digest hidden and an answer that cannot be forged.
    lp_atecc_tempkey_t tk;
    uint8_t hidden[32];
    uint8_t mac[32];
    uint8_t want[32];
    const uint8_t mode = LP_ATECC_BOOT_FULL_STORE | LP_ATECC_BOOT_PROTECTED;
    begin_random(w, &tk);
    memcpy(hidden, digest, 32);
    lp_atecc_calc_secureboot(other_secret, tk.value, mode, hidden, NULL, want);
    assert_memory_not_equal(hidden, digest, 32);
    RUN(w, LP_OK, lp_atecc_secureboot(&w->chip, &w->req, mode, hidden, NULL, mac, world_done, w));
    assert_memory_equal(mac, want, 32);
}

static void secure_boot_knows_the_code(void **state)
{
    (void)state;
    each_model(with_secure_boot, secureboot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha_in_pieces),
        cmocka_unit_test(aes_of_the_standard),
        cmocka_unit_test(kdf_is_one_hmac),
        cmocka_unit_test(selftest_says_what_failed),
        cmocka_unit_test(secure_boot_knows_the_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
