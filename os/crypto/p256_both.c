// SPDX-License-Identifier: Apache-2.0
// a*G + b*Q for verification, where nothing is secret: b in non-adjacent form with a table of odd
// multiples of Q, a by the comb, whose 26 doublings are the last of the 256 there are anyway.
// @source Solinas 2000 for the form; Hankerson, Menezes, Vanstone, Guide to ECC, algorithm 3.35
#include <string.h>

#include "limpet/endian.h"
#include "p256_mult.h"

enum { WORDS = 9, NAF_DIGITS = 257, NAF_BITS = 5 };

// Takes the digit at the low end out of k and shifts k by one.
static int8_t next_digit(uint32_t k[WORDS])
{
    int32_t digit = 0;
    if (k[0] & 1) {
        digit = (int32_t)(k[0] & ((1U << NAF_BITS) - 1));
        digit -= digit >> (NAF_BITS - 1) << NAF_BITS;
        int64_t rest = (int64_t)k[0] - digit;
        k[0] = (uint32_t)rest;
        uint32_t carry = rest >> 32 != 0;
        for (int i = 1; i < WORDS && carry; i++) {
            carry = ++k[i] == 0;
        }
    }
    for (int i = 0; i < WORDS; i++) {
        k[i] = k[i] >> 1 | (i + 1 < WORDS ? k[i + 1] << 31 : 0);
    }
    return (int8_t)digit;
}

static void naf(int8_t digits[NAF_DIGITS], const uint8_t bytes[32])
{
    uint32_t k[WORDS] = {0};
    for (int i = 0; i < 8; i++) {
        k[i] = lp_get_be32(bytes + 4 * (7 - i));
    }
    for (int i = 0; i < NAF_DIGITS; i++) {
        digits[i] = next_digit(k);
    }
}

static void add_digit(lp_point_t *p, const lp_point_t odd[LP_P256_ODD], int digit)
{
    lp_point_t entry = odd[(digit < 0 ? -digit : digit) / 2];
    lp_fe_negate_if(&entry.y, digit < 0 ? ~0U : 0);
    lp_point_add(p, &entry);
}

void lp_p256_mult_both(lp_point_t *r, const uint8_t a[32], const uint8_t b[32],
                       const lp_affine_t *q)
{
    static const uint8_t zero[32] = {0};
    lp_point_t odd[LP_P256_ODD];
    lp_p256_signs_t signs;
    int8_t digits[NAF_DIGITS];
    bool has_base = memcmp(a, zero, sizeof zero) != 0;
    lp_p256_odd_multiples(odd, q);
    naf(digits, b);
    lp_p256_signs(&signs, a, LP_P256_COMB_SIGNS);
    *r = (lp_point_t){.is_infinity = true};
    for (int i = NAF_DIGITS - 1; i >= 0; i--) {
        lp_point_double(r);
        if (digits[i] != 0) {
            add_digit(r, odd, digits[i]);
        }
        if (i < LP_P256_COMB_STEPS && has_base) {
            lp_p256_comb_add(r, &signs, i);
        }
    }
}
