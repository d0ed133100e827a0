// SPDX-License-Identifier: Apache-2.0
// What lp_seal() writes, opened by OpenSSL from the description in limpet/seal.h; and what
// lp_unseal() makes of anything else.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "fake/port.h"
#include "limpet/loop.h"
#include "limpet/seal.h"
#include "limpet/tls.h"

enum { LEN = 100, SEALED = LEN + LP_SEAL_EXTRA_BYTES };

static lp_loop_t loop;
static lp_keystore_t keys;
static _Alignas(16) uint8_t arena[64 * 1024];
static _Alignas(16) uint8_t stack[64 * 1024];
static uint8_t key[LP_SEAL_KEY_BYTES];
static uint8_t salt[LP_SEAL_SALT_BYTES];
static uint8_t plain[LEN];

static int setup(void **state)
{
    (void)state;
    fake_clock_reset();
    fake_system_reset();
    lp_loop_init(&loop);
    lp_keystore_init(&keys, &loop, NULL, NULL);
    const lp_tls_setup_t tls = {.loop = &loop,
                                .keys = &keys,
                                .arena = arena,
                                .arena_bytes = sizeof arena,
                                .stack = stack,
                                .stack_bytes = sizeof stack};
    memset(key, 0x42, sizeof key);
    memset(salt, 0x17, sizeof salt);
    memset(plain, 0x99, sizeof plain);
    return lp_tls_init(&tls);
}

static int teardown(void **state)
{
    (void)state;
    return lp_tls_deinit();
}

static size_t seal(uint8_t out[SEALED], lp_span_t text)
{
    lp_buf_t sealed = lp_buf(out, SEALED);
    assert_int_equal(lp_seal(key, "name", 7, salt, text, &sealed), LP_OK);
    return sealed.len;
}

// The head, then the name.
static void extra_of(const uint8_t *sealed, uint8_t extra[LP_SEAL_HEAD_BYTES + 4])
{
    memcpy(extra, sealed, LP_SEAL_HEAD_BYTES);
    memcpy(extra + LP_SEAL_HEAD_BYTES, "name", 4);
}

static void seal_opens_with_another_implementation(void **state)
{
    (void)state;
    static const uint8_t nonce[12];
    uint8_t sealed[SEALED];
    uint8_t extra[LP_SEAL_HEAD_BYTES + 4];
    uint8_t message[11 + sizeof extra];
    uint8_t own[32];
    uint8_t back[LEN];
    unsigned own_len = 0;
    int n = 0;
    assert_int_equal(seal(sealed, lp_span(plain, LEN)), SEALED);
    assert_memory_equal(sealed, "LPS1\x07\0\0\0", 8);
    assert_memory_equal(sealed + 8, salt, sizeof salt);
    extra_of(sealed, extra);
    memcpy(message, "limpet seal", 11);
    memcpy(message + 11, extra, sizeof extra);
    assert_non_null(HMAC(EVP_sha256(), key, sizeof key, message, sizeof message, own, &own_len));
    EVP_CIPHER_CTX *gcm = EVP_CIPHER_CTX_new();
    assert_int_equal(EVP_DecryptInit_ex(gcm, EVP_aes_256_gcm(), NULL, own, nonce), 1);
    assert_int_equal(EVP_DecryptUpdate(gcm, NULL, &n, extra, sizeof extra), 1);
    assert_int_equal(EVP_DecryptUpdate(gcm, back, &n, sealed + LP_SEAL_HEAD_BYTES, LEN), 1);
    assert_int_equal(
        EVP_CIPHER_CTX_ctrl(gcm, EVP_CTRL_GCM_SET_TAG, 16, sealed + LP_SEAL_HEAD_BYTES + LEN), 1);
    assert_int_equal(EVP_DecryptFinal_ex(gcm, back + LEN, &n), 1);
    EVP_CIPHER_CTX_free(gcm);
    assert_memory_equal(back, plain, LEN);
}

static lp_err_t unseal(const uint8_t *with, const char *name, lp_span_t sealed)
{
    uint8_t bytes[LEN];
    uint32_t version = 0;
    lp_buf_t out = lp_buf(bytes, sizeof bytes);
    const lp_err_t err = lp_unseal(with, name, sealed, &version, &out);
    assert_int_equal(out.len, err == LP_OK ? sealed.len - LP_SEAL_EXTRA_BYTES : 0);
    assert_int_equal(version, err == LP_OK ? 7 : 0);
    return err;
}

static void seal_opens_with_its_key_and_name_only(void **state)
{
    (void)state;
    uint8_t sealed[SEALED];
    uint8_t other[LP_SEAL_KEY_BYTES];
    memcpy(other, key, sizeof other);
    other[31] ^= 1;
    const lp_span_t whole = lp_span(sealed, seal(sealed, lp_span(plain, LEN)));
    assert_int_equal(unseal(key, "name", whole), LP_OK);
    assert_int_equal(unseal(other, "name", whole), LP_E_VERIFY);
    assert_int_equal(unseal(key, "nama", whole), LP_E_VERIFY);
    assert_int_equal(unseal(key, "name2", whole), LP_E_VERIFY);
    assert_int_equal(unseal(key, "", whole), LP_E_VERIFY);
    for (size_t i = 0; i < SEALED; i++) {
        sealed[i] ^= 0x80;
        assert_int_equal(unseal(key, "name", whole), i < 4 ? LP_E_FORMAT : LP_E_VERIFY);
        sealed[i] ^= 0x80;
    }
    for (size_t len = 0; len < SEALED; len++) {
        assert_int_equal(unseal(key, "name", lp_span(sealed, len)),
                         len < LP_SEAL_EXTRA_BYTES ? LP_E_FORMAT : LP_E_VERIFY);
    }
    assert_int_equal(unseal(key, "name", lp_span(sealed, seal(sealed, lp_span(NULL, 0)))), LP_OK);
}

static void seal_needs_room(void **state)
{
    (void)state;
    uint8_t sealed[SEALED];
    uint32_t version = 0;
    lp_buf_t small = lp_buf(sealed, SEALED - 1);
    assert_int_equal(lp_seal(key, "name", 7, salt, lp_span(plain, LEN), &small), LP_E_NOSPACE);
    assert_int_equal(small.len, 0);
    const size_t len = seal(sealed, lp_span(plain, LEN));
    uint8_t back[LEN - 1];
    lp_buf_t out = lp_buf(back, sizeof back);
    assert_int_equal(lp_unseal(key, "name", lp_span(sealed, len), &version, &out), LP_E_NOSPACE);
    assert_int_equal(out.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(seal_opens_with_another_implementation, setup, teardown),
        cmocka_unit_test_setup_teardown(seal_opens_with_its_key_and_name_only, setup, teardown),
        cmocka_unit_test_setup_teardown(seal_needs_room, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
