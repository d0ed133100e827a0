// SPDX-License-Identifier: Apache-2.0
// SHA-256 (FIPS 180-4) with a state that can be read out, as the 608's SHA(Read_Context) needs. On
// purpose not that of os/base, with which the driver computes what the chip should answer: driver
// and model must not agree on the same mistake. The tests compare it with OpenSSL's.
#include <string.h>

#include "internal.h"

static const uint32_t K[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t rotr(uint32_t x, unsigned n)
{
    return x >> n | x << (32 - n);
}

static void schedule(uint32_t w[64], const uint8_t block[64])
{
    for (unsigned i = 0; i < 16; i++) {
        w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
               (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
    }
    for (unsigned i = 16; i < 64; i++) {
        uint32_t s0 = rotr(w[i - 15], 7) ^ rotr(w[i - 15], 18) ^ w[i - 15] >> 3;
        uint32_t s1 = rotr(w[i - 2], 17) ^ rotr(w[i - 2], 19) ^ w[i - 2] >> 10;
        w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
}

static void compress(uint32_t h[8], const uint8_t block[64])
{
    uint32_t w[64];
    uint32_t v[8];
    schedule(w, block);
    memcpy(v, h, sizeof v);
    for (unsigned i = 0; i < 64; i++) {
        uint32_t s1 = rotr(v[4], 6) ^ rotr(v[4], 11) ^ rotr(v[4], 25);
        uint32_t ch = (v[4] & v[5]) ^ (~v[4] & v[6]);
        uint32_t t1 = v[7] + s1 + ch + K[i] + w[i];
        uint32_t s0 = rotr(v[0], 2) ^ rotr(v[0], 13) ^ rotr(v[0], 22);
        uint32_t maj = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);
        memmove(v + 1, v, 7 * sizeof v[0]);
        v[4] += t1;
        v[0] = t1 + s0 + maj;
    }
    for (unsigned i = 0; i < 8; i++) {
        h[i] += v[i];
    }
    lp_cs_wipe(w, sizeof w);
    lp_cs_wipe(v, sizeof v);
}

void lp_cs_sha_init(lp_cs_sha_t *s)
{
    static const uint32_t start[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    memset(s, 0, sizeof *s);
    memcpy(s->h, start, sizeof start);
}

void lp_cs_sha_add(lp_cs_sha_t *s, const void *bytes, size_t len)
{
    const uint8_t *p = bytes;
    for (size_t i = 0; i < len; i++) {
        s->block[s->total++ % 64] = p[i];
        if (s->total % 64 == 0) {
            compress(s->h, s->block);
        }
    }
}

void lp_cs_sha_end(lp_cs_sha_t *s, uint8_t out[32])
{
    static const uint8_t pad[64] = {0x80};
    uint64_t bits = s->total * 8;
    size_t used = (size_t)(s->total % 64);
    lp_cs_sha_add(s, pad, used < 56 ? 56 - used : 120 - used);
    uint8_t tail[8];
    for (unsigned i = 0; i < 8; i++) {
        tail[i] = (uint8_t)(bits >> (56 - 8 * i));
    }
    lp_cs_sha_add(s, tail, sizeof tail);
    for (unsigned i = 0; i < 32; i++) {
        out[i] = (uint8_t)(s->h[i / 4] >> (24 - 8 * (i % 4)));
    }
    lp_cs_wipe(s, sizeof *s);
}

void lp_cs_sha(const void *bytes, size_t len, uint8_t out[32])
{
    lp_cs_sha_t s;
    lp_cs_sha_init(&s);
    lp_cs_sha_add(&s, bytes, len);
    lp_cs_sha_end(&s, out);
}

static void hmac_pad(lp_cs_sha_t *s, const uint8_t key[64], uint8_t pad)
{
    uint8_t block[64];
    for (unsigned i = 0; i < 64; i++) {
        block[i] = (uint8_t)(key[i] ^ pad);
    }
    lp_cs_sha_init(s);
    lp_cs_sha_add(s, block, sizeof block);
    lp_cs_wipe(block, sizeof block);
}

void lp_cs_hmac(const uint8_t *key, size_t key_len, const uint8_t *msg, size_t len, uint8_t out[32])
{
    uint8_t block[64] = {0};
    if (key_len > sizeof block) {
        lp_cs_sha(key, key_len, block);
    } else {
        memcpy(block, key, key_len);
    }
    lp_cs_sha_t s;
    uint8_t inner[32];
    hmac_pad(&s, block, 0x36);
    lp_cs_sha_add(&s, msg, len);
    lp_cs_sha_end(&s, inner);
    hmac_pad(&s, block, 0x5C);
    lp_cs_sha_add(&s, inner, sizeof inner);
    lp_cs_sha_end(&s, out);
    lp_cs_wipe(block, sizeof block);
    lp_cs_wipe(inner, sizeof inner);
}
