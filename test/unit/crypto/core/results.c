// SPDX-License-Identifier: Apache-2.0
#include "results.h"

#include <string.h>

#include "limpet/fmt.h"
#include "limpet/p256.h"

enum { ROUNDS = 6 };

static void hex(char *out, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        out[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
        out[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
    }
    out[2 * len] = '\0';
}

static void put(void (*line)(const char *text), const char *what, const uint8_t *bytes, size_t len)
{
    char digits[129], text[160];
    hex(digits, bytes, len);
    (void)lp_fmt_str(text, sizeof text, "%s %s", what, digits);
    line(text);
}

// Secrets of many shapes: few bits, many bits, near n, and ordinary ones.
static void secret(uint8_t d[32], int round)
{
    static const uint8_t fill[ROUNDS] = {0x00, 0xFF, 0xAA, 0x01, 0x5C, 0x80};
    memset(d, fill[round], 32);
    d[0] = (uint8_t)(round == 1 ? 0x7F : d[0]);
    d[31] = (uint8_t)(2 * round + 1 + round % 2);
    d[7] ^= (uint8_t)(round * 29);
}

void results(void (*line)(const char *text), uint32_t (*now)(void),
             void (*cost)(const char *operation, uint32_t ticks))
{
    uint8_t peer[64], other[32], digest[32] = {9, 8, 7};
    secret(other, 4);
    (void)lp_p256_public(other, peer);
    for (int round = 0; round < ROUNDS; round++) {
        uint8_t d[32], pub[64], shared[32], signature[64];
        secret(d, round);
        uint32_t t0 = now();
        (void)lp_p256_public(d, pub);
        uint32_t t1 = now();
        (void)lp_p256_ecdh(d, peer, shared);
        uint32_t t2 = now();
        cost("public", t1 - t0);
        cost("ecdh", t2 - t1);
        (void)lp_p256_sign(d, digest, NULL, 0, signature);
        put(line, "public", pub, sizeof pub);
        put(line, "ecdh", shared, sizeof shared);
        put(line, "sign", signature, sizeof signature);
        line(lp_p256_verify(pub, digest, signature) == LP_OK ? "verified" : "not verified");
        signature[round] ^= 4;
        line(lp_p256_verify(pub, digest, signature) == LP_OK ? "verified" : "not verified");
    }
}
