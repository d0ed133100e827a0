// SPDX-License-Identifier: Apache-2.0
// Modulo p = 2^256 - 2^224 + 2^192 + 2^96 - 1 on signed 13-bit digits.
//
// A reduced element has digits within +-4352 and a value within +-0.51 * 2^256; a product of sums
// as p256_fe.h permits keeps every column below 2^31: 20 digits * (2 * 4352)^2 = 1.52e9, and the
// terms of the reduction add less than 2^24.
#include <string.h>

#include "constants.h"
#include "digits.h"
#include "limpet/span.h"
#include "p256_fe.h"

enum { DIGITS = LP_FE13_DIGITS };

void lp_fe_add(lp_fe_t *r, const lp_fe_t *a, const lp_fe_t *b)
{
    for (int i = 0; i < DIGITS; i++) {
        r->v[i] = (int16_t)(a->v[i] + b->v[i]);
    }
}

void lp_fe_sub(lp_fe_t *r, const lp_fe_t *a, const lp_fe_t *b)
{
    for (int i = 0; i < DIGITS; i++) {
        r->v[i] = (int16_t)(a->v[i] - b->v[i]);
    }
}

// Takes multiples of 2^256 out of the top digit: 2^256 = 2^224 - 2^192 - 2^96 + 1 modulo p, which
// are 8 at digit 17, 1024 at digit 14 and 32 at digit 7.
static void fold(lp_fe_t *r)
{
    int32_t top = (r->v[19] + 256) >> 9;
    int32_t carry;
    r->v[19] = (int16_t)(r->v[19] - top * 512);
    r->v[0] = (int16_t)(r->v[0] + top);
    r->v[7] = (int16_t)(r->v[7] - top * 32);
    r->v[14] = fe13_balance(r->v[14] - top * 1024, &carry);
    r->v[15] = (int16_t)(r->v[15] + carry);
    r->v[17] = (int16_t)(r->v[17] + top * 8);
}

void lp_fe_reduce(lp_fe_t *r)
{
    lp_fe13_carry(r);
    fold(r);
}

// What the multiples q of p that cleared lower columns bring to this one: q * p is -q at its own
// column and 32q, 1024q, -8q and 512q at 7, 14, 17 and 19 columns further up.
static inline int32_t brought(int32_t q7, int32_t q14, int32_t q17, int32_t q19)
{
    return 8 * (4 * q7 + 64 * (2 * q14 + q19) - q17);
}

// The columns divided by R = 2^260 modulo p. As p is -1 modulo 2^13, the multiple of p that clears
// a column is that column's own low digit. The conditions are constants once the loops are
// unrolled, which the build asks for on the small cores.
static void montgomery(lp_fe_t *r, const int32_t c[LP_FE13_COLUMNS])
{
    int32_t q[DIGITS];
    int32_t carry = 0;
    for (int k = 0; k < DIGITS; k++) {
        int32_t t = c[k] + carry +
                    brought(k < 7 ? 0 : q[k - 7], k < 14 ? 0 : q[k - 14], k < 17 ? 0 : q[k - 17],
                            k < 19 ? 0 : q[k - 19]);
        q[k] = fe13_low(t);
        carry = fe13_shift(t);
    }
    for (int k = DIGITS; k < LP_FE13_COLUMNS - 1; k++) {
        int32_t t = c[k] + carry +
                    brought(k > 26 ? 0 : q[k - 7], k > 33 ? 0 : q[k - 14], k > 36 ? 0 : q[k - 17],
                            q[k - 19]);
        r->v[k - DIGITS] = fe13_balance(t, &carry);
    }
    r->v[DIGITS - 1] = (int16_t)(c[LP_FE13_COLUMNS - 1] + carry);
}

static void reduce_columns(lp_fe_t *r, const int32_t c[LP_FE13_COLUMNS])
{
    montgomery(r, c);
    fold(r);
}

// c - s * R
static void subtract(int32_t c[LP_FE13_COLUMNS], const lp_fe_t *s)
{
    for (int i = 0; i < DIGITS; i++) {
        c[DIGITS + i] -= s->v[i];
    }
}

void lp_fe_mul(lp_fe_t *r, const lp_fe_t *a, const lp_fe_t *b)
{
    int32_t c[LP_FE13_COLUMNS];
    lp_fe13_mul_columns(c, a->v, b->v);
    reduce_columns(r, c);
}

void lp_fe_sqr(lp_fe_t *r, const lp_fe_t *a)
{
    int32_t c[LP_FE13_COLUMNS];
    lp_fe13_sqr_columns(c, a->v);
    reduce_columns(r, c);
}

void lp_fe_mul_sub(lp_fe_t *r, const lp_fe_t *a, const lp_fe_t *b, const lp_fe_t *s)
{
    int32_t c[LP_FE13_COLUMNS];
    lp_fe13_mul_columns(c, a->v, b->v);
    subtract(c, s);
    reduce_columns(r, c);
}

void lp_fe_sqr_sub(lp_fe_t *r, const lp_fe_t *a, const lp_fe_t *s)
{
    int32_t c[LP_FE13_COLUMNS];
    lp_fe13_sqr_columns(c, a->v);
    subtract(c, s);
    reduce_columns(r, c);
}

void lp_fe_negate_if(lp_fe_t *r, uint32_t mask)
{
    for (int i = 0; i < DIGITS; i++) {
        r->v[i] = (int16_t)((r->v[i] ^ (int32_t)mask) - (int32_t)mask);
    }
}

// a / R, which is in 0..p for any |a| below R, and p only for a = 0 modulo p.
static void leave_montgomery(lp_fe_t *r, const lp_fe_t *a)
{
    int32_t c[LP_FE13_COLUMNS];
    memset(c, 0, sizeof c);
    for (int i = 0; i < DIGITS; i++) {
        c[i] = a->v[i];
    }
    montgomery(r, c);
}

// All ones where the element is 0.
static uint32_t zero_mask(const lp_fe_t *plain)
{
    return ~(lp_fe13_differ(plain, &lp_fe13_zero) & lp_fe13_differ(plain, &lp_fe13_p));
}

void lp_fe_to_bytes(uint8_t bytes[32], const lp_fe_t *a)
{
    lp_fe_t plain;
    leave_montgomery(&plain, a);
    lp_fe_select(&plain, &lp_fe13_zero, zero_mask(&plain));
    lp_fe13_pack(bytes, &plain);
    lp_wipe(&plain, sizeof plain);
}

bool lp_fe_is_zero(const lp_fe_t *a)
{
    lp_fe_t plain;
    leave_montgomery(&plain, a);
    return zero_mask(&plain) != 0;
}

void lp_fe_from_bytes(lp_fe_t *r, const uint8_t bytes[32])
{
    lp_fe13_unpack(r, bytes);
    lp_fe_mul(r, r, &lp_fe13_rr);
}
