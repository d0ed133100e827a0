// SPDX-License-Identifier: Apache-2.0
// Modulo n, the order of the group, on signed 13-bit digits. It is needed a few hundred times in
// an operation, not thousands of times, so it is short rather than fast.
#include <string.h>

#include "constants.h"
#include "digits.h"
#include "limpet/span.h"
#include "p256_fe.h"

enum { DIGITS = LP_FE13_DIGITS, LOW_DIGITS = 10 };

// What q times n adds from column c[0] on. n has digits in its lower half and three above it,
// 1024 at 14, -8 at 17 and 512 at 19.
static inline void add_multiple(int32_t *c, int32_t q)
{
    for (int j = 0; j < LOW_DIGITS; j++) {
        c[j] += q * lp_sc13_n.v[j];
    }
    c[14] += q * 1024;
    c[17] -= q * 8;
    c[19] += q * 512;
}

// The columns divided by R modulo n. A column stays below 2^31: 20 products of balanced digits,
// and at most 12 of a digit of n and a multiple below 2^13.
static void montgomery(lp_sc_t *r, int32_t c[LP_FE13_COLUMNS])
{
    int32_t carry = 0;
    for (int k = 0; k < DIGITS; k++) {
        uint32_t low = (uint32_t)fe13_low(c[k] + carry);
        add_multiple(c + k, fe13_low((int32_t)(low * LP_SC13_MINUS_INV)));
        carry = fe13_shift(c[k] + carry);
    }
    for (int k = DIGITS; k < LP_FE13_COLUMNS - 1; k++) {
        r->v[k - DIGITS] = fe13_balance(c[k] + carry, &carry);
    }
    r->v[DIGITS - 1] = (int16_t)(c[LP_FE13_COLUMNS - 1] + carry);
}

void lp_sc_mul(lp_sc_t *r, const lp_sc_t *a, const lp_sc_t *b)
{
    int32_t c[LP_FE13_COLUMNS];
    lp_fe13_mul_columns(c, a->v, b->v);
    montgomery(r, c);
}

void lp_sc_sqr(lp_sc_t *r, const lp_sc_t *a)
{
    int32_t c[LP_FE13_COLUMNS];
    lp_fe13_sqr_columns(c, a->v);
    montgomery(r, c);
}

// Twice a product of reduced elements is below 2^258, which the next product makes small again.
void lp_sc_add(lp_sc_t *r, const lp_sc_t *a, const lp_sc_t *b)
{
    lp_fe_add(r, a, b);
    lp_fe13_carry(r);
}

void lp_sc_from_bytes(lp_sc_t *r, const uint8_t bytes[32])
{
    lp_fe13_unpack(r, bytes);
    lp_sc_mul(r, r, &lp_sc13_rr);
}

// a / R is in 0..n for any |a| below R, and n only for a = 0 modulo n.
void lp_sc_to_bytes(uint8_t bytes[32], const lp_sc_t *a)
{
    int32_t c[LP_FE13_COLUMNS];
    lp_sc_t plain;
    memset(c, 0, sizeof c);
    for (int i = 0; i < DIGITS; i++) {
        c[i] = a->v[i];
    }
    montgomery(&plain, c);
    lp_fe_select(&plain, &lp_fe13_zero, ~lp_fe13_differ(&plain, &lp_sc13_n));
    lp_fe13_pack(bytes, &plain);
    lp_wipe(&plain, sizeof plain);
    lp_wipe(c, sizeof c);
}
