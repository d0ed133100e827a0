// SPDX-License-Identifier: Apache-2.0
// The PRF of TLS 1.2 against OpenSSL's.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "limpet/prf.h"

enum { OUT_MAX = 150 };

static void by_openssl(lp_span_t secret, lp_span_t label, lp_span_t seed, uint8_t *out, size_t len)
{
    uint8_t both[256];
    memcpy(both, label.ptr, label.len);
    memcpy(both + label.len, seed.ptr, seed.len);
    char digest[] = "SHA256";
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SECRET, (void *)(uintptr_t)secret.ptr,
                                          secret.len),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, both, label.len + seed.len),
        OSSL_PARAM_construct_end(),
    };
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, OSSL_KDF_NAME_TLS1_PRF, NULL);
    EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
    assert_int_equal(EVP_KDF_derive(ctx, out, len, params), 1);
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
}

static void every_length_is_openssls(void **state)
{
    (void)state;
    uint8_t bytes[LP_PRF_SECRET_MAX], seed[64];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(i * 59 + 3);
        seed[i] = (uint8_t)(i * 31 + 7);
    }
    const lp_span_t label = lp_span_str("extended master secret");
    for (size_t secret = 1; secret <= sizeof bytes; secret++) {
        uint8_t expected[OUT_MAX], got[OUT_MAX + 1];
        const size_t len = 1 + secret * 7 % OUT_MAX;
        const lp_span_t key = lp_span(bytes, secret), salt = lp_span(seed, 64 - secret % 33);
        by_openssl(key, label, salt, expected, len);
        got[len] = 0xA5;
        assert_int_equal(lp_prf_sha256(key, label, salt, got, len), LP_OK);
        assert_memory_equal(got, expected, len);
        assert_int_equal(got[len], 0xA5);
    }
}

static void longer_secret_is_refused(void **state)
{
    (void)state;
    const uint8_t secret[LP_PRF_SECRET_MAX + 1] = {0};
    uint8_t out[4] = {1, 2, 3, 4};
    const uint8_t before[4] = {1, 2, 3, 4};
    assert_int_equal(lp_prf_sha256(lp_span(secret, sizeof secret), lp_span_str("x"),
                                   lp_span_str("y"), out, sizeof out),
                     LP_E_RANGE);
    assert_memory_equal(out, before, sizeof out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_length_is_openssls),
        cmocka_unit_test(longer_secret_is_refused),
    };
    return cmocka_run_group_tests_name("prf", tests, NULL, NULL);
}
