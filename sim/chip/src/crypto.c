// SPDX-License-Identifier: Apache-2.0
// P-256, AES and GF(2^128) on OpenSSL's libcrypto. ECDSA is put together here because the chip
// chooses its own k.
#include <string.h>

#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>

#include "internal.h"

bool lp_cs_equal(const void *a, const void *b, size_t len)
{
    return CRYPTO_memcmp(a, b, len) == 0;
}

void lp_cs_wipe(void *p, size_t len)
{
    OPENSSL_cleanse(p, len);
}

void lp_cs_xor(uint8_t *a, const uint8_t *b, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        a[i] ^= b[i];
    }
}

// What every operation on the curve needs; one set per call, so that nothing is shared between
// threads.
typedef struct {
    EC_GROUP *group;
    BN_CTX *ctx;
    EC_POINT *point;
    EC_POINT *other;
    BIGNUM *a;
    BIGNUM *b;
    BIGNUM *c;
    BIGNUM *d;
    bool ok;
} ec_t;

static ec_t ec_open(void)
{
    ec_t e = {.group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1),
              .ctx = BN_CTX_secure_new()};
    if (e.group == NULL || e.ctx == NULL) {
        return e;
    }
    BN_CTX_start(e.ctx);
    e.point = EC_POINT_new(e.group);
    e.other = EC_POINT_new(e.group);
    e.a = BN_CTX_get(e.ctx);
    e.b = BN_CTX_get(e.ctx);
    e.c = BN_CTX_get(e.ctx);
    e.d = BN_CTX_get(e.ctx);
    e.ok = e.point != NULL && e.other != NULL && e.d != NULL;
    return e;
}

static void ec_close(ec_t *e)
{
    EC_POINT_clear_free(e->point);
    EC_POINT_clear_free(e->other);
    BIGNUM *all[] = {e->a, e->b, e->c, e->d};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (all[i] != NULL) {
            BN_clear(all[i]);
        }
    }
    if (e->ctx != NULL) {
        BN_CTX_end(e->ctx);
    }
    BN_CTX_free(e->ctx);
    EC_GROUP_free(e->group);
}

// 0 < n < order
static bool in_range(const ec_t *e, const BIGNUM *n)
{
    return !BN_is_zero(n) && BN_cmp(n, EC_GROUP_get0_order(e->group)) < 0;
}

static bool set_point(ec_t *e, EC_POINT *point, const uint8_t xy[64])
{
    uint8_t octets[65];
    octets[0] = 4;
    memcpy(octets + 1, xy, 64);
    return EC_POINT_oct2point(e->group, point, octets, sizeof octets, e->ctx) == 1;
}

static bool get_point(ec_t *e, const EC_POINT *point, uint8_t xy[64])
{
    uint8_t octets[65];
    size_t n = EC_POINT_point2oct(e->group, point, POINT_CONVERSION_UNCOMPRESSED, octets,
                                  sizeof octets, e->ctx);
    if (n == sizeof octets) {
        memcpy(xy, octets + 1, 64);
    }
    lp_cs_wipe(octets, sizeof octets);
    return n == sizeof octets;
}

bool lp_cs_ec_private_ok(const uint8_t d[32])
{
    ec_t e = ec_open();
    bool ok = e.ok && BN_bin2bn(d, 32, e.a) != NULL && in_range(&e, e.a);
    ec_close(&e);
    return ok;
}

bool lp_cs_ec_public_ok(const uint8_t xy[64])
{
    ec_t e = ec_open();
    bool ok = e.ok && set_point(&e, e.point, xy);
    ec_close(&e);
    return ok;
}

bool lp_cs_ec_public(const uint8_t d[32], uint8_t xy[64])
{
    ec_t e = ec_open();
    bool ok = e.ok && BN_bin2bn(d, 32, e.a) != NULL && in_range(&e, e.a) &&
              EC_POINT_mul(e.group, e.point, e.a, NULL, NULL, e.ctx) == 1 &&
              get_point(&e, e.point, xy);
    ec_close(&e);
    return ok;
}

// e->b = x of e->point modulo the order
static bool x_mod_order(ec_t *e)
{
    return EC_POINT_get_affine_coordinates(e->group, e->point, e->b, NULL, e->ctx) == 1 &&
           BN_nnmod(e->b, e->b, EC_GROUP_get0_order(e->group), e->ctx) == 1;
}

// r = (kG).x, s = (digest + r d) / k
static bool sign_with(ec_t *e, const uint8_t d[32], const uint8_t k[32], const uint8_t digest[32])
{
    const BIGNUM *n = EC_GROUP_get0_order(e->group);
    return BN_bin2bn(k, 32, e->a) != NULL && in_range(e, e->a) &&
           EC_POINT_mul(e->group, e->point, e->a, NULL, NULL, e->ctx) == 1 && x_mod_order(e) &&
           BN_bin2bn(d, 32, e->c) != NULL && in_range(e, e->c) &&
           BN_mod_mul(e->c, e->b, e->c, n, e->ctx) == 1 && BN_bin2bn(digest, 32, e->d) != NULL &&
           BN_mod_add(e->c, e->c, e->d, n, e->ctx) == 1 &&
           BN_mod_inverse(e->a, e->a, n, e->ctx) != NULL &&
           BN_mod_mul(e->c, e->c, e->a, n, e->ctx) == 1 && !BN_is_zero(e->b) && !BN_is_zero(e->c);
}

bool lp_cs_ec_sign(const uint8_t d[32], const uint8_t k[32], const uint8_t digest[32],
                   uint8_t rs[64])
{
    ec_t e = ec_open();
    bool ok = e.ok && sign_with(&e, d, k, digest) && BN_bn2binpad(e.b, rs, 32) == 32 &&
              BN_bn2binpad(e.c, rs + 32, 32) == 32;
    ec_close(&e);
    return ok;
}

// u1 = digest / s, u2 = r / s, and r must be the x of u1 G + u2 Q
static bool verify_with(ec_t *e, const uint8_t digest[32], const uint8_t rs[64])
{
    const BIGNUM *n = EC_GROUP_get0_order(e->group);
    if (BN_bin2bn(rs, 32, e->a) == NULL || BN_bin2bn(rs + 32, 32, e->b) == NULL ||
        !in_range(e, e->a) || !in_range(e, e->b)) {
        return false;
    }
    return BN_mod_inverse(e->b, e->b, n, e->ctx) != NULL && BN_bin2bn(digest, 32, e->c) != NULL &&
           BN_mod_mul(e->c, e->c, e->b, n, e->ctx) == 1 &&
           BN_mod_mul(e->d, e->a, e->b, n, e->ctx) == 1 &&
           EC_POINT_mul(e->group, e->point, e->c, e->other, e->d, e->ctx) == 1 &&
           EC_POINT_is_at_infinity(e->group, e->point) == 0 && x_mod_order(e) &&
           BN_cmp(e->a, e->b) == 0;
}

bool lp_cs_ec_verify(const uint8_t xy[64], const uint8_t digest[32], const uint8_t rs[64])
{
    ec_t e = ec_open();
    bool ok = e.ok && set_point(&e, e.other, xy) && verify_with(&e, digest, rs);
    ec_close(&e);
    return ok;
}

bool lp_cs_ec_dh(const uint8_t d[32], const uint8_t xy[64], uint8_t secret[32])
{
    ec_t e = ec_open();
    uint8_t result[64];
    bool ok = e.ok && set_point(&e, e.other, xy) && BN_bin2bn(d, 32, e.a) != NULL &&
              in_range(&e, e.a) && EC_POINT_mul(e.group, e.point, NULL, e.other, e.a, e.ctx) == 1 &&
              get_point(&e, e.point, result);
    if (ok) {
        memcpy(secret, result, 32);
    }
    lp_cs_wipe(result, sizeof result);
    ec_close(&e);
    return ok;
}

void lp_cs_aes(const uint8_t key[16], bool decrypt, const uint8_t in[16], uint8_t out[16])
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int n = 0;
    bool ok = ctx != NULL && EVP_CipherInit_ex(ctx, EVP_aes_128_ecb(), NULL, key, NULL, !decrypt) &&
              EVP_CIPHER_CTX_set_padding(ctx, 0) && EVP_CipherUpdate(ctx, out, &n, in, 16);
    if (!ok) {
        memset(out, 0, 16);
    }
    EVP_CIPHER_CTX_free(ctx);
}

// SP 800-38D, algorithm 1: bit 0 is the most significant bit of the first byte.
void lp_cs_gf_mul(const uint8_t h[16], const uint8_t in[16], uint8_t out[16])
{
    uint8_t v[16];
    uint8_t z[16] = {0};
    memcpy(v, h, sizeof v);
    for (unsigned i = 0; i < 128; i++) {
        if (in[i / 8] & 0x80 >> i % 8) {
            lp_cs_xor(z, v, sizeof z);
        }
        uint8_t lsb = v[15] & 1;
        for (unsigned j = 15; j > 0; j--) {
            v[j] = (uint8_t)(v[j] >> 1 | v[j - 1] << 7);
        }
        v[0] = (uint8_t)(v[0] >> 1 ^ (lsb ? 0xE1 : 0));
    }
    memcpy(out, z, sizeof z);
}
