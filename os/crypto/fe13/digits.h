// SPDX-License-Identifier: Apache-2.0
// What the field and the scalars of this set share: carrying and packing of 13-bit digits.
#ifndef LP_FE13_DIGITS_H
#define LP_FE13_DIGITS_H

#include <stdint.h>

#include "p256_type.h"

enum { FE13_BITS = 13, FE13_BASE = 1 << FE13_BITS, FE13_HALF = FE13_BASE / 2 };

// C leaves it to the compiler what a right shift of a negative number is.
// cppcheck-suppress shiftNegativeLHS
_Static_assert(-3 >> 1 == -2, "a right shift rounds down");

static inline int32_t fe13_shift(int32_t x)
{
    return x >> FE13_BITS;
}

static inline int32_t fe13_low(int32_t x)
{
    return x & (FE13_BASE - 1);
}

// The digit of x in -4096..4095; what is left over goes to *carry.
static inline int16_t fe13_balance(int32_t x, int32_t *carry)
{
    x += FE13_HALF;
    *carry = fe13_shift(x);
    return (int16_t)(fe13_low(x) - FE13_HALF);
}

// Digits 0..18 into -4096..4095, the value unchanged; digit 19 takes what is left.
void lp_fe13_carry(lp_fe_t *r);
// 256 bits of big-endian bytes as digits, balanced.
void lp_fe13_unpack(lp_fe_t *r, const uint8_t bytes[32]);
// The other way; the value must be in 0..2^256-1, the digits may have any sign.
void lp_fe13_pack(uint8_t bytes[32], const lp_fe_t *a);
// All ones where two balanced elements differ in a digit, 0 where they are the same.
uint32_t lp_fe13_differ(const lp_fe_t *a, const lp_fe_t *b);

#endif
