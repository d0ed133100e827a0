// SPDX-License-Identifier: Apache-2.0
// @source FIPS 180-4, sections 5.1.1 and 6.1
#include "limpet/sha1.h"

#include <string.h>

enum { BLOCK = 64 };

static uint32_t rotl(uint32_t x, unsigned n)
{
    return x << n | x >> (32 - n);
}

static uint32_t load32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

// The function and constant of round t.
static uint32_t f(unsigned t, uint32_t b, uint32_t c, uint32_t d)
{
    if (t < 20) {
        return ((b & c) | (~b & d)) + 0x5A827999u;
    }
    if (t < 40) {
        return (b ^ c ^ d) + 0x6ED9EBA1u;
    }
    if (t < 60) {
        return ((b & c) | (b & d) | (c & d)) + 0x8F1BBCDCu;
    }
    return (b ^ c ^ d) + 0xCA62C1D6u;
}

static void add_block(uint32_t state[5], const uint8_t *block)
{
    uint32_t w[80];
    uint32_t v[5];
    for (unsigned t = 0; t < 16; t++) {
        w[t] = load32(block + 4 * t);
    }
    for (unsigned t = 16; t < 80; t++) {
        w[t] = rotl(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
    }
    memcpy(v, state, sizeof v);
    for (unsigned t = 0; t < 80; t++) {
        const uint32_t next = rotl(v[0], 5) + f(t, v[1], v[2], v[3]) + v[4] + w[t];
        v[4] = v[3];
        v[3] = v[2];
        v[2] = rotl(v[1], 30);
        v[1] = v[0];
        v[0] = next;
    }
    for (unsigned i = 0; i < 5; i++) {
        state[i] += v[i];
    }
}

void lp_sha1(lp_span_t bytes, uint8_t digest[LP_SHA1_LEN])
{
    uint32_t state[5] = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};
    uint8_t message[2 * BLOCK] = {0};
    const size_t len = bytes.len < LP_SHA1_MESSAGE_MAX ? bytes.len : LP_SHA1_MESSAGE_MAX;
    const size_t blocks = len < BLOCK - 8 ? 1 : 2;
    if (len > 0) {
        memcpy(message, bytes.ptr, len);
    }
    message[len] = 0x80;
    message[blocks * BLOCK - 2] = (uint8_t)(len * 8 >> 8);
    message[blocks * BLOCK - 1] = (uint8_t)(len * 8);
    for (size_t i = 0; i < blocks; i++) {
        add_block(state, message + i * BLOCK);
    }
    for (unsigned i = 0; i < LP_SHA1_LEN; i++) {
        digest[i] = (uint8_t)(state[i / 4] >> (24 - 8 * (i % 4)));
    }
}
