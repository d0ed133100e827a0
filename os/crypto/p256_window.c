// SPDX-License-Identifier: Apache-2.0
// Multiples of any point: four signs at a time are an odd digit in -15..15, and 1, 3 ... 15 times
// the point are in a table. One addition for each digit, always.
// @source Joye, Tunstall 2009
#include "limpet/span.h"
#include "p256_mult.h"

enum { SIGNS = 256, DIGIT_SIGNS = 4, DIGITS = SIGNS / DIGIT_SIGNS };

void lp_p256_odd_multiples(lp_point_t odd[LP_P256_ODD], const lp_affine_t *q)
{
    lp_point_t twice;
    lp_point_set(&odd[0], q);
    twice = odd[0];
    lp_point_double(&twice);
    for (int i = 1; i < LP_P256_ODD; i++) {
        odd[i] = odd[i - 1];
        lp_point_add(&odd[i], &twice);
    }
}

static void fill(lp_affine_t table[LP_P256_ODD], const lp_affine_t *q)
{
    lp_point_t odd[LP_P256_ODD];
    lp_p256_odd_multiples(odd, q);
    lp_point_to_affine(table, odd, LP_P256_ODD);
}

// The digit is 2 v - 15 for the four signs v, so entry v - 8 or the negative of entry 7 - v.
static void add_digit(lp_point_t *p, const lp_affine_t table[LP_P256_ODD], const lp_p256_signs_t *s,
                      int digit)
{
    lp_affine_t entry;
    uint32_t v = s->bits[digit / 8] >> (DIGIT_SIGNS * (digit % 8)) & 15;
    uint32_t negate = (v >> 3) - 1;
    lp_p256_lookup(&entry, table, LP_P256_ODD, (v ^ negate) & (LP_P256_ODD - 1), negate);
    lp_point_add_affine(p, &entry);
    lp_wipe(&entry, sizeof entry);
}

void lp_p256_mult(lp_affine_t *r, const uint8_t k[32], const lp_affine_t *q)
{
    lp_affine_t table[LP_P256_ODD];
    lp_p256_signs_t signs;
    lp_point_t p = {.is_infinity = true};
    fill(table, q);
    lp_p256_signs(&signs, k, SIGNS);
    for (int digit = DIGITS - 1; digit >= 0; digit--) {
        for (int i = 0; i < DIGIT_SIGNS; i++) {
            lp_point_double(&p);
        }
        add_digit(&p, table, &signs, digit);
    }
    lp_point_to_affine(r, &p, 1);
    lp_wipe(&signs, sizeof signs);
    lp_wipe(&p, sizeof p);
}
