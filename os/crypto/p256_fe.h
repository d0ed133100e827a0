// SPDX-License-Identifier: Apache-2.0
// The field of P-256, and the integers modulo its order, as the two sets of arithmetic offer them:
//   fe13  signed 13-bit digits, for cores whose multiplier takes 16 bits (lx106, Cortex-M0)
//   fe32  32-bit words, for cores that multiply 32x32 to 64 bits
// A build links one of them; lp_fe_t and lp_sc_t come from its p256_type.h.
//
// Sums and differences of fe13 are not normalized. The rule that both sets can live with: what a
// product may take is a reduced element (R), or a sum or difference of two (2R), or R times a sum
// of up to four; what lp_fe_reduce, lp_fe_mul, lp_fe_sqr and their _sub forms give is reduced.
// @source Montgomery 1985; Solinas 1999 for the prime's shape
#ifndef LP_P256_FE_H
#define LP_P256_FE_H

#include <stdbool.h>
#include <stdint.h>

#include "p256_type.h"

// All results may be the same object as any argument.
void lp_fe_add(lp_fe_t *r, const lp_fe_t *a, const lp_fe_t *b);
void lp_fe_sub(lp_fe_t *r, const lp_fe_t *a, const lp_fe_t *b);
void lp_fe_reduce(lp_fe_t *r);
void lp_fe_mul(lp_fe_t *r, const lp_fe_t *a, const lp_fe_t *b);
void lp_fe_sqr(lp_fe_t *r, const lp_fe_t *a);
// a*b - c and a*a - c, reduced; c is a sum of up to four.
void lp_fe_mul_sub(lp_fe_t *r, const lp_fe_t *a, const lp_fe_t *b, const lp_fe_t *c);
void lp_fe_sqr_sub(lp_fe_t *r, const lp_fe_t *a, const lp_fe_t *c);

// r = a where mask is all ones, unchanged where it is 0.
void lp_fe_select(lp_fe_t *r, const lp_fe_t *a, uint32_t mask);
// r = -r where mask is all ones.
void lp_fe_negate_if(lp_fe_t *r, uint32_t mask);
bool lp_fe_is_zero(const lp_fe_t *a);

// Big-endian bytes. from_bytes takes what is below 2^256, to_bytes gives what is below p.
void lp_fe_from_bytes(lp_fe_t *r, const uint8_t bytes[32]);
void lp_fe_to_bytes(uint8_t bytes[32], const lp_fe_t *a);

// Modulo n, the order of the group, in Montgomery form.
void lp_sc_from_bytes(lp_sc_t *r, const uint8_t bytes[32]);
void lp_sc_to_bytes(uint8_t bytes[32], const lp_sc_t *a);
void lp_sc_mul(lp_sc_t *r, const lp_sc_t *a, const lp_sc_t *b);
void lp_sc_sqr(lp_sc_t *r, const lp_sc_t *a);
// The sum of two products is reduced again.
void lp_sc_add(lp_sc_t *r, const lp_sc_t *a, const lp_sc_t *b);

// Constants of the set.
extern const lp_fe_t lp_fe_one;
extern const lp_fe_t lp_fe_curve_b;
extern const lp_sc_t lp_sc_one;
// Multiples of the base point for the comb: [half][index], affine (p256_comb.c says which).
extern const lp_affine_t lp_p256_comb_table[2][16];

#endif
