// SPDX-License-Identifier: Apache-2.0
// 20 signed digits of 13 bits, the lowest first; Montgomery form with R = 2^260.
#ifndef LP_P256_TYPE_H
#define LP_P256_TYPE_H

#include <stdint.h>

enum { LP_FE13_DIGITS = 20, LP_FE13_COLUMNS = 40 };

// `words` is the same memory, for what looks at all of it whatever it means.
typedef union {
    int16_t v[LP_FE13_DIGITS];
    uint32_t words[LP_FE13_DIGITS / 2];
} lp_fe_t;

enum { LP_FE_WORDS = LP_FE13_DIGITS / 2 };

typedef lp_fe_t lp_sc_t;

typedef struct {
    lp_fe_t x, y;
} lp_affine_t;

// Products by column: c[k] is the sum of a[i]*b[k-i]; c[39] is 0. The arrays do not overlap.
void lp_fe13_mul_columns(int32_t c[LP_FE13_COLUMNS], const int16_t a[LP_FE13_DIGITS],
                         const int16_t b[LP_FE13_DIGITS]);
void lp_fe13_sqr_columns(int32_t c[LP_FE13_COLUMNS], const int16_t a[LP_FE13_DIGITS]);

#endif
