// SPDX-License-Identifier: Apache-2.0
// Constants that only this set needs; tools/gen-p256 makes constants.c.
#ifndef LP_FE13_CONSTANTS_H
#define LP_FE13_CONSTANTS_H

#include "p256_type.h"

enum { LP_SC13_MINUS_INV = 7247 }; // -1/n modulo 2^13

extern const lp_fe_t lp_fe13_zero;
extern const lp_fe_t lp_fe13_p;  // as it is, not in Montgomery form
extern const lp_fe_t lp_fe13_rr; // R^2 modulo p
extern const lp_sc_t lp_sc13_n;  // as it is
extern const lp_sc_t lp_sc13_rr; // R^2 modulo n

#endif
