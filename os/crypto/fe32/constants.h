// SPDX-License-Identifier: Apache-2.0
// A modulus of this set and what goes with it; tools/gen-p256 makes constants.c.
#ifndef LP_FE32_CONSTANTS_H
#define LP_FE32_CONSTANTS_H

#include "p256_type.h"

typedef struct {
    lp_fe_t m;          // the modulus
    lp_fe_t rr;         // R^2 modulo m
    uint32_t minus_inv; // -1/m modulo 2^32
} lp_fe32_modulus_t;

extern const lp_fe32_modulus_t lp_fe32_p, lp_fe32_n;

#endif
