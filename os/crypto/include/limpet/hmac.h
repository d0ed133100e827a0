// SPDX-License-Identifier: Apache-2.0
// limpet/hmac.h - HMAC-SHA-256 with keys that are no longer than a block.
// @source FIPS 198-1
// @context any
#ifndef LIMPET_HMAC_H
#define LIMPET_HMAC_H

#include "limpet/sha256.h"

enum { LP_HMAC_KEY_MAX = 64 };

typedef struct {
    lp_sha256_t inner_, outer_;
} lp_hmac_t;

void lp_hmac_sha256_init(lp_hmac_t *m, const uint8_t key[LP_SHA256_LEN]);
// A key of at most LP_HMAC_KEY_MAX bytes, none included.
void lp_hmac_sha256_init_short(lp_hmac_t *m, lp_span_t key);
void lp_hmac_sha256_update(lp_hmac_t *m, lp_span_t bytes);
// Writes the code and wipes the state; init before the next use.
void lp_hmac_sha256_final(lp_hmac_t *m, uint8_t mac[LP_SHA256_LEN]);

#endif
