// SPDX-License-Identifier: Apache-2.0
// An odd k below 2^count is the sum of `count` terms +-2^i, the signs being the bits of
// (k >> 1) | 2^(count-1): no digit is ever 0, so nothing can depend on where zeros are. An even k
// is taken as n - k with all signs turned.
// @source Joye, Tunstall 2009; Hedabou, Pinel, Beneteau 2005
#include "limpet/endian.h"
#include "limpet/span.h"
#include "p256_mult.h"

enum { WORDS = 8 };

static const uint32_t order[WORDS] = {0xfc632551, 0xf3b9cac2, 0xa7179e84, 0xbce6faad,
                                      0xffffffff, 0xffffffff, 0x00000000, 0xffffffff};

// n - k where the mask is all ones, else k.
static void negate_if(uint32_t k[WORDS], uint32_t mask)
{
    uint64_t borrow = 0;
    for (int i = 0; i < WORDS; i++) {
        uint64_t d = (uint64_t)order[i] - k[i] - borrow;
        borrow = (d >> 32) & 1;
        k[i] ^= (k[i] ^ (uint32_t)d) & mask;
    }
}

void lp_p256_signs(lp_p256_signs_t *s, const uint8_t k[32], int count)
{
    uint32_t w[WORDS + 1] = {0};
    for (int i = 0; i < WORDS; i++) {
        w[i] = lp_get_be32(k + 4 * (WORDS - 1 - i));
    }
    uint32_t is_even = (w[0] & 1) - 1;
    negate_if(w, is_even);
    for (int i = 0; i < WORDS; i++) {
        s->bits[i] = w[i] >> 1 | w[i + 1] << 31;
    }
    s->bits[WORDS] = 0;
    s->bits[(count - 1) / 32] |= 1U << ((count - 1) % 32);
    for (int i = 0; i <= WORDS; i++) {
        s->bits[i] ^= is_even;
    }
    lp_wipe(w, sizeof w);
}
