// SPDX-License-Identifier: Apache-2.0
// @source FIPS 186-5, 6.4
#include <string.h>

#include "limpet/p256.h"
#include "limpet/span.h"
#include "p256_invert.h"
#include "p256_mult.h"
#include "p256_nonce.h"
#include "p256_range.h"

// The number modulo n, below n.
static void reduce(uint8_t out[32], const uint8_t in[32])
{
    lp_sc_t s;
    lp_sc_from_bytes(&s, in);
    lp_sc_to_bytes(out, &s);
}

// s = (e + r d) / k
static void second_half(uint8_t s[32], const uint8_t r[32], const uint8_t d[32],
                        const uint8_t digest[32], const uint8_t k[32])
{
    lp_sc_t sum, e, inverse;
    lp_sc_from_bytes(&sum, d);
    lp_sc_from_bytes(&e, r);
    lp_sc_mul(&sum, &sum, &e);
    lp_sc_from_bytes(&e, digest);
    lp_sc_add(&sum, &sum, &e);
    lp_sc_from_bytes(&inverse, k);
    lp_sc_invert(&inverse, &inverse);
    lp_sc_mul(&sum, &sum, &inverse);
    lp_sc_to_bytes(s, &sum);
    lp_wipe(&sum, sizeof sum);
    lp_wipe(&inverse, sizeof inverse);
}

// False for the nonces that give r or s = 0, which nobody will ever see.
static bool sign_with(const uint8_t k[32], const uint8_t d[32], const uint8_t digest[32],
                      uint8_t signature[LP_P256_SIGNATURE_BYTES])
{
    lp_affine_t point;
    uint8_t x[32];
    lp_p256_mult_base(&point, k);
    lp_fe_to_bytes(x, &point.x);
    reduce(signature, x);
    second_half(signature + 32, signature, d, digest, k);
    return lp_p256_is_scalar(signature) && lp_p256_is_scalar(signature + 32);
}

lp_err_t lp_p256_sign(const uint8_t d[LP_P256_SCALAR_BYTES],
                      const uint8_t digest[LP_P256_SCALAR_BYTES], const uint8_t *extra,
                      size_t extra_len, uint8_t signature[LP_P256_SIGNATURE_BYTES])
{
    lp_p256_nonce_t nonces;
    uint8_t k[32], rs[LP_P256_SIGNATURE_BYTES], e[32];
    if (!lp_p256_is_scalar(d) || extra_len > 32) {
        return LP_E_RANGE;
    }
    reduce(e, digest);
    lp_p256_nonce_init(&nonces, d, e, extra, extra_len);
    do {
        lp_p256_nonce_next(&nonces, k);
    } while (!lp_p256_is_scalar(k) || !sign_with(k, d, e, rs));
    memcpy(signature, rs, sizeof rs);
    lp_wipe(&nonces, sizeof nonces);
    lp_wipe(k, sizeof k);
    return LP_OK;
}

// u1 = e / s, u2 = r / s
static void factors(uint8_t u1[32], uint8_t u2[32], const uint8_t digest[32],
                    const uint8_t signature[LP_P256_SIGNATURE_BYTES])
{
    lp_sc_t inverse, t;
    lp_sc_from_bytes(&inverse, signature + 32);
    lp_sc_invert(&inverse, &inverse);
    lp_sc_from_bytes(&t, digest);
    lp_sc_mul(&t, &t, &inverse);
    lp_sc_to_bytes(u1, &t);
    lp_sc_from_bytes(&t, signature);
    lp_sc_mul(&t, &t, &inverse);
    lp_sc_to_bytes(u2, &t);
}

// X / Z^2 == x without an inversion.
static bool has_x(const lp_point_t *p, const uint8_t x[32])
{
    lp_fe_t t, zz;
    lp_fe_sqr(&zz, &p->z);
    lp_fe_from_bytes(&t, x);
    lp_fe_mul(&t, &t, &zz);
    lp_fe_sub(&t, &t, &p->x);
    return lp_fe_is_zero(&t);
}

lp_err_t lp_p256_verify(const uint8_t pub[LP_P256_POINT_BYTES],
                        const uint8_t digest[LP_P256_SCALAR_BYTES],
                        const uint8_t signature[LP_P256_SIGNATURE_BYTES])
{
    lp_affine_t q;
    lp_point_t sum;
    uint8_t u1[32], u2[32], other[32];
    lp_err_t err = lp_affine_from_bytes(&q, pub);
    if (err != LP_OK) {
        return err;
    }
    if (!lp_p256_is_scalar(signature) || !lp_p256_is_scalar(signature + 32)) {
        return LP_E_DENIED;
    }
    factors(u1, u2, digest, signature);
    lp_p256_mult_both(&sum, u1, u2, &q);
    bool is_good =
        !sum.is_infinity &&
        (has_x(&sum, signature) || (lp_p256_add_order(other, signature) && has_x(&sum, other)));
    return is_good ? LP_OK : LP_E_DENIED;
}
