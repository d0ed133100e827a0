// SPDX-License-Identifier: Apache-2.0
#include "p256_nonce.h"

#include <string.h>

#include "limpet/hmac.h"

// k = HMAC_k(v || separator || rest), v = HMAC_k(v)
static void rekey(lp_p256_nonce_t *g, uint8_t separator, const lp_span_t *rest, int count)
{
    lp_hmac_t m;
    lp_hmac_sha256_init(&m, g->k);
    lp_hmac_sha256_update(&m, lp_span(g->v, sizeof g->v));
    lp_hmac_sha256_update(&m, lp_span(&separator, 1));
    for (int i = 0; i < count; i++) {
        lp_hmac_sha256_update(&m, rest[i]);
    }
    lp_hmac_sha256_final(&m, g->k);
    lp_hmac_sha256_init(&m, g->k);
    lp_hmac_sha256_update(&m, lp_span(g->v, sizeof g->v));
    lp_hmac_sha256_final(&m, g->v);
}

void lp_p256_nonce_init(lp_p256_nonce_t *g, const uint8_t d[32], const uint8_t digest[32],
                        const uint8_t *extra, size_t extra_len)
{
    const lp_span_t seed[] = {lp_span(d, 32), lp_span(digest, 32), lp_span(extra, extra_len)};
    memset(g->k, 0, sizeof g->k);
    memset(g->v, 1, sizeof g->v);
    rekey(g, 0, seed, 3);
    rekey(g, 1, seed, 3);
}

void lp_p256_nonce_next(lp_p256_nonce_t *g, uint8_t nonce[32])
{
    lp_hmac_t m;
    lp_hmac_sha256_init(&m, g->k);
    lp_hmac_sha256_update(&m, lp_span(g->v, sizeof g->v));
    lp_hmac_sha256_final(&m, g->v);
    memcpy(nonce, g->v, sizeof g->v);
    rekey(g, 0, NULL, 0);
}
