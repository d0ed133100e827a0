// SPDX-License-Identifier: Apache-2.0
// The columns of a product, for any core. columns_lx106.S does the same in half the instructions.
#include <string.h>

#include "p256_type.h"

void lp_fe13_mul_columns(int32_t c[LP_FE13_COLUMNS], const int16_t a[LP_FE13_DIGITS],
                         const int16_t b[LP_FE13_DIGITS])
{
    memset(c, 0, LP_FE13_COLUMNS * sizeof c[0]);
    for (int i = 0; i < LP_FE13_DIGITS; i++) {
        for (int j = 0; j < LP_FE13_DIGITS; j++) {
            c[i + j] += a[i] * b[j];
        }
    }
}

void lp_fe13_sqr_columns(int32_t c[LP_FE13_COLUMNS], const int16_t a[LP_FE13_DIGITS])
{
    memset(c, 0, LP_FE13_COLUMNS * sizeof c[0]);
    for (int i = 0; i < LP_FE13_DIGITS; i++) {
        c[2 * i] += a[i] * a[i];
        for (int j = i + 1; j < LP_FE13_DIGITS; j++) {
            c[i + j] += 2 * (a[i] * a[j]);
        }
    }
}
