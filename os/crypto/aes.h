// SPDX-License-Identifier: Apache-2.0
// AES-128, encryption of one block, which is all that counter modes need.
#ifndef LP_CRYPTO_AES_H
#define LP_CRYPTO_AES_H

#include <stdint.h>

enum { LP_AES_BLOCK = 16, LP_AES_ROUNDS = 10 };

typedef struct {
    uint32_t round_keys[4 * (LP_AES_ROUNDS + 1)]; // columns, the first row in the low byte
} lp_aes_t;

void lp_aes_init(lp_aes_t *aes, const uint8_t key[16]);
// in and out may be the same.
void lp_aes_encrypt(const lp_aes_t *aes, const uint8_t in[LP_AES_BLOCK], uint8_t out[LP_AES_BLOCK]);

#endif
