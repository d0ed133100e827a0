// SPDX-License-Identifier: Apache-2.0
// limpet/drbg.h - HMAC_DRBG with SHA-256.
// @source NIST SP 800-90A rev. 1, section 10.1.2
// @context any
#ifndef LIMPET_DRBG_H
#define LIMPET_DRBG_H

#include "limpet/sha256.h"

typedef struct {
    uint8_t key_[LP_SHA256_LEN];
    uint8_t v_[LP_SHA256_LEN];
} lp_drbg_t;

// Begins with entropy, nonce and personalization string, one behind the other. Borrows.
void lp_drbg_init(lp_drbg_t *d, lp_span_t seed);
// Stirs more entropy, or anything else, into the state.
void lp_drbg_reseed(lp_drbg_t *d, lp_span_t seed);
// The caller reseeds often enough, which section 10.1 puts at 2^48 requests.
void lp_drbg_fill(lp_drbg_t *d, uint8_t *out, size_t len);

#endif
