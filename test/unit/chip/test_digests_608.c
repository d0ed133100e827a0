// SPDX-License-Identifier: Apache-2.0
// Every digest of every command in every mode, byte for byte, against OpenSSL; and published
// vectors.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>

#include "digest_rig.h"

// ---- 608 --------------------------------------------------------------------

static void aes_known_answers(void **state)
{
    rig_t *r = *state;
    uint8_t key[32];
    uint8_t in[32];
    uint8_t want[16];
    rig_image(r, M608, ALL_LOCKED);
    rig_start(r);
    from_hex("000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0f",
             key); // FIPS 197, C.1
    from_hex("00112233445566778899aabbccddeeff", in);
    from_hex("69c4e0d86a7b0430d8cdb78070b4c55a", want);
    nonce_fixed(r, key);
    reply_t a = cmd(r, 0x51, 0x00, 0xFFFF, in, 16);
    assert_data(&a, want, 16);
    reply_t b = cmd(r, 0x51, 0x41, 0xFFFF, want, 16); // AES never clears TempKey
    assert_data(&b, in, 16);
    // GCM specification, test case 2: H, then the first block of GHASH.
    from_hex("66e94bd4ef8a2c3b884cfa59ca342b2e0388dace60b6a392f328c2b971b2fe78", in);
    from_hex("5e2ec746917062882c85b0685353deb7", want);
    reply_t c = cmd(r, 0x51, 0x03, 0, in, 32);
    assert_data(&c, want, 16);
}

static reply_t kdf(rig_t *r, uint8_t mode, uint16_t p2, uint32_t details, const void *msg,
                   size_t len)
{
    uint8_t data[140] = {(uint8_t)details, (uint8_t)(details >> 8), (uint8_t)(details >> 16),
                         (uint8_t)(details >> 24)};
    if (len > 0) {
        memcpy(data + 4, msg, len);
    }
    return cmd(r, 0x56, mode, p2, data, len + 4);
}

static void tls12_prf(const uint8_t *secret, size_t secret_len, const void *seed, size_t len,
                      uint8_t *out, size_t out_len)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_id(EVP_PKEY_TLS1_PRF, NULL);
    EVP_PKEY_derive_init(ctx);
    EVP_PKEY_CTX_set_tls1_prf_md(ctx, EVP_sha256());
    EVP_PKEY_CTX_set1_tls1_prf_secret(ctx, secret, (int)secret_len);
    EVP_PKEY_CTX_add1_tls1_prf_seed(ctx, seed, (int)len);
    EVP_PKEY_derive(ctx, out, &out_len);
    EVP_PKEY_CTX_free(ctx);
}

static void kdf_prf_is_tls_12(void **state)
{
    rig_t *r = *state;
    static const char label[] = "master secretABCDEFGHIJKLMNOP";
    uint8_t wide[64];
    uint8_t want[64];
    memcpy(wide, key32(1), 32);
    memcpy(wide + 32, key32(2), 32);
    rig_image(r, M608, ALL_LOCKED);
    rig_start(r);
    for (unsigned key_len = 0; key_len < 4; key_len++) {
        assert_int_equal(st(r, 0x16, 0x23, 0, wide, 64), OK);
        tls12_prf(wide, 16 * (key_len + 1), label, sizeof label, want, 64);
        reply_t a =
            kdf(r, 0x10, 0, (uint32_t)sizeof label << 24 | 0x100 | key_len, label, sizeof label);
        assert_data(&a, want, 64);
        a = kdf(r, 0x10, 0, (uint32_t)sizeof label << 24 | key_len, label, sizeof label);
        assert_data(&a, want, 32);
    }
    // AEAD: the first half stays inside, the second comes out.
    tls12_prf(wide, 32, label, sizeof label, want, 64);
    reply_t a = kdf(r, 0x0C, 0, (uint32_t)sizeof label << 24 | 0x300 | 1, label, sizeof label);
    assert_data(&a, want + 32, 32);
    assert_int_equal(
        kdf(r, 0x10, 0, (uint32_t)sizeof label << 24 | 0x300 | 1, label, sizeof label).status,
        PARSE);
    // TempKey of 32 bytes has no key of 48.
    nonce_fixed(r, key32(1));
    assert_int_equal(kdf(r, 0x10, 0, (uint32_t)sizeof label << 24 | 2, label, sizeof label).status,
                     EXEC);
}

// RFC 5869, test case 1: PRK is one HMAC, T(1) another.
static void kdf_hkdf_takes_rfc_5869(void **state)
{
    rig_t *r = *state;
    uint8_t prk[32];
    uint8_t want[32];
    uint8_t info[11];
    from_hex("077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5", prk);
    from_hex("f0f1f2f3f4f5f6f7f8f901", info);
    from_hex("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf", want);
    rig_image(r, M608, ALL_LOCKED);
    rig_start(r);
    nonce_fixed(r, prk);
    reply_t a = kdf(r, 0x50, 0, 11u << 24 | 2, info, 11);
    assert_data(&a, want, 32);
    // No message: 32 zero bytes; no key: 32 zero bytes; message from TempKey and from a slot.
    uint8_t zeros[32] = {0};
    host_hmac(prk, 32, zeros, 32, want);
    a = kdf(r, 0x50, 0, 2, NULL, 0);
    assert_data(&a, want, 32);
    host_hmac(zeros, 32, info, 11, want);
    a = kdf(r, 0x50, 0, 11u << 24 | 4 | 2, info, 11);
    assert_data(&a, want, 32);
    st(r, 0x16, 0x83, 0, key32(5), 32);
    host_hmac(key32(5), 32, prk, 20, want);
    a = kdf(r, 0x53, 0, 20u << 24 | 1, NULL, 0);
    assert_data(&a, want, 32);
    host_hmac(prk, 32, slot_bytes(r, 9), 40, want);
    a = kdf(r, 0x50, 0, 40u << 24 | 9u << 8, NULL, 0);
    assert_data(&a, want, 32);
    assert_int_equal(kdf(r, 0x40, 0, 20u << 24 | 1, NULL, 0).status, PARSE); // TempKey over itself
}

static void kdf_encrypts_64_bytes_with_two_pads(void **state)
{
    rig_t *r = *state;
    static const char label[] = "key expansion";
    uint8_t want[64];
    rig_image(r, M608, ALL_LOCKED);
    r->image.config[90] = 0x02;
    r->image.config[91] = 0x60;
    rig_slot(r, 6, 0x808F, 0x001C);
    rig_key(r, 6, 8);
    rig_start(r);
    nonce_fixed(r, key32(1));
    tls12_prf(key32(1), 32, label, sizeof label, want, 64);
    reply_t a = kdf(r, 0x14, 0, (uint32_t)sizeof label << 24 | 0x101, label, sizeof label);
    assert_int_equal(a.len, 96);
    for (unsigned half = 0; half < 2; half++) {
        bytes_t b = {.len = 0};
        uint8_t pad[32];
        add(&b, key32(8), 32);
        add(&b, a.data + 64 + 16 * half, 16);
        host_hash(&b, pad);
        for (unsigned i = 0; i < 32; i++) {
            assert_int_equal(a.data[32 * half + i] ^ pad[i], want[32 * half + i]);
        }
    }
}

// The MAC of SecureBoot, with the digest hidden on the bus.
static void secure_boot_macs_are_exact(void **state)
{
    rig_t *r = *state;
    for (unsigned kind = 1; kind <= 3; kind++) {
        for (unsigned mode = kind == 1 ? 0x85 : 0x87; mode >= 0x85; mode--) {
            if ((kind == 1) != (mode == 0x85)) {
                continue;
            }
            rig_image(r, M608, ALL_LOCKED);
            r->image.config[70] = (uint8_t)kind;
            r->image.config[71] = 0xF8;
            r->image.config[90] = 0x02;
            r->image.config[91] = 0x60;
            rig_slot(r, 6, 0x808F, 0x001C);
            rig_key(r, 6, 8);
            rig_slot(r, 15, 0x000F, 0x0010);
            rig_public(r, 15, 5);
            uint8_t sig[64];
            host_sign(key32(5), key32(1), sig);
            rig_put(r, 8, 0, kind == 3 ? key32(1) : sig, kind == 3 ? 32 : 64);
            rig_start(r);
            nonce_random(r);
            bytes_t b = {.len = 0};
            uint8_t hashed[32];
            uint8_t want[32];
            uint8_t data[96];
            add(&b, key32(8), 32);
            add(&b, r->tk, 32);
            host_hash(&b, hashed);
            for (unsigned i = 0; i < 32; i++) {
                data[i] = (uint8_t)(key32(1)[i] ^ hashed[i]);
            }
            memcpy(data + 32, sig, 64);
            b.len = 0;
            add(&b, hashed, 32);
            add(&b, key32(1), 32);
            if (!(mode == 0x86 && kind == 3)) {
                add(&b, sig, 64);
            }
            add_head(&b, 0x80, mode, 0);
            host_hash(&b, want);
            reply_t a = cmd(r, 0x80, (uint8_t)mode, 0, data, mode == 0x86 ? 32 : 96);
            assert_data(&a, want, 32);
        }
    }
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(aes_known_answers),          T(kdf_prf_is_tls_12),
        T(kdf_hkdf_takes_rfc_5869),    T(kdf_encrypts_64_bytes_with_two_pads),
        T(secure_boot_macs_are_exact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
