// SPDX-License-Identifier: Apache-2.0
// MAC, HMAC, CheckMac and DeriveKey. @source DS20005927A 9.2, 9.4, 9.8, 9.11
#include "calc.h"

enum { VALUE_LEN = 32, SHA_BLOCK = 64, MODE_SERIAL = 0x40 };

// The 24 bytes behind the two blocks; OTP is zeros on this family.
static void put_tail(lp_sha256_t *h, const uint8_t *serial, uint8_t opcode, uint8_t mode,
                     uint16_t key_id)
{
    lp_atecc_calc_header(h, opcode, mode, key_id);
    lp_atecc_calc_zeros(h, 11);
    lp_atecc_calc_serial9(h, serial, (mode & MODE_SERIAL) != 0);
}

void lp_atecc_calc_mac(const uint8_t *serial, uint8_t mode, uint16_t key_id,
                       const uint8_t block1[32], const uint8_t block2[32], uint8_t out[32])
{
    lp_sha256_t h;
    lp_sha256_init(&h);
    put(&h, block1, VALUE_LEN);
    put(&h, block2, VALUE_LEN);
    put_tail(&h, serial, OP_MAC, mode, key_id);
    lp_sha256_final(&h, out);
}

static void start_hmac(lp_sha256_t *h, const uint8_t key[32], uint8_t pad)
{
    uint8_t block[SHA_BLOCK];
    memset(block, pad, sizeof block);
    for (size_t i = 0; i < VALUE_LEN; i++) {
        block[i] ^= key[i];
    }
    lp_sha256_init(h);
    put(h, block, sizeof block);
    lp_wipe(block, sizeof block);
}

void lp_atecc_calc_hmac(const uint8_t *serial, uint8_t mode, uint16_t key_id, const uint8_t key[32],
                        const uint8_t tempkey[32], uint8_t out[32])
{
    enum { INNER = 0x36, OUTER = 0x5C };
    uint8_t inner[VALUE_LEN];
    lp_sha256_t h;
    start_hmac(&h, key, INNER);
    lp_atecc_calc_zeros(&h, 32);
    put(&h, tempkey, VALUE_LEN);
    put_tail(&h, serial, OP_HMAC, mode, key_id);
    lp_sha256_final(&h, inner);
    start_hmac(&h, key, OUTER);
    put(&h, inner, sizeof inner);
    lp_sha256_final(&h, out);
    lp_wipe(inner, sizeof inner);
}

void lp_atecc_calc_checkmac(const uint8_t *serial, const uint8_t block1[32],
                            const uint8_t block2[32], const uint8_t other[13], uint8_t out[32])
{
    lp_sha256_t h;
    lp_sha256_init(&h);
    put(&h, block1, VALUE_LEN);
    put(&h, block2, VALUE_LEN);
    put(&h, other, 4);
    lp_atecc_calc_zeros(&h, 8);
    put(&h, other + 4, 3);
    put(&h, serial + 8, 1);
    put(&h, other + 7, 4);
    put(&h, serial, 2);
    put(&h, other + 11, 2);
    lp_sha256_final(&h, out);
}

void lp_atecc_calc_derived_key(const uint8_t *serial, uint8_t mode, uint16_t slot,
                               const uint8_t source[32], const uint8_t tempkey[32], uint8_t out[32])
{
    lp_sha256_t h;
    lp_sha256_init(&h);
    put(&h, source, VALUE_LEN);
    lp_atecc_calc_header(&h, OP_DERIVEKEY, mode, slot);
    lp_atecc_calc_serial3(&h, serial);
    lp_atecc_calc_zeros(&h, 25);
    put(&h, tempkey, VALUE_LEN);
    lp_sha256_final(&h, out);
}

void lp_atecc_calc_derive_mac(const uint8_t *serial, uint8_t mode, uint16_t slot,
                              const uint8_t parent[32], uint8_t out[32])
{
    lp_sha256_t h;
    lp_sha256_init(&h);
    put(&h, parent, VALUE_LEN);
    lp_atecc_calc_header(&h, OP_DERIVEKEY, mode, slot);
    lp_atecc_calc_serial3(&h, serial);
    lp_sha256_final(&h, out);
}
