// SPDX-License-Identifier: Apache-2.0
// Choosing without a trace: every word is touched, whatever is chosen.
#include "p256_mult.h"

void lp_fe_select(lp_fe_t *r, const lp_fe_t *a, uint32_t mask)
{
    for (int i = 0; i < LP_FE_WORDS; i++) {
        r->words[i] ^= (r->words[i] ^ a->words[i]) & mask;
    }
}

static void take(lp_fe_t *r, const lp_fe_t *a, uint32_t mask)
{
    for (int i = 0; i < LP_FE_WORDS; i++) {
        r->words[i] |= a->words[i] & mask;
    }
}

void lp_p256_lookup(lp_affine_t *out, const lp_affine_t *table, uint32_t count, uint32_t index,
                    uint32_t negate)
{
    lp_affine_t found = {.x = {.words = {0}}, .y = {.words = {0}}};
    for (uint32_t i = 0; i < count; i++) {
        uint32_t mask = 0U - (((i ^ index) - 1) >> 31);
        take(&found.x, &table[i].x, mask);
        take(&found.y, &table[i].y, mask);
    }
    lp_fe_negate_if(&found.y, negate);
    *out = found;
}
