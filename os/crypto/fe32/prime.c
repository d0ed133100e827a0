// SPDX-License-Identifier: Apache-2.0
// Products modulo p, which is 2^256 - 2^224 + 2^192 + 2^96 - 1: in Montgomery's reduction each
// factor is the lowest word itself, and what it multiplies is added and taken off in whole words.
//
// No branch and no address depends on a number: loops have fixed lengths.
// @source NIST SP 800-186, G.1.2 (P-256); Montgomery 1985
#include "prime.h"

#include "words.h"

enum { WORDS = LP_FE_WORDS, WIDE = 2 * LP_FE_WORDS };

// t[0..n-1] += x * y, and what goes over the top is t[n].
static inline void add_row(uint32_t *t, uint32_t x, const uint32_t *y, int n)
{
    uint64_t carry = 0;
#pragma GCC unroll 8
    for (int i = 0; i < n; i++) {
        carry += (uint64_t)x * y[i] + t[i];
        t[i] = (uint32_t)carry;
        carry >>= 32;
    }
    t[n] = (uint32_t)carry;
}

// r = t / 2^256 mod p, for t below p^2. Column j has t[j], and of the factors before it those that
// p's terms bring there; its own sum is the factor of column j, which p's last term takes away.
static void reduce(lp_fe_t *r, const uint32_t t[WIDE])
{
    uint32_t factor[WORDS];
    uint32_t high[WORDS];
    int64_t sum = 0;
#pragma GCC unroll 16
    for (int j = 0; j < WIDE; j++) {
        sum += t[j];
        sum += j >= 3 && j < WORDS + 3 ? factor[j - 3] : 0;
        sum += j >= 6 && j < WORDS + 6 ? factor[j - 6] : 0;
        sum -= j >= 7 && j < WORDS + 7 ? factor[j - 7] : 0;
        sum += j >= 8 ? factor[j - 8] : 0;
        *(j < WORDS ? &factor[j] : &high[j - WORDS]) = (uint32_t)sum;
        sum >>= 32;
    }
    lp_fe32_below(r, high, (uint32_t)sum, &lp_fe32_p);
}

void lp_fe32_mul_p(lp_fe_t *r, const lp_fe_t *a, const lp_fe_t *b)
{
    uint32_t t[WIDE] = {0};
    for (int i = 0; i < WORDS; i++) {
        add_row(t + i, a->words[i], b->words, WORDS);
    }
    reduce(r, t);
}

void lp_fe32_sqr_p(lp_fe_t *r, const lp_fe_t *a)
{
    uint32_t t[WIDE] = {0};
#pragma GCC unroll 8
    for (int i = 0; i < WORDS - 1; i++) {
        add_row(t + 2 * i + 1, a->words[i], a->words + i + 1, WORDS - 1 - i);
    }
    // Each product of two different words twice, and the squares.
    uint64_t carry = 0;
#pragma GCC unroll 8
    for (int i = 0; i < WORDS; i++) {
        const uint64_t square = (uint64_t)a->words[i] * a->words[i];
        carry += ((uint64_t)t[2 * i] << 1) + (uint32_t)square;
        t[2 * i] = (uint32_t)carry;
        carry = (carry >> 32) + ((uint64_t)t[2 * i + 1] << 1) + (square >> 32);
        t[2 * i + 1] = (uint32_t)carry;
        carry >>= 32;
    }
    reduce(r, t);
}
