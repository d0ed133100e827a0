// SPDX-License-Identifier: Apache-2.0
// Eight 32-bit words, the lowest first, always below the modulus; Montgomery form with R = 2^256.
#ifndef LP_P256_TYPE_H
#define LP_P256_TYPE_H

#include <stdint.h>

enum { LP_FE_WORDS = 8 };

typedef struct {
    uint32_t words[LP_FE_WORDS];
} lp_fe_t;

typedef lp_fe_t lp_sc_t;

typedef struct {
    lp_fe_t x, y;
} lp_affine_t;

#endif
