// SPDX-License-Identifier: Apache-2.0
#include "reference.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/ec.h>
#include <openssl/obj_mac.h>

static EC_GROUP *group;
static BN_CTX *ctx;
static BIGNUM *order, *prime;

__attribute__((constructor)) static void start(void)
{
    ctx = BN_CTX_new();
    group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    order = BN_new();
    prime = BN_new();
    if (EC_GROUP_get_order(group, order, ctx) != 1 ||
        EC_GROUP_get_curve(group, prime, NULL, NULL, ctx) != 1) {
        abort();
    }
}

__attribute__((destructor)) static void stop(void)
{
    BN_free(order);
    BN_free(prime);
    EC_GROUP_free(group);
    BN_CTX_free(ctx);
}

void ref_random(uint8_t *bytes, size_t len)
{
    static uint64_t state = 0x9E3779B97F4A7C15;
    for (size_t i = 0; i < len; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes[i] = (uint8_t)(state >> 32);
    }
}

BIGNUM *ref_order(void)
{
    return order;
}

BIGNUM *ref_prime(void)
{
    return prime;
}

void ref_number(uint8_t bytes[32], uint64_t value)
{
    memset(bytes, 0, 32);
    for (int i = 0; i < 8; i++) {
        bytes[31 - i] = (uint8_t)(value >> 8 * i);
    }
}

void ref_below(uint8_t bytes[32], const BIGNUM *modulus, uint64_t distance)
{
    BIGNUM *n = BN_dup(modulus);
    BN_sub_word(n, distance);
    BN_bn2binpad(n, bytes, 32);
    BN_free(n);
}

typedef int op_fn(BIGNUM *r, const BIGNUM *a, const BIGNUM *b, const BIGNUM *m, BN_CTX *c);

static void apply(op_fn *op, uint8_t out[32], const uint8_t a[32], const uint8_t b[32],
                  const BIGNUM *modulus)
{
    BIGNUM *x = BN_bin2bn(a, 32, NULL);
    BIGNUM *y = BN_bin2bn(b, 32, NULL);
    op(x, x, y, modulus, ctx);
    BN_bn2binpad(x, out, 32);
    BN_free(x);
    BN_free(y);
}

void ref_mod_mul(uint8_t out[32], const uint8_t a[32], const uint8_t b[32], const BIGNUM *modulus)
{
    apply(BN_mod_mul, out, a, b, modulus);
}

void ref_mod_add(uint8_t out[32], const uint8_t a[32], const uint8_t b[32], const BIGNUM *modulus)
{
    apply(BN_mod_add, out, a, b, modulus);
}

static int inverse(BIGNUM *r, const BIGNUM *a, const BIGNUM *b, const BIGNUM *m, BN_CTX *c)
{
    (void)b;
    return BN_mod_inverse(r, a, m, c) != NULL;
}

void ref_mod_inverse(uint8_t out[32], const uint8_t a[32], const BIGNUM *modulus)
{
    apply(inverse, out, a, a, modulus);
}

static bool put_point(uint8_t out[64], const EC_POINT *p)
{
    uint8_t bytes[65];
    if (EC_POINT_point2oct(group, p, POINT_CONVERSION_UNCOMPRESSED, bytes, sizeof bytes, ctx) !=
        sizeof bytes) {
        return false;
    }
    memcpy(out, bytes + 1, 64);
    return true;
}

bool ref_mult(uint8_t point[64], const uint8_t a[32], const uint8_t b[32], const uint8_t q[64])
{
    EC_POINT *sum = EC_POINT_new(group);
    EC_POINT *other = EC_POINT_new(group);
    BIGNUM *x = BN_bin2bn(a, 32, NULL);
    BIGNUM *y = BN_new();
    if (q != NULL) {
        uint8_t bytes[65] = {4};
        memcpy(bytes + 1, q, 64);
        BN_bin2bn(b, 32, y);
        EC_POINT_oct2point(group, other, bytes, sizeof bytes, ctx);
    }
    EC_POINT_mul(group, sum, x, q != NULL ? other : NULL, q != NULL ? y : NULL, ctx);
    bool is_point = put_point(point, sum);
    EC_POINT_free(sum);
    EC_POINT_free(other);
    BN_free(x);
    BN_free(y);
    return is_point;
}

bool ref_lift(uint8_t point[64], const uint8_t x[32])
{
    EC_POINT *p = EC_POINT_new(group);
    BIGNUM *n = BN_bin2bn(x, 32, NULL);
    bool is_point =
        EC_POINT_set_compressed_coordinates(group, p, n, 0, ctx) == 1 && put_point(point, p);
    EC_POINT_free(p);
    BN_free(n);
    return is_point;
}

static bool is_scalar(const uint8_t k[32])
{
    BIGNUM *n = BN_bin2bn(k, 32, NULL);
    bool is = !BN_is_zero(n) && BN_cmp(n, order) < 0;
    BN_free(n);
    return is;
}

bool ref_sign(const uint8_t d[32], const uint8_t digest[32], const uint8_t k[32],
              uint8_t signature[64])
{
    static const uint8_t one[32] = {[31] = 1};
    uint8_t point[64], t[32];
    if (!ref_mult(point, k, NULL, NULL)) {
        return false;
    }
    ref_mod_mul(signature, point, one, order);
    ref_mod_mul(t, signature, d, order);
    ref_mod_add(t, t, digest, order);
    ref_mod_inverse(signature + 32, k, order);
    ref_mod_mul(signature + 32, signature + 32, t, order);
    return is_scalar(signature) && is_scalar(signature + 32);
}

bool ref_verify(const uint8_t pub[64], const uint8_t digest[32], const uint8_t signature[64])
{
    static const uint8_t one[32] = {[31] = 1};
    uint8_t w[32], u1[32], u2[32], point[64];
    if (!is_scalar(signature) || !is_scalar(signature + 32)) {
        return false;
    }
    ref_mod_inverse(w, signature + 32, order);
    ref_mod_mul(u1, digest, w, order);
    ref_mod_mul(u2, signature, w, order);
    if (!ref_mult(point, u1, u2, pub)) {
        return false;
    }
    ref_mod_mul(point, point, one, order);
    return memcmp(point, signature, 32) == 0;
}
