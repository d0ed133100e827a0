// SPDX-License-Identifier: Apache-2.0
#include "p256_range.h"

static const uint8_t order[32] = {0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff,
                                  0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17,
                                  0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};
static const uint8_t prime[32] = {0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00,
                                  0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff,
                                  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

static bool is_below(const uint8_t a[32], const uint8_t b[32])
{
    uint32_t borrow = 0;
    for (int i = 31; i >= 0; i--) {
        borrow = ((uint32_t)a[i] - b[i] - borrow) >> 31;
    }
    return borrow != 0;
}

bool lp_p256_is_scalar(const uint8_t k[32])
{
    uint32_t any = 0;
    for (int i = 0; i < 32; i++) {
        any |= k[i];
    }
    return is_below(k, order) & (any != 0);
}

bool lp_p256_add_order(uint8_t sum[32], const uint8_t r[32])
{
    uint32_t carry = 0;
    for (int i = 31; i >= 0; i--) {
        carry += (uint32_t)r[i] + order[i];
        sum[i] = (uint8_t)carry;
        carry >>= 8;
    }
    return carry == 0 && is_below(sum, prime);
}
