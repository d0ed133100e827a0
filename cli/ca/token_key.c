// SPDX-License-Identifier: Apache-2.0
// Keys in a token: made there, and their public half read.
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <stdlib.h>
#include <string.h>

#include "token.h"

enum { MAX_VALUE = 1024, POINT_LEN = 65 };

// DER of the object identifier 1.2.840.10045.3.1.7
static const uint8_t p256_oid[] = {0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07};

lp_exit_t lp_ca_token_make_key(lp_ca_token_t *t, lp_fault_t *f)
{
    CK_BBOOL yes = CK_TRUE;
    CK_BBOOL no = CK_FALSE;
    CK_BYTE usual_id[] = {1};
    CK_ATTRIBUTE *label = p11_kit_uri_get_attribute(t->uri, CKA_LABEL);
    CK_ATTRIBUTE *id = p11_kit_uri_get_attribute(t->uri, CKA_ID);
    if (label == NULL) {
        lp_fault_set(f, LP_EXIT_USAGE, "usage", "the key needs a name: object=LABEL in the URI");
        return f->exit;
    }
    CK_ATTRIBUTE the_id = {CKA_ID, usual_id, sizeof usual_id};
    the_id = id != NULL ? *id : the_id;
    CK_ATTRIBUTE public_part[] = {{CKA_TOKEN, &yes, sizeof yes},
                                  {CKA_VERIFY, &yes, sizeof yes},
                                  {CKA_EC_PARAMS, (void *)(uintptr_t)p256_oid, sizeof p256_oid},
                                  *label,
                                  the_id};
    CK_ATTRIBUTE private_part[] = {{CKA_TOKEN, &yes, sizeof yes},
                                   {CKA_PRIVATE, &yes, sizeof yes},
                                   {CKA_SENSITIVE, &yes, sizeof yes},
                                   {CKA_EXTRACTABLE, &no, sizeof no},
                                   {CKA_SIGN, &yes, sizeof yes},
                                   *label,
                                   the_id};
    CK_MECHANISM mechanism = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
    CK_OBJECT_HANDLE public_key = 0;
    CK_RV rv = t->module->C_GenerateKeyPair(
        t->session, &mechanism, public_part, sizeof public_part / sizeof public_part[0],
        private_part, sizeof private_part / sizeof private_part[0], &public_key, &t->key);
    return rv == CKR_OK ? LP_EXIT_OK : lp_ca_token_fail("making a key", rv, f);
}

// --- the public half

typedef struct {
    uint8_t bytes[MAX_VALUE];
    CK_ULONG len;
} value_t;

static bool read_value(lp_ca_token_t *t, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type,
                       value_t *out)
{
    CK_ATTRIBUTE a = {type, out->bytes, sizeof out->bytes};
    if (t->module->C_GetAttributeValue(t->session, object, &a, 1) != CKR_OK ||
        a.ulValueLen > sizeof out->bytes) {
        return false;
    }
    out->len = a.ulValueLen;
    return true;
}

// The public key object with the private key's id.
static bool find_public(lp_ca_token_t *t, CK_OBJECT_HANDLE *out)
{
    CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
    value_t id;
    CK_ULONG n = 0;
    if (!read_value(t, t->key, CKA_ID, &id)) {
        return false;
    }
    CK_ATTRIBUTE filter[] = {{CKA_CLASS, &class, sizeof class}, {CKA_ID, id.bytes, id.len}};
    if (t->module->C_FindObjectsInit(t->session, filter, 2) != CKR_OK) {
        return false;
    }
    CK_RV rv = t->module->C_FindObjects(t->session, out, 1, &n);
    (void)t->module->C_FindObjectsFinal(t->session);
    return rv == CKR_OK && n == 1;
}

static EVP_PKEY *from_params(const char *kind, OSSL_PARAM_BLD *build)
{
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, kind, NULL);
    EVP_PKEY *key = NULL;
    if (params == NULL || ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1) {
        key = NULL;
    }
    ERR_clear_error();
    EVP_PKEY_CTX_free(ctx);
    OSSL_PARAM_free(params);
    return key;
}

// CKA_EC_POINT is an OCTET STRING around the point; some tokens leave the wrapping away.
static EVP_PKEY *take_ec(lp_ca_token_t *t, CK_OBJECT_HANDLE object)
{
    value_t curve;
    value_t point;
    if (!read_value(t, object, CKA_EC_PARAMS, &curve) ||
        !read_value(t, object, CKA_EC_POINT, &point) || curve.len != sizeof p256_oid ||
        memcmp(curve.bytes, p256_oid, sizeof p256_oid) != 0) {
        return NULL;
    }
    size_t skip =
        point.len == POINT_LEN + 2 && point.bytes[0] == 0x04 && point.bytes[1] == POINT_LEN ? 2 : 0;
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    EVP_PKEY *key = NULL;
    if (build != NULL && point.len - skip == POINT_LEN &&
        OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) == 1 &&
        OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point.bytes + skip,
                                         POINT_LEN) == 1) {
        key = from_params("EC", build);
    }
    OSSL_PARAM_BLD_free(build);
    return key;
}

static EVP_PKEY *take_rsa(lp_ca_token_t *t, CK_OBJECT_HANDLE object)
{
    value_t n;
    value_t e;
    if (!read_value(t, object, CKA_MODULUS, &n) ||
        !read_value(t, object, CKA_PUBLIC_EXPONENT, &e)) {
        return NULL;
    }
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    BIGNUM *bn_n = BN_bin2bn(n.bytes, (int)n.len, NULL);
    BIGNUM *bn_e = BN_bin2bn(e.bytes, (int)e.len, NULL);
    EVP_PKEY *key = NULL;
    if (build != NULL && bn_n != NULL && bn_e != NULL && BN_num_bits(bn_n) >= 2048 &&
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, bn_n) == 1 &&
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, bn_e) == 1) {
        key = from_params("RSA", build);
    }
    BN_free(bn_n);
    BN_free(bn_e);
    OSSL_PARAM_BLD_free(build);
    return key;
}

lp_exit_t lp_ca_token_public_key(lp_ca_token_t *t, EVP_PKEY **out, lp_fault_t *f)
{
    CK_OBJECT_HANDLE object = 0;
    CK_KEY_TYPE kind = 0;
    CK_ATTRIBUTE a = {CKA_KEY_TYPE, &kind, sizeof kind};
    if (!find_public(t, &object) ||
        t->module->C_GetAttributeValue(t->session, object, &a, 1) != CKR_OK) {
        lp_fault_set(f, LP_EXIT_LOCAL, "ca-key", "the token has no public key beside the CA's key");
        lp_fault_next(f, "put it there under the same id with the token's own tool");
        return f->exit;
    }
    *out = kind == CKK_EC ? take_ec(t, object) : kind == CKK_RSA ? take_rsa(t, object) : NULL;
    if (*out == NULL) {
        lp_fault_set(f, LP_EXIT_LOCAL, "ca-key", "the CA's private key cannot be used");
        lp_fault_why(f, "the key in the token is of another kind than P-256 or RSA");
        lp_fault_next(f, "name another one, or have one made: object=LABEL and --make-key");
        return f->exit;
    }
    return LP_EXIT_OK;
}
