// SPDX-License-Identifier: Apache-2.0
#include "limpet/sha256.h"

#include <string.h>

#include "limpet/endian.h"

static const uint32_t round_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t rotr(uint32_t v, unsigned n)
{
    return v >> n | v << (32 - n);
}

// The next word of the schedule; sixteen words are kept instead of sixty-four.
static uint32_t schedule(uint32_t w[16], unsigned i)
{
    uint32_t w15 = w[(i + 1) & 15];
    uint32_t w2 = w[(i + 14) & 15];
    uint32_t s0 = rotr(w15, 7) ^ rotr(w15, 18) ^ w15 >> 3;
    uint32_t s1 = rotr(w2, 17) ^ rotr(w2, 19) ^ w2 >> 10;
    w[i & 15] += s0 + w[(i + 9) & 15] + s1;
    return w[i & 15];
}

static void compress(uint32_t state[8], const uint8_t block[64])
{
    uint32_t w[16];
    uint32_t v[8];
    memcpy(v, state, sizeof v);
    for (size_t i = 0; i < 16; i++) {
        w[i] = lp_get_be32(block + 4 * i);
    }
    for (unsigned i = 0; i < 64; i++) {
        uint32_t wi = i < 16 ? w[i] : schedule(w, i);
        uint32_t s1 = rotr(v[4], 6) ^ rotr(v[4], 11) ^ rotr(v[4], 25);
        uint32_t ch = v[6] ^ (v[4] & (v[5] ^ v[6]));
        uint32_t t1 = v[7] + s1 + ch + round_constants[i] + wi;
        uint32_t s0 = rotr(v[0], 2) ^ rotr(v[0], 13) ^ rotr(v[0], 22);
        uint32_t maj = (v[0] & v[1]) | (v[2] & (v[0] | v[1]));
        v[7] = v[6]; // one by one: a loop becomes a call of memmove() each time
        v[6] = v[5];
        v[5] = v[4];
        v[4] = v[3] + t1;
        v[3] = v[2];
        v[2] = v[1];
        v[1] = v[0];
        v[0] = t1 + s0 + maj;
    }
    for (unsigned i = 0; i < 8; i++) {
        state[i] += v[i];
    }
    lp_wipe(w, sizeof w);
    lp_wipe(v, sizeof v);
}

void lp_sha256_init(lp_sha256_t *h)
{
    static const uint32_t start[8] = {
        0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
        0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
    };
    memcpy(h->state_, start, sizeof start);
    h->len_bytes_ = 0;
}

void lp_sha256_update(lp_sha256_t *h, lp_span_t bytes)
{
    while (bytes.len > 0) {
        size_t at = (size_t)(h->len_bytes_ % sizeof h->block_);
        size_t room = sizeof h->block_ - at;
        size_t count = bytes.len < room ? bytes.len : room;
        memcpy(h->block_ + at, bytes.ptr, count);
        h->len_bytes_ += count;
        bytes = lp_span(bytes.ptr + count, bytes.len - count);
        if (count == room) {
            compress(h->state_, h->block_);
        }
    }
}

void lp_sha256_final(lp_sha256_t *h, uint8_t digest[LP_SHA256_LEN])
{
    static const uint8_t padding[64] = {0x80};
    uint8_t bits[8];
    lp_put_be64(bits, h->len_bytes_ * 8);
    size_t at = (size_t)(h->len_bytes_ % 64);
    lp_sha256_update(h, lp_span(padding, at < 56 ? 56 - at : 120 - at));
    lp_sha256_update(h, lp_span(bits, sizeof bits));
    for (size_t i = 0; i < 8; i++) {
        lp_put_be32(digest + 4 * i, h->state_[i]);
    }
    lp_wipe(h, sizeof *h);
}

void lp_sha256(lp_span_t bytes, uint8_t digest[LP_SHA256_LEN])
{
    lp_sha256_t h;
    lp_sha256_init(&h);
    lp_sha256_update(&h, bytes);
    lp_sha256_final(&h, digest);
}
