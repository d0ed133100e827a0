// SPDX-License-Identifier: Apache-2.0
// Modulo p on 32-bit words. Everything is always reduced, so lp_fe_reduce() has nothing to do.
#include "limpet/span.h"
#include "p256_fe.h"
#include "prime.h"
#include "words.h"

void lp_fe_add(lp_fe_t *r, const lp_fe_t *a, const lp_fe_t *b)
{
    lp_fe32_add(r, a, b, &lp_fe32_p);
}

void lp_fe_sub(lp_fe_t *r, const lp_fe_t *a, const lp_fe_t *b)
{
    lp_fe32_sub(r, a, b, &lp_fe32_p);
}

void lp_fe_reduce(lp_fe_t *r)
{
    (void)r;
}

void lp_fe_mul(lp_fe_t *r, const lp_fe_t *a, const lp_fe_t *b)
{
    lp_fe32_mul_p(r, a, b);
}

void lp_fe_sqr(lp_fe_t *r, const lp_fe_t *a)
{
    lp_fe32_sqr_p(r, a);
}

void lp_fe_mul_sub(lp_fe_t *r, const lp_fe_t *a, const lp_fe_t *b, const lp_fe_t *c)
{
    lp_fe_t product;
    lp_fe_mul(&product, a, b);
    lp_fe_sub(r, &product, c);
}

void lp_fe_sqr_sub(lp_fe_t *r, const lp_fe_t *a, const lp_fe_t *c)
{
    lp_fe_t square;
    lp_fe_sqr(&square, a);
    lp_fe_sub(r, &square, c);
}

void lp_fe_negate_if(lp_fe_t *r, uint32_t mask)
{
    static const lp_fe_t zero = {{0}};
    lp_fe_t negative;
    lp_fe_sub(&negative, &zero, r);
    lp_fe_select(r, &negative, mask);
}

bool lp_fe_is_zero(const lp_fe_t *a)
{
    uint32_t any = 0;
    for (int i = 0; i < LP_FE_WORDS; i++) {
        any |= a->words[i];
    }
    return any == 0;
}

void lp_fe_from_bytes(lp_fe_t *r, const uint8_t bytes[32])
{
    lp_fe32_from_bytes(r, bytes, &lp_fe32_p);
}

void lp_fe_to_bytes(uint8_t bytes[32], const lp_fe_t *a)
{
    lp_fe32_to_bytes(bytes, a, &lp_fe32_p);
}

void lp_sc_from_bytes(lp_sc_t *r, const uint8_t bytes[32])
{
    lp_fe32_from_bytes(r, bytes, &lp_fe32_n);
}

void lp_sc_to_bytes(uint8_t bytes[32], const lp_sc_t *a)
{
    lp_fe32_to_bytes(bytes, a, &lp_fe32_n);
}

void lp_sc_mul(lp_sc_t *r, const lp_sc_t *a, const lp_sc_t *b)
{
    lp_fe32_mul(r, a, b, &lp_fe32_n);
}

void lp_sc_sqr(lp_sc_t *r, const lp_sc_t *a)
{
    lp_fe32_mul(r, a, a, &lp_fe32_n);
}

void lp_sc_add(lp_sc_t *r, const lp_sc_t *a, const lp_sc_t *b)
{
    lp_fe32_add(r, a, b, &lp_fe32_n);
}
