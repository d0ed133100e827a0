// SPDX-License-Identifier: Apache-2.0
// memset and memcpy for the other mbedTLS alone. A small C library has them byte by byte, and half
// of the time of its arithmetic is clearing and copying numbers. The product keeps the library's.
#include <stddef.h>
#include <stdint.h>

#include "other.h"

typedef uint32_t __attribute__((may_alias)) word_t;

enum { WORD = sizeof(word_t) };

static bool is_even(const void *a, const void *b, size_t len)
{
    return len >= WORD && (((uintptr_t)a | (uintptr_t)b) % WORD) == 0;
}

void *other_memset(void *to, int byte, size_t len)
{
    uint8_t *at = to;
    uint8_t *const end = at + len;
    if (is_even(to, to, len)) {
        const word_t four = (uint8_t)byte * 0x01010101u;
        for (; end - at >= WORD; at += WORD) {
            *(word_t *)(void *)at = four;
        }
    }
    while (at < end) {
        *at++ = (uint8_t)byte;
    }
    return to;
}

void *other_memcpy(void *restrict to, const void *restrict from, size_t len)
{
    uint8_t *at = to;
    uint8_t *const end = at + len;
    const uint8_t *in = from;
    if (is_even(to, from, len)) {
        for (; end - at >= WORD; at += WORD, in += WORD) {
            *(word_t *)(void *)at = *(const word_t *)(const void *)in;
        }
    }
    while (at < end) {
        *at++ = *in++;
    }
    return to;
}
