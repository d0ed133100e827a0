// SPDX-License-Identifier: Apache-2.0
#include "digits.h"

#include "limpet/span.h"

void lp_fe13_carry(lp_fe_t *r)
{
    int32_t carry = 0;
    for (int i = 0; i < LP_FE13_DIGITS - 1; i++) {
        r->v[i] = fe13_balance(r->v[i] + carry, &carry);
    }
    r->v[LP_FE13_DIGITS - 1] = (int16_t)(r->v[LP_FE13_DIGITS - 1] + carry);
}

void lp_fe13_unpack(lp_fe_t *r, const uint8_t bytes[32])
{
    uint32_t bits = 0;
    int have = 0;
    int at = 31;
    for (int i = 0; i < LP_FE13_DIGITS; i++) {
        while (have < FE13_BITS && at >= 0) {
            bits |= (uint32_t)bytes[at--] << have;
            have += 8;
        }
        r->v[i] = (int16_t)(bits & (FE13_BASE - 1));
        bits >>= FE13_BITS;
        have -= FE13_BITS;
    }
    lp_fe13_carry(r);
}

void lp_fe13_pack(uint8_t bytes[32], const lp_fe_t *a)
{
    uint32_t bits = 0;
    int have = 0;
    int at = 31;
    int32_t carry = 0;
    for (int i = 0; i < LP_FE13_DIGITS; i++) {
        int32_t digit = a->v[i] + carry;
        carry = fe13_shift(digit);
        bits |= (uint32_t)fe13_low(digit) << have;
        have += FE13_BITS;
        while (have >= 8 && at >= 0) {
            bytes[at--] = (uint8_t)bits;
            bits >>= 8;
            have -= 8;
        }
    }
}

uint32_t lp_fe13_differ(const lp_fe_t *a, const lp_fe_t *b)
{
    uint32_t diff = 0;
    for (int i = 0; i < LP_FE13_DIGITS; i++) {
        diff |= (uint32_t)(a->v[i] ^ b->v[i]) & 0xFFFF;
    }
    return 0U - ((diff + 0xFFFF) >> 16);
}
