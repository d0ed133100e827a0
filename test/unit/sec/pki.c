// SPDX-License-Identifier: Apache-2.0
#include "pki.h"

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check(bool is_fine, const char *what)
{
    if (!is_fine) {
        fprintf(stderr, "test pki: %s failed\n", what);
        abort();
    }
}

EVP_PKEY *pki_key_ec(const char *group)
{
    EVP_PKEY *key = EVP_EC_gen(group);
    check(key != NULL, "EC key");
    return key;
}

EVP_PKEY *pki_key_p256(void)
{
    return pki_key_ec("P-256");
}

EVP_PKEY *pki_key_rsa(int bits)
{
    EVP_PKEY *key = EVP_RSA_gen((unsigned)bits);
    check(key != NULL, "RSA key");
    return key;
}

static EVP_PKEY *from_params(OSSL_PARAM_BLD *build, int selection)
{
    EVP_PKEY *key = NULL;
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    check(EVP_PKEY_fromdata_init(ctx) == 1 && EVP_PKEY_fromdata(ctx, &key, selection, params) == 1,
          "key from bytes");
    EVP_PKEY_CTX_free(ctx);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    return key;
}

EVP_PKEY *pki_from_public(const uint8_t pub[64])
{
    // The builder keeps pointers until it is turned into parameters, so it must not outlive
    // `point`.
    uint8_t point[65] = {4};
    memcpy(point + 1, pub, 64);
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0);
    OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point);
    return from_params(build, EVP_PKEY_PUBLIC_KEY);
}

EVP_PKEY *pki_key_from_bytes(const uint8_t private_key[32])
{
    EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    EC_POINT *q = EC_POINT_new(group);
    BIGNUM *d = BN_bin2bn(private_key, 32, NULL);
    uint8_t point[65];
    check(EC_POINT_mul(group, q, d, NULL, NULL, NULL) == 1 &&
              EC_POINT_point2oct(group, q, POINT_CONVERSION_UNCOMPRESSED, point, sizeof point,
                                 NULL) == sizeof point,
          "public key");
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0);
    OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point);
    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, d);
    EVP_PKEY *key = from_params(build, EVP_PKEY_KEYPAIR);
    BN_free(d);
    EC_POINT_free(q);
    EC_GROUP_free(group);
    return key;
}

void pki_public(EVP_PKEY *key, uint8_t pub[64])
{
    uint8_t point[65];
    size_t len = 0;
    check(EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point,
                                          &len) == 1 &&
              len == sizeof point,
          "public key");
    memcpy(pub, point + 1, 64);
}

static void add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    check(ext != NULL && X509_add_ext(cert, ext, -1) == 1, value);
    X509_EXTENSION_free(ext);
}

static void set_dates(X509 *cert, const pki_spec_t *spec)
{
    bool is_default = spec->from_day == 0 && spec->to_day == 0;
    long from = is_default ? -1 : spec->from_day;
    long to = is_default ? 3650 : spec->to_day;
    ASN1_TIME_set(X509_getm_notBefore(cert), PKI_NOW_S + from * PKI_DAY_S);
    ASN1_TIME_set(X509_getm_notAfter(cert), PKI_NOW_S + to * PKI_DAY_S);
}

pki_id_t pki_issue(EVP_PKEY *key, const pki_spec_t *spec, const pki_id_t *issuer)
{
    static long serial = 1;
    X509 *cert = X509_new();
    X509 *ca = issuer != NULL ? issuer->cert : cert;
    EVP_PKEY *signer = issuer != NULL ? issuer->key : key;
    X509_set_version(cert, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), serial++);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_UTF8,
                               (const unsigned char *)spec->cn, -1, -1, 0);
    X509_set_issuer_name(cert, X509_get_subject_name(ca));
    set_dates(cert, spec);
    X509_set_pubkey(cert, key);
    add_extension(cert, ca, NID_basic_constraints,
                  spec->is_ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
    if (spec->is_ca) {
        add_extension(cert, ca, NID_key_usage, "critical,keyCertSign,cRLSign");
    }
    if (spec->san != NULL) {
        add_extension(cert, ca, NID_subject_alt_name, spec->san);
    }
    if (spec->eku != NULL) {
        add_extension(cert, ca, NID_ext_key_usage, spec->eku);
    }
    const EVP_MD *md = EVP_get_digestbyname(spec->digest != NULL ? spec->digest : "SHA256");
    check(X509_sign(cert, signer, md) > 0, "signing");
    return (pki_id_t){.key = key, .cert = cert};
}

void pki_free(pki_id_t *id)
{
    EVP_PKEY_free(id->key);
    X509_free(id->cert);
    *id = (pki_id_t){0};
}

void pki_pem(const pki_id_t *id, char *text, size_t cap)
{
    BIO *bio = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(bio, id->cert);
    char *data = NULL;
    long len = BIO_get_mem_data(bio, &data);
    size_t used = strlen(text);
    check(len > 0 && used + (size_t)len < cap, "room for PEM");
    memcpy(text + used, data, (size_t)len);
    text[used + (size_t)len] = '\0';
    BIO_free(bio);
}
