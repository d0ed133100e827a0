// SPDX-License-Identifier: Apache-2.0
// limpet/hmac.h - HMAC-SHA-256 with a key of 32 bytes.
// @source FIPS 198-1
#ifndef LIMPET_HMAC_H
#define LIMPET_HMAC_H

#include "limpet/sha256.h"

typedef struct {
    lp_sha256_t inner_, outer_;
} lp_hmac_t;

void lp_hmac_sha256_init(lp_hmac_t *m, const uint8_t key[LP_SHA256_LEN]);
void lp_hmac_sha256_update(lp_hmac_t *m, lp_span_t bytes);
// Writes the code and wipes the state; init before the next use.
void lp_hmac_sha256_final(lp_hmac_t *m, uint8_t mac[LP_SHA256_LEN]);

#endif
