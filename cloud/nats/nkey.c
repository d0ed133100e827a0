// SPDX-License-Identifier: Apache-2.0
#include <openssl/evp.h>
#include <string.h>

#include "limpet/nats_key.h"

enum { SEED_LETTERS = 58, SEED_BYTES = 36, PUBLIC_BYTES = 35, RAW = 32, PREFIX_USER = 0xa0 };

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

static uint16_t crc16_xmodem(const uint8_t *bytes, size_t len)
{
    unsigned crc = 0;
    for (size_t i = 0; i < len; i++) {
        crc ^= (unsigned)bytes[i] << 8;
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc & 0x8000) != 0 ? crc << 1 ^ 0x1021 : crc << 1;
        }
    }
    return (uint16_t)crc;
}

static int digit(uint8_t c)
{
    const char *at = c != '\0' ? strchr(alphabet, c) : NULL;
    return at != NULL ? (int)(at - alphabet) : -1;
}

// 58 letters are 290 bits, two more than 36 bytes; those are zero, or it could be written in
// several ways.
static bool decode_seed(lp_span_t text, uint8_t out[SEED_BYTES])
{
    unsigned bits = 0;
    int held = 0;
    size_t n = 0;
    for (size_t i = 0; i < SEED_LETTERS; i++) {
        int value = digit(text.ptr[i]);
        if (value < 0) {
            return false;
        }
        bits = (bits << 5 | (unsigned)value) & 0xfff;
        held += 5;
        if (held >= 8) {
            held -= 8;
            out[n++] = (uint8_t)(bits >> held);
        }
    }
    return n == SEED_BYTES && (bits & ((1U << held) - 1)) == 0;
}

static void encode(const uint8_t bytes[PUBLIC_BYTES], char out[LP_NATS_KEY_SIZE])
{
    unsigned bits = 0;
    int held = 0;
    size_t n = 0;
    for (size_t i = 0; i < PUBLIC_BYTES; i++) {
        bits = (bits << 8 | bytes[i]) & 0xfff;
        for (held += 8; held >= 5; held -= 5) {
            out[n++] = alphabet[bits >> (held - 5) & 31];
        }
    }
    out[n] = '\0';
}

static bool derive(const uint8_t raw[RAW], char out[LP_NATS_KEY_SIZE])
{
    uint8_t bytes[PUBLIC_BYTES] = {PREFIX_USER};
    size_t len = RAW;
    EVP_PKEY *k = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, raw, RAW);
    bool ok = k != NULL && EVP_PKEY_get_raw_public_key(k, bytes + 1, &len) == 1 && len == RAW;
    EVP_PKEY_free(k);
    if (ok) {
        uint16_t crc = crc16_xmodem(bytes, 1 + RAW);
        bytes[1 + RAW] = (uint8_t)crc;
        bytes[2 + RAW] = (uint8_t)(crc >> 8);
        encode(bytes, out);
    }
    return ok;
}

static bool take_seed(lp_span_t seed, uint8_t bytes[SEED_BYTES])
{
    return seed.len == SEED_LETTERS && decode_seed(seed, bytes) && bytes[0] == 0x95 &&
           bytes[1] == 0x00 &&
           crc16_xmodem(bytes, SEED_BYTES - 2) ==
               (bytes[SEED_BYTES - 2] | bytes[SEED_BYTES - 1] << 8);
}

bool lp_nats_key_public(lp_span_t seed, char out[LP_NATS_KEY_SIZE])
{
    uint8_t bytes[SEED_BYTES];
    out[0] = '\0';
    bool ok = take_seed(seed, bytes) && derive(bytes + 2, out);
    OPENSSL_cleanse(bytes, sizeof bytes);
    return ok;
}

static bool sign(const uint8_t raw[RAW], lp_span_t message, uint8_t out[LP_NATS_SIGNATURE_SIZE])
{
    size_t len = LP_NATS_SIGNATURE_SIZE;
    EVP_PKEY *k = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, raw, RAW);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = k != NULL && ctx != NULL && EVP_DigestSignInit(ctx, NULL, NULL, NULL, k) == 1 &&
              EVP_DigestSign(ctx, out, &len, message.ptr, message.len) == 1;
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(k);
    return ok;
}

bool lp_nats_key_sign(lp_span_t seed, lp_span_t message, uint8_t out[LP_NATS_SIGNATURE_SIZE])
{
    uint8_t bytes[SEED_BYTES];
    bool ok = take_seed(seed, bytes) && sign(bytes + 2, message, out);
    OPENSSL_cleanse(bytes, sizeof bytes);
    return ok;
}

lp_span_t lp_nats_seed_find(lp_span_t text)
{
    for (size_t at = 0; at < text.len;) {
        const uint8_t *line = text.ptr + at;
        const uint8_t *end = memchr(line, '\n', text.len - at);
        size_t len = end != NULL ? (size_t)(end - line) : text.len - at;
        at += len + 1;
        len -= len > 0 && line[len - 1] == '\r' ? 1 : 0;
        if (len == SEED_LETTERS && line[0] == 'S' && line[1] == 'U') {
            return lp_span(line, len);
        }
    }
    return lp_span(NULL, 0);
}

lp_span_t lp_nats_jwt_find(lp_span_t text)
{
    static const char begin[] = "-----BEGIN NATS USER JWT-----";
    size_t at = 0;
    while (at + sizeof begin - 1 < text.len &&
           memcmp(text.ptr + at, begin, sizeof begin - 1) != 0) {
        at++;
    }
    at += sizeof begin - 1;
    while (at < text.len && (text.ptr[at] == '\r' || text.ptr[at] == '\n')) {
        at++;
    }
    size_t end = at;
    while (end < text.len && text.ptr[end] > ' ' && text.ptr[end] < 0x7f) {
        end++;
    }
    bool found = end > at && text.ptr[at] != '-' && end < text.len;
    return found ? lp_span(text.ptr + at, end - at) : lp_span(NULL, 0);
}
