// SPDX-License-Identifier: Apache-2.0
// The nonces of signatures.
#ifndef LP_P256_NONCE_H
#define LP_P256_NONCE_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint8_t k[32], v[32]; // of the generator
} lp_p256_nonce_t;

// `digest` is already reduced modulo n.
// @source RFC 6979, 3.2 (a to g) and 3.6
void lp_p256_nonce_init(lp_p256_nonce_t *g, const uint8_t d[32], const uint8_t digest[32],
                        const uint8_t *extra, size_t extra_len);

// The next candidate; the caller rejects what is not in 1..n-1.
// @source RFC 6979, 3.2 (h)
void lp_p256_nonce_next(lp_p256_nonce_t *g, uint8_t nonce[32]);

#endif
