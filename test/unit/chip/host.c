// SPDX-License-Identifier: Apache-2.0
// The host's arithmetic, all from OpenSSL: a second implementation of everything the model
// computes.
#include <assert.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/param_build.h>

#include "rig.h"

void add(bytes_t *b, const void *bytes, size_t len)
{
    assert(b->len + len <= sizeof b->bytes);
    memcpy(b->bytes + b->len, bytes, len);
    b->len += len;
}

void add1(bytes_t *b, unsigned byte)
{
    uint8_t v = (uint8_t)byte;
    add(b, &v, 1);
}

void add0(bytes_t *b, size_t zeros)
{
    for (size_t i = 0; i < zeros; i++) {
        add1(b, 0);
    }
}

void add_sn(bytes_t *b, const rig_t *r, unsigned first, unsigned count)
{
    static const uint8_t where[9] = {0, 1, 2, 3, 8, 9, 10, 11, 12};
    for (unsigned i = first; i < first + count; i++) {
        add1(b, r->image.config[where[i]]);
    }
}

void add_head(bytes_t *b, unsigned op, unsigned p1, unsigned p2)
{
    add1(b, op);
    add1(b, p1);
    add1(b, p2);
    add1(b, p2 >> 8);
}

void host_sha(const void *bytes, size_t len, uint8_t out[32])
{
    EVP_Digest(bytes, len, out, NULL, EVP_sha256(), NULL);
}

void host_hash(const bytes_t *b, uint8_t out[32])
{
    host_sha(b->bytes, b->len, out);
}

void host_hmac(const uint8_t *key, size_t key_len, const void *msg, size_t len, uint8_t out[32])
{
    unsigned n = 32;
    HMAC(EVP_sha256(), key, (int)key_len, msg, len, out, &n);
}

// ---- P-256 through the provider interface -------------------------------------

static EVP_PKEY *make_key(const uint8_t *d, const uint8_t *xy)
{
    uint8_t point[65] = {4};
    OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
    BIGNUM *bn = d != NULL ? BN_bin2bn(d, 32, NULL) : NULL;
    memcpy(point + 1, xy, 64);
    OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0);
    OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point);
    if (bn != NULL) {
        OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_PRIV_KEY, bn);
    }
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(bld);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    EVP_PKEY *key = NULL;
    if (EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &key, d != NULL ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY, params) !=
            1) {
        key = NULL;
    }
    EVP_PKEY_CTX_free(ctx);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(bld);
    BN_clear_free(bn);
    return key;
}

void host_public(const uint8_t d[32], uint8_t xy[64])
{
    EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    EC_POINT *p = EC_POINT_new(group);
    BIGNUM *bn = BN_bin2bn(d, 32, NULL);
    uint8_t point[65];
    EC_POINT_mul(group, p, bn, NULL, NULL, NULL);
    EC_POINT_point2oct(group, p, POINT_CONVERSION_UNCOMPRESSED, point, sizeof point, NULL);
    memcpy(xy, point + 1, 64);
    BN_free(bn);
    EC_POINT_free(p);
    EC_GROUP_free(group);
}

void host_sign(const uint8_t d[32], const uint8_t digest[32], uint8_t rs[64])
{
    uint8_t xy[64];
    uint8_t der[80];
    size_t len = sizeof der;
    host_public(d, xy);
    EVP_PKEY *key = make_key(d, xy);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
    EVP_PKEY_sign_init(ctx);
    EVP_PKEY_sign(ctx, der, &len, digest, 32);
    const uint8_t *p = der;
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &p, (long)len);
    BN_bn2binpad(ECDSA_SIG_get0_r(sig), rs, 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(sig), rs + 32, 32);
    ECDSA_SIG_free(sig);
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(key);
}

bool host_verify(const uint8_t xy[64], const uint8_t digest[32], const uint8_t rs[64])
{
    ECDSA_SIG *sig = ECDSA_SIG_new();
    uint8_t der[80];
    uint8_t *p = der;
    ECDSA_SIG_set0(sig, BN_bin2bn(rs, 32, NULL), BN_bin2bn(rs + 32, 32, NULL));
    int len = i2d_ECDSA_SIG(sig, &p);
    EVP_PKEY *key = make_key(NULL, xy);
    EVP_PKEY_CTX *ctx = key != NULL ? EVP_PKEY_CTX_new(key, NULL) : NULL;
    bool ok = ctx != NULL && EVP_PKEY_verify_init(ctx) == 1 &&
              EVP_PKEY_verify(ctx, der, (size_t)len, digest, 32) == 1;
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(key);
    ECDSA_SIG_free(sig);
    return ok;
}

void host_ecdh(const uint8_t d[32], const uint8_t xy[64], uint8_t secret[32])
{
    uint8_t own[64];
    size_t len = 32;
    host_public(d, own);
    EVP_PKEY *mine = make_key(d, own);
    EVP_PKEY *peer = make_key(NULL, xy);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(mine, NULL);
    EVP_PKEY_derive_init(ctx);
    EVP_PKEY_derive_set_peer(ctx, peer);
    EVP_PKEY_derive(ctx, secret, &len);
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(mine);
    EVP_PKEY_free(peer);
}

void host_aes(const uint8_t key[16], const uint8_t in[16], uint8_t out[16])
{
    int n = 0;
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    EVP_EncryptInit_ex(ctx, EVP_aes_128_ecb(), NULL, key, NULL);
    EVP_CIPHER_CTX_set_padding(ctx, 0);
    EVP_EncryptUpdate(ctx, out, &n, in, 16);
    EVP_CIPHER_CTX_free(ctx);
}

// CRC-16/ARC with its bits reversed: the other way to say the same polynomial.
uint16_t host_crc(const uint8_t *bytes, size_t len)
{
    uint16_t arc = 0;
    for (size_t i = 0; i < len; i++) {
        arc ^= bytes[i];
        for (unsigned bit = 0; bit < 8; bit++) {
            arc = (uint16_t)((arc & 1) != 0 ? arc >> 1 ^ 0xA001 : arc >> 1);
        }
    }
    uint16_t out = 0;
    for (unsigned bit = 0; bit < 16; bit++) {
        out = (uint16_t)(out << 1 | (arc >> bit & 1));
    }
    return out;
}

void host_mac(const rig_t *r, const uint8_t first[32], const uint8_t second[32], unsigned op,
              uint8_t mode, uint16_t key_id, uint8_t out[32])
{
    bytes_t b = {.len = 0};
    bool sn = (mode & 0x40) != 0;
    add(&b, first, 32);
    add(&b, second, 32);
    add_head(&b, op, mode, key_id);
    add0(&b, 11);
    add_sn(&b, r, 8, 1);
    sn ? add_sn(&b, r, 4, 4) : add0(&b, 4);
    add_sn(&b, r, 0, 2);
    sn ? add_sn(&b, r, 2, 2) : add0(&b, 2);
    host_hash(&b, out);
}
