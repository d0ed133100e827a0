// SPDX-License-Identifier: Apache-2.0
#include <mbedtls/asn1.h>
#include <mbedtls/asn1write.h>
#include <mbedtls/ecdh.h>
#include <mbedtls/ecdsa.h>
#include <stdlib.h>
#include <string.h>

#include "other.h"

enum { COORDINATE = 32, OCTETS = 1 + 2 * COORDINATE, SIG_MAX = 80, PARAMS_MAX = 4 };

struct evp_pkey_ctx_st {
    EVP_PKEY *key, *peer;
};
struct ECDSA_SIG_st {
    BIGNUM *r, *s;
};
struct ossl_param_bld_st {
    OSSL_PARAM params[PARAMS_MAX + 1]; // the last one has no name
    size_t count;
};

// ---- keys --------------------------------------------------------------------------------------

static EVP_PKEY *key_new(void)
{
    EVP_PKEY *key = other_new(sizeof *key);
    key->refs = 1;
    mbedtls_ecp_group_init(&key->group);
    mbedtls_mpi_init(&key->d);
    mbedtls_ecp_point_init(&key->q);
    if (mbedtls_ecp_group_load(&key->group, MBEDTLS_ECP_DP_SECP256R1) != 0) {
        abort();
    }
    return key;
}

EVP_PKEY *EVP_EC_gen(const char *group)
{
    EVP_PKEY *key = strcmp(group, "P-256") == 0 ? key_new() : NULL;
    if (key != NULL &&
        mbedtls_ecp_gen_keypair(&key->group, &key->d, &key->q, other_rng, NULL) != 0) {
        abort();
    }
    return key;
}

int EVP_PKEY_up_ref(EVP_PKEY *key)
{
    key->refs++;
    return 1;
}

void EVP_PKEY_free(EVP_PKEY *key)
{
    if (key == NULL || --key->refs > 0) {
        return;
    }
    mbedtls_ecp_group_free(&key->group);
    mbedtls_mpi_free(&key->d);
    mbedtls_ecp_point_free(&key->q);
    free(key);
}

int EVP_PKEY_get_octet_string_param(const EVP_PKEY *key, const char *name, unsigned char *bytes,
                                    size_t cap, size_t *len)
{
    size_t n = 0;
    const int err = strcmp(name, OSSL_PKEY_PARAM_PUB_KEY) == 0 && cap >= OCTETS
                        ? mbedtls_ecp_point_write_binary(
                              &key->group, &key->q, MBEDTLS_ECP_PF_UNCOMPRESSED, &n, bytes, cap)
                        : -1;
    if (err == 0 && len != NULL) {
        *len = n;
    }
    return other_ok(err);
}

EVP_PKEY_CTX *EVP_PKEY_CTX_new(EVP_PKEY *key, ENGINE *engine)
{
    (void)engine;
    EVP_PKEY_CTX *ctx = other_new(sizeof *ctx);
    ctx->key = key;
    if (key != NULL) {
        key->refs++;
    }
    return ctx;
}

EVP_PKEY_CTX *EVP_PKEY_CTX_new_from_name(OSSL_LIB_CTX *lib, const char *name,
                                         const char *properties)
{
    (void)lib;
    (void)properties;
    return strcmp(name, "EC") == 0 ? EVP_PKEY_CTX_new(NULL, NULL) : NULL;
}

void EVP_PKEY_CTX_free(EVP_PKEY_CTX *ctx)
{
    if (ctx != NULL) {
        EVP_PKEY_free(ctx->key);
        EVP_PKEY_free(ctx->peer);
        free(ctx);
    }
}

// ---- from parameters ---------------------------------------------------------------------------

int EVP_PKEY_fromdata_init(EVP_PKEY_CTX *ctx)
{
    return ctx != NULL;
}

static int take_param(EVP_PKEY *key, const OSSL_PARAM *param)
{
    if (strcmp(param->key, OSSL_PKEY_PARAM_PUB_KEY) == 0) {
        return mbedtls_ecp_point_read_binary(&key->group, &key->q, param->data, param->data_size) ==
                   0 &&
               mbedtls_ecp_check_pubkey(&key->group, &key->q) == 0;
    }
    if (strcmp(param->key, OSSL_PKEY_PARAM_PRIV_KEY) == 0) {
        return mbedtls_mpi_copy(&key->d, &param->number->n) == 0 &&
               mbedtls_ecp_check_privkey(&key->group, &key->d) == 0;
    }
    return 1;
}

int EVP_PKEY_fromdata(EVP_PKEY_CTX *ctx, EVP_PKEY **key, int selection, OSSL_PARAM *params)
{
    (void)ctx;
    (void)selection;
    EVP_PKEY *made = key_new();
    for (const OSSL_PARAM *p = params; p->key != NULL; p++) {
        if (!take_param(made, p)) {
            EVP_PKEY_free(made);
            return 0;
        }
    }
    *key = made;
    return 1;
}

OSSL_PARAM OSSL_PARAM_construct_utf8_string(const char *key, char *text, size_t len)
{
    return (OSSL_PARAM){.key = key, .data = text, .data_size = len};
}

OSSL_PARAM OSSL_PARAM_construct_octet_string(const char *key, void *bytes, size_t len)
{
    return (OSSL_PARAM){.key = key, .data = bytes, .data_size = len};
}

OSSL_PARAM OSSL_PARAM_construct_end(void)
{
    return (OSSL_PARAM){0};
}

OSSL_PARAM_BLD *OSSL_PARAM_BLD_new(void)
{
    return other_new(sizeof(OSSL_PARAM_BLD));
}

void OSSL_PARAM_BLD_free(OSSL_PARAM_BLD *bld)
{
    free(bld);
}

static int push(OSSL_PARAM_BLD *bld, OSSL_PARAM param)
{
    if (bld->count == PARAMS_MAX) {
        return 0;
    }
    bld->params[bld->count++] = param;
    return 1;
}

int OSSL_PARAM_BLD_push_utf8_string(OSSL_PARAM_BLD *bld, const char *key, const char *text,
                                    size_t len)
{
    return push(bld, (OSSL_PARAM){.key = key, .data = text, .data_size = len});
}

int OSSL_PARAM_BLD_push_octet_string(OSSL_PARAM_BLD *bld, const char *key, const void *bytes,
                                     size_t len)
{
    return push(bld, (OSSL_PARAM){.key = key, .data = bytes, .data_size = len});
}

int OSSL_PARAM_BLD_push_BN(OSSL_PARAM_BLD *bld, const char *key, const BIGNUM *n)
{
    return push(bld, (OSSL_PARAM){.key = key, .number = n});
}

OSSL_PARAM *OSSL_PARAM_BLD_to_param(OSSL_PARAM_BLD *bld)
{
    OSSL_PARAM *params = other_new(sizeof bld->params);
    memcpy(params, bld->params, sizeof bld->params);
    return params;
}

void OSSL_PARAM_free(OSSL_PARAM *params)
{
    free(params);
}

// ---- signatures --------------------------------------------------------------------------------

ECDSA_SIG *ECDSA_SIG_new(void)
{
    return other_new(sizeof(ECDSA_SIG));
}

void ECDSA_SIG_free(ECDSA_SIG *sig)
{
    if (sig != NULL) {
        BN_free(sig->r);
        BN_free(sig->s);
        free(sig);
    }
}

int ECDSA_SIG_set0(ECDSA_SIG *sig, BIGNUM *r, BIGNUM *s)
{
    if (r == NULL || s == NULL) {
        return 0;
    }
    BN_free(sig->r);
    BN_free(sig->s);
    sig->r = r;
    sig->s = s;
    return 1;
}

const BIGNUM *ECDSA_SIG_get0_r(const ECDSA_SIG *sig)
{
    return sig->r;
}

const BIGNUM *ECDSA_SIG_get0_s(const ECDSA_SIG *sig)
{
    return sig->s;
}

int i2d_ECDSA_SIG(const ECDSA_SIG *sig, unsigned char **der)
{
    unsigned char buf[SIG_MAX] = {0};
    unsigned char *at = buf + sizeof buf;
    int len = mbedtls_asn1_write_mpi(&at, buf, &sig->s->n);
    len += mbedtls_asn1_write_mpi(&at, buf, &sig->r->n);
    len += mbedtls_asn1_write_len(&at, buf, (size_t)len);
    len += mbedtls_asn1_write_tag(&at, buf, MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE);
    if (*der == NULL) {
        *der = other_new((size_t)len);
        memcpy(*der, at, (size_t)len);
    } else {
        memcpy(*der, at, (size_t)len);
        *der += len;
    }
    return len;
}

ECDSA_SIG *d2i_ECDSA_SIG(ECDSA_SIG **sig, const unsigned char **der, long len)
{
    (void)sig;
    unsigned char *at = (unsigned char *)(uintptr_t)*der;
    const unsigned char *end = at + len;
    size_t n = 0;
    ECDSA_SIG *made = ECDSA_SIG_new();
    made->r = BN_new();
    made->s = BN_new();
    if (mbedtls_asn1_get_tag(&at, end, &n, MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE) != 0 ||
        mbedtls_asn1_get_mpi(&at, end, &made->r->n) != 0 ||
        mbedtls_asn1_get_mpi(&at, end, &made->s->n) != 0) {
        ECDSA_SIG_free(made);
        return NULL;
    }
    *der = at;
    return made;
}

int EVP_PKEY_sign_init(EVP_PKEY_CTX *ctx)
{
    return ctx != NULL;
}

int EVP_PKEY_sign(EVP_PKEY_CTX *ctx, unsigned char *sig, size_t *sig_len,
                  const unsigned char *digest, size_t len)
{
    ECDSA_SIG pair = {.r = BN_new(), .s = BN_new()};
    const int err = *sig_len < SIG_MAX - 8
                        ? -1
                        : mbedtls_ecdsa_sign(&ctx->key->group, &pair.r->n, &pair.s->n, &ctx->key->d,
                                             digest, len, other_rng, NULL);
    if (err == 0) {
        *sig_len = (size_t)i2d_ECDSA_SIG(&pair, &sig);
    }
    BN_free(pair.r);
    BN_free(pair.s);
    return other_ok(err);
}

int EVP_PKEY_verify_init(EVP_PKEY_CTX *ctx)
{
    return ctx != NULL;
}

int EVP_PKEY_verify(EVP_PKEY_CTX *ctx, const unsigned char *sig, size_t sig_len,
                    const unsigned char *digest, size_t len)
{
    const unsigned char *at = sig;
    ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &at, (long)sig_len);
    const int err = pair == NULL || at != sig + sig_len
                        ? -1
                        : mbedtls_ecdsa_verify(&ctx->key->group, digest, len, &ctx->key->q,
                                               &pair->r->n, &pair->s->n);
    ECDSA_SIG_free(pair);
    return other_ok(err);
}

// ---- a secret of two ---------------------------------------------------------------------------

int EVP_PKEY_derive_init(EVP_PKEY_CTX *ctx)
{
    return ctx != NULL;
}

int EVP_PKEY_derive_set_peer(EVP_PKEY_CTX *ctx, EVP_PKEY *peer)
{
    if (peer == NULL) {
        return 0;
    }
    peer->refs++;
    ctx->peer = peer;
    return 1;
}

int EVP_PKEY_derive(EVP_PKEY_CTX *ctx, unsigned char *secret, size_t *len)
{
    mbedtls_mpi x;
    mbedtls_mpi_init(&x);
    int err = *len < COORDINATE ? -1
                                : mbedtls_ecdh_compute_shared(&ctx->key->group, &x, &ctx->peer->q,
                                                              &ctx->key->d, other_rng, NULL);
    err = err == 0 ? mbedtls_mpi_write_binary(&x, secret, COORDINATE) : err;
    *len = err == 0 ? COORDINATE : *len;
    mbedtls_mpi_free(&x);
    return other_ok(err);
}
