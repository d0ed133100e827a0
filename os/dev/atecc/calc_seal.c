// SPDX-License-Identifier: Apache-2.0
// Encrypted Read, Write and PrivWrite. @source DS20005927A 9.14, 9.16, 9.21.1
#include "calc.h"

enum { VALUE_LEN = 32, KEY_LEN = 36, PARAM_ENCRYPTED = 0x40 };

void lp_atecc_calc_open(const lp_atecc_tempkey_t *tk, uint8_t data[32])
{
    for (size_t i = 0; i < VALUE_LEN; i++) {
        data[i] ^= tk->value[i];
    }
}

void lp_atecc_calc_seal(const lp_atecc_tempkey_t *tk, const uint8_t *serial, uint8_t param1,
                        uint16_t address, uint8_t data[32], uint8_t mac[32])
{
    lp_sha256_t h;
    lp_sha256_init(&h);
    put(&h, tk->value, VALUE_LEN);
    lp_atecc_calc_header(&h, OP_WRITE, param1, address);
    lp_atecc_calc_serial3(&h, serial);
    lp_atecc_calc_zeros(&h, 25);
    put(&h, data, VALUE_LEN);
    lp_sha256_final(&h, mac);
    lp_atecc_calc_open(tk, data); // the same operation
}

void lp_atecc_calc_seal_key(const lp_atecc_tempkey_t *tk, const uint8_t *serial, uint8_t slot,
                            uint8_t value[36], uint8_t mac[32])
{
    uint8_t more[VALUE_LEN];
    lp_sha256_t h;
    lp_sha256_init(&h);
    put(&h, tk->value, VALUE_LEN);
    lp_atecc_calc_header(&h, OP_PRIVWRITE, PARAM_ENCRYPTED, slot);
    lp_atecc_calc_serial3(&h, serial);
    lp_atecc_calc_zeros(&h, 21);
    put(&h, value, KEY_LEN);
    lp_sha256_final(&h, mac);
    lp_sha256(lp_span(tk->value, VALUE_LEN), more);
    lp_atecc_calc_open(tk, value);
    for (size_t i = VALUE_LEN; i < KEY_LEN; i++) {
        value[i] ^= more[i - VALUE_LEN];
    }
    lp_wipe(more, sizeof more);
}
