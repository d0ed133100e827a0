// SPDX-License-Identifier: Apache-2.0
// A set of the rows of a table.
#ifndef LP_BITS_H
#define LP_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LP_BITS_MAX = 96 };

typedef struct {
    uint32_t words[LP_BITS_MAX / 32];
} lp_bits_t;

static inline bool lp_bits_has(const lp_bits_t *b, size_t i)
{
    return (b->words[i / 32] >> i % 32 & 1) != 0;
}

static inline void lp_bits_add(lp_bits_t *b, size_t i)
{
    b->words[i / 32] |= (uint32_t)1 << i % 32;
}

static inline void lp_bits_remove(lp_bits_t *b, size_t i)
{
    b->words[i / 32] &= ~((uint32_t)1 << i % 32);
}

static inline bool lp_bits_is_empty(const lp_bits_t *b)
{
    return (b->words[0] | b->words[1] | b->words[2]) == 0;
}

#endif
