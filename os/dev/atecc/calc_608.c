// SPDX-License-Identifier: Apache-2.0
// The 608's protection of its bus with the I/O protection key. @source DS40002138A 5.2.3, 5.2.5,
// and the chip notes for the encryption of outputs
#include "calc.h"

enum { VALUE_LEN = 32, HALF = 16 };

void lp_atecc_calc_unprotect(const uint8_t io_key[32], const uint8_t nonce[32], uint8_t *data,
                             size_t len)
{
    for (size_t at = 0; at < len; at += VALUE_LEN) {
        uint8_t pad[VALUE_LEN];
        lp_sha256_t h;
        lp_sha256_init(&h);
        put(&h, io_key, VALUE_LEN);
        put(&h, nonce + at / VALUE_LEN * HALF, HALF);
        lp_sha256_final(&h, pad);
        for (size_t i = 0; i < VALUE_LEN && at + i < len; i++) {
            data[at + i] ^= pad[i];
        }
        lp_wipe(pad, sizeof pad);
    }
}

void lp_atecc_calc_verify_mac(const uint8_t io_key[32], const uint8_t message[32],
                              const uint8_t nonce[32], const uint8_t sig[64], uint8_t mode,
                              uint16_t key_id, uint8_t mac[32])
{
    lp_sha256_t h;
    lp_sha256_init(&h);
    put(&h, io_key, VALUE_LEN);
    put(&h, message, VALUE_LEN);
    put(&h, nonce, VALUE_LEN);
    put(&h, sig, 64);
    lp_atecc_calc_header(&h, OP_VERIFY, mode, key_id);
    lp_sha256_final(&h, mac);
}

void lp_atecc_calc_secureboot(const uint8_t io_key[32], const uint8_t tempkey[32], uint8_t mode,
                              uint8_t digest[32], const uint8_t *sig, uint8_t mac[32])
{
    uint8_t pad[VALUE_LEN];
    lp_sha256_t h;
    lp_sha256_init(&h);
    put(&h, io_key, VALUE_LEN);
    put(&h, tempkey, VALUE_LEN);
    lp_sha256_final(&h, pad);
    lp_sha256_init(&h);
    put(&h, pad, sizeof pad);
    put(&h, digest, VALUE_LEN);
    if (sig != NULL) {
        put(&h, sig, 64);
    }
    lp_atecc_calc_header(&h, OP_SECUREBOOT, mode, 0);
    lp_sha256_final(&h, mac);
    for (size_t i = 0; i < VALUE_LEN; i++) {
        digest[i] ^= pad[i];
    }
    lp_wipe(pad, sizeof pad);
}
