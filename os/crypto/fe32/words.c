// SPDX-License-Identifier: Apache-2.0
// @source Koc, Acar, Kaliski 1996: CIOS
#include "words.h"

#include "limpet/endian.h"
#include "limpet/span.h"

enum { WORDS = LP_FE_WORDS };

// r = a - b, and the borrow.
static uint32_t subtract(uint32_t r[WORDS], const uint32_t a[WORDS], const uint32_t b[WORDS])
{
    uint64_t borrow = 0;
    for (int i = 0; i < WORDS; i++) {
        uint64_t d = (uint64_t)a[i] - b[i] - borrow;
        r[i] = (uint32_t)d;
        borrow = d >> 63;
    }
    return (uint32_t)borrow;
}

void lp_fe32_below(lp_fe_t *r, const uint32_t a[WORDS], uint32_t high, const lp_fe32_modulus_t *mod)
{
    uint32_t less[WORDS];
    uint32_t keep = 0U - (subtract(less, a, mod->m.words) & (high ^ 1));
    for (int i = 0; i < WORDS; i++) {
        r->words[i] = less[i] ^ ((less[i] ^ a[i]) & keep);
    }
}

void lp_fe32_add(lp_fe_t *r, const lp_fe_t *a, const lp_fe_t *b, const lp_fe32_modulus_t *mod)
{
    uint32_t sum[WORDS];
    uint64_t carry = 0;
    for (int i = 0; i < WORDS; i++) {
        carry += (uint64_t)a->words[i] + b->words[i];
        sum[i] = (uint32_t)carry;
        carry >>= 32;
    }
    lp_fe32_below(r, sum, (uint32_t)carry, mod);
}

void lp_fe32_sub(lp_fe_t *r, const lp_fe_t *a, const lp_fe_t *b, const lp_fe32_modulus_t *mod)
{
    uint32_t back = 0U - subtract(r->words, a->words, b->words);
    uint64_t carry = 0;
    for (int i = 0; i < WORDS; i++) {
        carry += (uint64_t)r->words[i] + (mod->m.words[i] & back);
        r->words[i] = (uint32_t)carry;
        carry >>= 32;
    }
}

// t += x * y, and what goes over the top to t[WORDS], t[WORDS + 1].
static void add_row(uint32_t t[WORDS + 2], uint32_t x, const uint32_t y[WORDS])
{
    uint64_t carry = 0;
    for (int i = 0; i < WORDS; i++) {
        carry += (uint64_t)x * y[i] + t[i];
        t[i] = (uint32_t)carry;
        carry >>= 32;
    }
    carry += t[WORDS];
    t[WORDS] = (uint32_t)carry;
    t[WORDS + 1] += (uint32_t)(carry >> 32);
}

void lp_fe32_mul(lp_fe_t *r, const lp_fe_t *a, const lp_fe_t *b, const lp_fe32_modulus_t *mod)
{
    uint32_t t[WORDS + 2] = {0};
    for (int i = 0; i < WORDS; i++) {
        add_row(t, a->words[i], b->words);
        add_row(t, t[0] * mod->minus_inv, mod->m.words);
        for (int j = 0; j <= WORDS; j++) {
            t[j] = t[j + 1];
        }
        t[WORDS + 1] = 0;
    }
    lp_fe32_below(r, t, t[WORDS], mod);
}

void lp_fe32_from_bytes(lp_fe_t *r, const uint8_t bytes[32], const lp_fe32_modulus_t *mod)
{
    for (int i = 0; i < WORDS; i++) {
        r->words[i] = lp_get_be32(bytes + 4 * (WORDS - 1 - i));
    }
    lp_fe32_mul(r, r, &mod->rr, mod);
}

void lp_fe32_to_bytes(uint8_t bytes[32], const lp_fe_t *a, const lp_fe32_modulus_t *mod)
{
    static const lp_fe_t one = {{1}};
    lp_fe_t plain;
    lp_fe32_mul(&plain, a, &one, mod);
    for (int i = 0; i < WORDS; i++) {
        lp_put_be32(bytes + 4 * (WORDS - 1 - i), plain.words[i]);
    }
    lp_wipe(&plain, sizeof plain);
}
