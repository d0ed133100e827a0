// SPDX-License-Identifier: Apache-2.0
// limpet/sha256.h - SHA-256, streaming, small.
// @source FIPS 180-4, section 6.2
// @context any
#ifndef LIMPET_SHA256_H
#define LIMPET_SHA256_H

#include "limpet/span.h"

enum { LP_SHA256_LEN = 32 };

typedef struct {
    uint32_t state_[8];
    uint64_t len_bytes_;
    uint8_t block_[64];
} lp_sha256_t;

void lp_sha256_init(lp_sha256_t *h);
void lp_sha256_update(lp_sha256_t *h, lp_span_t bytes);
// Writes the digest and wipes the state; init before the next use.
void lp_sha256_final(lp_sha256_t *h, uint8_t digest[LP_SHA256_LEN]);

// All in one.
void lp_sha256(lp_span_t bytes, uint8_t digest[LP_SHA256_LEN]);

#endif
