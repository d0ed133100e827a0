// SPDX-License-Identifier: Apache-2.0
// HMAC_DRBG against OpenSSL's, whose entropy is told what to be.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "limpet/drbg.h"

enum { ENTROPY = 32, NONCE = 16, PERSON = 10 };

typedef struct {
    EVP_RAND_CTX *source, *drbg;
    uint8_t seed[ENTROPY + NONCE + PERSON];
} reference_t;

static EVP_RAND_CTX *context(const char *name, EVP_RAND_CTX *parent)
{
    EVP_RAND *rand = EVP_RAND_fetch(NULL, name, NULL);
    assert_non_null(rand);
    EVP_RAND_CTX *ctx = EVP_RAND_CTX_new(rand, parent);
    EVP_RAND_free(rand);
    assert_non_null(ctx);
    return ctx;
}

static void give_entropy(reference_t *r, uint8_t *entropy, uint8_t *nonce)
{
    unsigned strength = 256;
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_uint(OSSL_RAND_PARAM_STRENGTH, &strength),
        OSSL_PARAM_construct_octet_string(OSSL_RAND_PARAM_TEST_ENTROPY, entropy, ENTROPY),
        OSSL_PARAM_construct_octet_string(OSSL_RAND_PARAM_TEST_NONCE, nonce, NONCE),
        OSSL_PARAM_construct_end(),
    };
    assert_int_equal(EVP_RAND_CTX_set_params(r->source, params), 1);
}

static void reference_open(reference_t *r)
{
    for (size_t i = 0; i < sizeof r->seed; i++) {
        r->seed[i] = (uint8_t)(i * 73 + 5);
    }
    char digest[] = "SHA256", mac[] = "HMAC";
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_DRBG_PARAM_MAC, mac, 0),
        OSSL_PARAM_construct_utf8_string(OSSL_DRBG_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };
    r->source = context("TEST-RAND", NULL);
    give_entropy(r, r->seed, r->seed + ENTROPY);
    assert_int_equal(EVP_RAND_instantiate(r->source, 256, 0, NULL, 0, NULL), 1);
    r->drbg = context("HMAC-DRBG", r->source);
    assert_int_equal(
        EVP_RAND_instantiate(r->drbg, 256, 0, r->seed + ENTROPY + NONCE, PERSON, params), 1);
}

static void reference_close(reference_t *r)
{
    EVP_RAND_CTX_free(r->drbg);
    EVP_RAND_CTX_free(r->source);
}

static void assert_same(reference_t *r, lp_drbg_t *d, size_t len)
{
    uint8_t expected[200], got[200];
    assert_int_equal(EVP_RAND_generate(r->drbg, expected, len, 256, 0, NULL, 0), 1);
    lp_drbg_fill(d, got, len);
    assert_memory_equal(got, expected, len);
}

static void what_comes_out_is_openssls(void **state)
{
    (void)state;
    reference_t r;
    lp_drbg_t d;
    reference_open(&r);
    lp_drbg_init(&d, lp_span(r.seed, sizeof r.seed));
    for (size_t len = 1; len <= 200; len += 13) {
        assert_same(&r, &d, len);
    }
    reference_close(&r);
}

static void reseeded_it_still_is(void **state)
{
    (void)state;
    reference_t r;
    lp_drbg_t d;
    uint8_t more[ENTROPY + 7];
    for (size_t i = 0; i < sizeof more; i++) {
        more[i] = (uint8_t)(i * 29 + 1);
    }
    reference_open(&r);
    lp_drbg_init(&d, lp_span(r.seed, sizeof r.seed));
    assert_same(&r, &d, 40);
    give_entropy(&r, more, r.seed);
    assert_int_equal(EVP_RAND_reseed(r.drbg, 0, NULL, 0, more + ENTROPY, 7), 1);
    lp_drbg_reseed(&d, lp_span(more, sizeof more));
    assert_same(&r, &d, 64);
    reference_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_comes_out_is_openssls),
        cmocka_unit_test(reseeded_it_still_is),
    };
    return cmocka_run_group_tests_name("drbg", tests, NULL, NULL);
}
