// SPDX-License-Identifier: Apache-2.0
// Comparing 32-byte big-endian numbers in the same time whatever they are.
#ifndef LP_P256_RANGE_H
#define LP_P256_RANGE_H

#include <stdbool.h>
#include <stdint.h>

// 1 <= k < n
bool lp_p256_is_scalar(const uint8_t k[32]);

// sum = r + n where that is below p, so where r can stand for a second X coordinate.
bool lp_p256_add_order(uint8_t sum[32], const uint8_t r[32]);

#endif
