// SPDX-License-Identifier: Apache-2.0
// AES-128-GCM against OpenSSL's, at all lengths around blocks, and what must be refused.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>

#include "limpet/gcm.h"

enum { TEXT_MAX = 100 };

typedef struct {
    uint8_t key[LP_GCM_KEY_BYTES];
    uint8_t nonce[LP_GCM_NONCE_BYTES];
    uint8_t extra[48];
    uint8_t plain[TEXT_MAX];
} input_t;

static input_t input_of(unsigned seed)
{
    input_t in;
    uint8_t *p = (uint8_t *)&in;
    uint32_t x = seed * 2654435761u + 1;
    for (size_t i = 0; i < sizeof in; i++) {
        x = x * 1664525u + 1013904223u;
        p[i] = (uint8_t)(x >> 24);
    }
    return in;
}

static lp_gcm_t with_of(const input_t *in, size_t extra_len)
{
    return (lp_gcm_t){in->key, in->nonce, lp_span(in->extra, extra_len)};
}

static void seal_by_openssl(const input_t *in, size_t extra_len, size_t len, uint8_t *out,
                            uint8_t tag[LP_GCM_TAG_BYTES])
{
    int n = 0;
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    assert_int_equal(EVP_EncryptInit_ex(c, EVP_aes_128_gcm(), NULL, in->key, in->nonce), 1);
    assert_int_equal(EVP_EncryptUpdate(c, NULL, &n, in->extra, (int)extra_len), 1);
    assert_int_equal(EVP_EncryptUpdate(c, out, &n, in->plain, (int)len), 1);
    assert_int_equal(EVP_EncryptFinal_ex(c, out + n, &n), 1);
    assert_int_equal(EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, LP_GCM_TAG_BYTES, tag), 1);
    EVP_CIPHER_CTX_free(c);
}

// @source the GCM specification of McGrew and Viega, test cases 1 and 2
static void published_vectors(void **state)
{
    (void)state;
    static const uint8_t zero[16];
    static const uint8_t tag1[] = {0x58, 0xe2, 0xfc, 0xce, 0xfa, 0x7e, 0x30, 0x61,
                                   0x36, 0x7f, 0x1d, 0x57, 0xa4, 0xe7, 0x45, 0x5a};
    static const uint8_t sealed2[] = {0x03, 0x88, 0xda, 0xce, 0x60, 0xb6, 0xa3, 0x92,
                                      0xf3, 0x28, 0xc2, 0xb9, 0x71, 0xb2, 0xfe, 0x78};
    static const uint8_t tag2[] = {0xab, 0x6e, 0x47, 0xd4, 0x2c, 0xec, 0x13, 0xbd,
                                   0xf5, 0x3a, 0x67, 0xb2, 0x12, 0x57, 0xbd, 0xdf};
    const lp_gcm_t with = {zero, zero, {0}};
    uint8_t out[16], tag[LP_GCM_TAG_BYTES];
    lp_gcm_seal(&with, lp_span(NULL, 0), out, tag);
    assert_memory_equal(tag, tag1, sizeof tag);
    lp_gcm_seal(&with, lp_span(zero, sizeof zero), out, tag);
    assert_memory_equal(out, sealed2, sizeof out);
    assert_memory_equal(tag, tag2, sizeof tag);
}

static void every_length_is_openssls_and_opens_in_place(void **state)
{
    (void)state;
    for (size_t len = 0; len <= TEXT_MAX; len++) {
        for (size_t extra = 0; extra <= sizeof((input_t *)0)->extra; extra += 5) {
            const input_t in = input_of((unsigned)(len * 64 + extra));
            const lp_gcm_t with = with_of(&in, extra);
            uint8_t expected[TEXT_MAX + 16], expected_tag[LP_GCM_TAG_BYTES];
            uint8_t text[TEXT_MAX + 1], tag[LP_GCM_TAG_BYTES];
            seal_by_openssl(&in, extra, len, expected, expected_tag);
            memcpy(text, in.plain, len);
            lp_gcm_seal(&with, lp_span(text, len), text, tag);
            assert_memory_equal(text, expected, len);
            assert_memory_equal(tag, expected_tag, sizeof tag);
            assert_int_equal(lp_gcm_open(&with, lp_span(text, len), tag, text), LP_OK);
            assert_memory_equal(text, in.plain, len);
        }
    }
}

static void any_flipped_bit_is_refused_and_nothing_is_written(void **state)
{
    (void)state;
    enum { LEN = 37, EXTRA = 13 };
    input_t in = input_of(7);
    const lp_gcm_t with = with_of(&in, EXTRA);
    uint8_t sealed[LEN], tag[LP_GCM_TAG_BYTES], out[LEN], untouched[LEN];
    lp_gcm_seal(&with, lp_span(in.plain, LEN), sealed, tag);
    memset(out, 0xA5, sizeof out);
    memcpy(untouched, out, sizeof out);
    uint8_t *const parts[] = {sealed, tag, in.extra, in.nonce, in.key};
    const size_t lens[] = {LEN, sizeof tag, EXTRA, sizeof in.nonce, sizeof in.key};
    for (size_t p = 0; p < sizeof parts / sizeof parts[0]; p++) {
        for (size_t bit = 0; bit < lens[p] * 8; bit++) {
            parts[p][bit / 8] ^= (uint8_t)(1u << bit % 8);
            assert_int_equal(lp_gcm_open(&with, lp_span(sealed, LEN), tag, out), LP_E_DENIED);
            assert_memory_equal(out, untouched, sizeof out);
            parts[p][bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
    }
    assert_int_equal(lp_gcm_open(&with, lp_span(sealed, LEN - 1), tag, out), LP_E_DENIED);
    assert_int_equal(lp_gcm_open(&with, lp_span(sealed, LEN), tag, out), LP_OK);
    assert_memory_equal(out, in.plain, LEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_vectors),
        cmocka_unit_test(every_length_is_openssls_and_opens_in_place),
        cmocka_unit_test(any_flipped_bit_is_refused_and_nothing_is_written),
    };
    return cmocka_run_group_tests_name("gcm", tests, NULL, NULL);
}
