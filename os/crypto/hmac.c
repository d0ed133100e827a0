// SPDX-License-Identifier: Apache-2.0
#include "limpet/hmac.h"

#include <string.h>

enum { BLOCK = 64, INNER = 0x36, OUTER = 0x5C };

static void start(lp_sha256_t *h, const uint8_t key[LP_SHA256_LEN], uint8_t pad)
{
    uint8_t block[BLOCK];
    memset(block, pad, sizeof block);
    for (int i = 0; i < LP_SHA256_LEN; i++) {
        block[i] ^= key[i];
    }
    lp_sha256_init(h);
    lp_sha256_update(h, lp_span(block, sizeof block));
    lp_wipe(block, sizeof block);
}

void lp_hmac_sha256_init(lp_hmac_t *m, const uint8_t key[LP_SHA256_LEN])
{
    start(&m->inner_, key, INNER);
    start(&m->outer_, key, OUTER);
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
