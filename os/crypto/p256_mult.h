// SPDX-License-Identifier: Apache-2.0
// Scalar multiplication. Scalars are 32 bytes, big-endian, in 1..n-1 where nothing else is said.
#ifndef LP_P256_MULT_H
#define LP_P256_MULT_H

#include "p256_point.h"

// A scalar as up to 260 signs: the sum of +-2^i, + where bit i is set.
enum { LP_P256_SIGN_WORDS = 9 };
typedef struct {
    uint32_t bits[LP_P256_SIGN_WORDS];
} lp_p256_signs_t;

// 256 <= count <= 260 signs that are k modulo n.
void lp_p256_signs(lp_p256_signs_t *s, const uint8_t k[32], int count);
static inline uint32_t lp_p256_sign_at(const lp_p256_signs_t *s, int i)
{
    return s->bits[i / 32] >> (i % 32) & 1;
}

// k*G and k*Q, always in the same time; the result is affine.
void lp_p256_mult_base(lp_affine_t *r, const uint8_t k[32]);
void lp_p256_mult(lp_affine_t *r, const uint8_t k[32], const lp_affine_t *q);

// a*G + b*Q for public numbers; a and b may be 0. The result may be infinity.
void lp_p256_mult_both(lp_point_t *r, const uint8_t a[32], const uint8_t b[32],
                       const lp_affine_t *q);

// The comb: 26 steps of a doubling and two additions; step j (25 first) adds these two.
enum { LP_P256_COMB_STEPS = 26, LP_P256_COMB_SIGNS = 260 };
void lp_p256_comb_add(lp_point_t *p, const lp_p256_signs_t *s, int j);

// 1, 3 ... 15 times a point.
enum { LP_P256_ODD = 8 };
void lp_p256_odd_multiples(lp_point_t odd[LP_P256_ODD], const lp_affine_t *q);

// out = table[index], or its negative where `negate` is all ones; all of the table is read.
void lp_p256_lookup(lp_affine_t *out, const lp_affine_t *table, uint32_t count, uint32_t index,
                    uint32_t negate);

#endif
