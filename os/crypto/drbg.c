// SPDX-License-Identifier: Apache-2.0
#include "limpet/drbg.h"

#include <string.h>

#include "limpet/hmac.h"

static void advance(lp_drbg_t *d)
{
    lp_hmac_t m;
    lp_hmac_sha256_init(&m, d->key_);
    lp_hmac_sha256_update(&m, lp_span(d->v_, sizeof d->v_));
    lp_hmac_sha256_final(&m, d->v_);
}

// HMAC_DRBG_Update: a second round only when there is data.
void lp_drbg_reseed(lp_drbg_t *d, lp_span_t seed)
{
    const uint8_t rounds = seed.len > 0 ? 2 : 1;
    for (uint8_t round = 0; round < rounds; round++) {
        lp_hmac_t m;
        lp_hmac_sha256_init(&m, d->key_);
        lp_hmac_sha256_update(&m, lp_span(d->v_, sizeof d->v_));
        lp_hmac_sha256_update(&m, lp_span(&round, 1));
        lp_hmac_sha256_update(&m, seed);
        lp_hmac_sha256_final(&m, d->key_);
        advance(d);
    }
}

void lp_drbg_init(lp_drbg_t *d, lp_span_t seed)
{
    memset(d->key_, 0, sizeof d->key_);
    memset(d->v_, 1, sizeof d->v_);
    lp_drbg_reseed(d, seed);
}

void lp_drbg_fill(lp_drbg_t *d, uint8_t *out, size_t len)
{
    while (len > 0) {
        const size_t n = len < sizeof d->v_ ? len : sizeof d->v_;
        advance(d);
        memcpy(out, d->v_, n);
        out += n;
        len -= n;
    }
    lp_drbg_reseed(d, lp_span(NULL, 0));
}
