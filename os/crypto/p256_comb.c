// SPDX-License-Identifier: Apache-2.0
// Multiples of the base point by a signed comb: five teeth 52 bits apart, two combs 26 bits apart.
// Entry i of half h is (2^208 + the sum of +-2^(52 t), + where bit t of i is set) * 2^(26 h) * G.
// @source Lim, Lee 1994; Hedabou, Pinel, Beneteau 2005
#include "limpet/span.h"
#include "p256_mult.h"

enum { TEETH = 5, TOOTH_BITS = 52, HALF_BITS = 26, ENTRIES = 16 };

static void add_entry(lp_point_t *p, const lp_p256_signs_t *s, int half, int j)
{
    lp_affine_t entry;
    uint32_t index = 0;
    int at = j + HALF_BITS * half;
    for (int t = 0; t < TEETH - 1; t++) {
        index |= lp_p256_sign_at(s, at + TOOTH_BITS * t) << t;
    }
    uint32_t negate = lp_p256_sign_at(s, at + TOOTH_BITS * (TEETH - 1)) - 1;
    index = (index ^ negate) & (ENTRIES - 1);
    lp_p256_lookup(&entry, lp_p256_comb_table[half], ENTRIES, index, negate);
    lp_point_add_affine(p, &entry);
    lp_wipe(&entry, sizeof entry);
}

void lp_p256_comb_add(lp_point_t *p, const lp_p256_signs_t *s, int j)
{
    add_entry(p, s, 0, j);
    add_entry(p, s, 1, j);
}

void lp_p256_mult_base(lp_affine_t *r, const uint8_t k[32])
{
    lp_p256_signs_t signs;
    lp_point_t p = {.is_infinity = true};
    lp_p256_signs(&signs, k, LP_P256_COMB_SIGNS);
    for (int j = LP_P256_COMB_STEPS - 1; j >= 0; j--) {
        lp_point_double(&p);
        lp_p256_comb_add(&p, &signs, j);
    }
    lp_point_to_affine(r, &p, 1);
    lp_wipe(&signs, sizeof signs);
    lp_wipe(&p, sizeof p);
}
