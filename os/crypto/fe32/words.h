// SPDX-License-Identifier: Apache-2.0
// Arithmetic modulo either modulus; all results are below it and may be the same object as any
// argument.
#ifndef LP_FE32_WORDS_H
#define LP_FE32_WORDS_H

#include "constants.h"

// r = high:a - m unless that is negative, then r = a.
void lp_fe32_below(lp_fe_t *r, const uint32_t a[LP_FE_WORDS], uint32_t high,
                   const lp_fe32_modulus_t *mod);
void lp_fe32_add(lp_fe_t *r, const lp_fe_t *a, const lp_fe_t *b, const lp_fe32_modulus_t *mod);
void lp_fe32_sub(lp_fe_t *r, const lp_fe_t *a, const lp_fe_t *b, const lp_fe32_modulus_t *mod);
void lp_fe32_mul(lp_fe_t *r, const lp_fe_t *a, const lp_fe_t *b, const lp_fe32_modulus_t *mod);
void lp_fe32_from_bytes(lp_fe_t *r, const uint8_t bytes[32], const lp_fe32_modulus_t *mod);
void lp_fe32_to_bytes(uint8_t bytes[32], const lp_fe_t *a, const lp_fe32_modulus_t *mod);

#endif
