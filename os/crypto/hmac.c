// SPDX-License-Identifier: Apache-2.0
#include "limpet/hmac.h"

#include <string.h>

enum { BLOCK = LP_HMAC_KEY_MAX, INNER = 0x36, OUTER = 0x5C };

static void start(lp_sha256_t *h, lp_span_t key, uint8_t pad)
{
    uint8_t block[BLOCK];
    memset(block, pad, sizeof block);
    for (size_t i = 0; i < key.len; i++) {
        block[i] ^= key.ptr[i];
    }
    lp_sha256_init(h);
    lp_sha256_update(h, lp_span(block, sizeof block));
    lp_wipe(block, sizeof block);
}

void lp_hmac_sha256_init_short(lp_hmac_t *m, lp_span_t key)
{
    start(&m->inner_, key, INNER);
    start(&m->outer_, key, OUTER);
}

void lp_hmac_sha256_init(lp_hmac_t *m, const uint8_t key[LP_SHA256_LEN])
{
    lp_hmac_sha256_init_short(m, lp_span(key, LP_SHA256_LEN));
}

void lp_hmac_sha256_update(lp_hmac_t *m, lp_span_t bytes)
{
    lp_sha256_update(&m->inner_, bytes);
}

void lp_hmac_sha256_final(lp_hmac_t *m, uint8_t mac[LP_SHA256_LEN])
{
    uint8_t digest[LP_SHA256_LEN];
    lp_sha256_final(&m->inner_, digest);
    lp_sha256_update(&m->outer_, lp_span(digest, sizeof digest));
    lp_sha256_final(&m->outer_, mac);
    lp_wipe(digest, sizeof digest);
}
