// SPDX-License-Identifier: Apache-2.0
#include "p256_invert.h"

#include "limpet/span.h"

// r = r^(2^squarings) * a
static void push(lp_fe_t *r, int squarings, const lp_fe_t *a)
{
    for (int i = 0; i < squarings; i++) {
        lp_fe_sqr(r, r);
    }
    lp_fe_mul(r, r, a);
}

// p - 2 in bits, high to low: 32 ones, 31 zeros and a one, 96 zeros, 94 ones, zero, one. ones[i]
// is a to the power of 2^i ones.
void lp_fe_invert(lp_fe_t *r, const lp_fe_t *a)
{
    lp_fe_t ones[6], t;
    ones[0] = *a;
    for (int i = 0; i < 5; i++) {
        ones[i + 1] = ones[i];
        push(&ones[i + 1], 1 << i, &ones[i]);
    }
    t = ones[5];
    push(&t, 32, &ones[0]);
    push(&t, 128, &ones[5]);
    push(&t, 32, &ones[5]);
    for (int i = 4; i >= 1; i--) {
        push(&t, 1 << i, &ones[i]);
    }
    push(&t, 2, &ones[0]);
    *r = t;
    lp_wipe(ones, sizeof ones);
    lp_wipe(&t, sizeof t);
}

// n - 2, four bits at a time; the exponent is no secret.
void lp_sc_invert(lp_sc_t *r, const lp_sc_t *a)
{
    static const uint8_t exponent[32] = {0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00,
                                         0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                         0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84,
                                         0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x4f};
    lp_sc_t power[16], t = lp_sc_one;
    power[0] = lp_sc_one;
    for (int i = 1; i < 16; i++) {
        lp_sc_mul(&power[i], &power[i - 1], a);
    }
    for (int i = 0; i < 64; i++) {
        for (int j = 0; j < 4; j++) {
            lp_sc_sqr(&t, &t);
        }
        lp_sc_mul(&t, &t, &power[(exponent[i / 2] >> (i % 2 == 0 ? 4 : 0)) & 15]);
    }
    *r = t;
    lp_wipe(power, sizeof power);
    lp_wipe(&t, sizeof t);
}
