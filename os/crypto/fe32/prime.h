// SPDX-License-Identifier: Apache-2.0
// Multiplication modulo p alone, which is what nearly all of the time goes into. Arguments and
// results are below p and times 2^256, as everywhere here; r may be the same object as any
// argument.
#ifndef LP_FE32_PRIME_H
#define LP_FE32_PRIME_H

#include "constants.h"

void lp_fe32_mul_p(lp_fe_t *r, const lp_fe_t *a, const lp_fe_t *b);
void lp_fe32_sqr_p(lp_fe_t *r, const lp_fe_t *a);

#endif
