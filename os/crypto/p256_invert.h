// SPDX-License-Identifier: Apache-2.0
// Inverses by Fermat's theorem: the same steps whatever the element is.
#ifndef LP_P256_INVERT_H
#define LP_P256_INVERT_H

#include "p256_fe.h"

// 1/a, or 0 for 0. r may be a.
void lp_fe_invert(lp_fe_t *r, const lp_fe_t *a);
void lp_sc_invert(lp_sc_t *r, const lp_sc_t *a);

#endif
