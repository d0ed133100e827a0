// SPDX-License-Identifier: Apache-2.0
// What Sign(Internal) signs and Verify(Validate) checks. @source DS20005927A 9.18, 9.20
#include "calc.h"

enum { VALUE_LEN = 32, MODE_SERIAL = 0x40 };

static uint8_t flags_of(const lp_atecc_tempkey_t *tk)
{
    return (uint8_t)((tk->is_no_mac ? 0x80 : 0) | (tk->is_genkey ? 0x40 : 0) |
                     (tk->is_gendig ? 0x20 : 0) | (tk->is_input ? 0x10 : 0) | (tk->key_id & 15));
}

void lp_atecc_calc_statement(const lp_atecc_tempkey_t *tk, const uint8_t *serial,
                             const lp_atecc_statement_t *s, uint8_t digest[32])
{
    const uint8_t config[] = {(uint8_t)s->slot_config,
                              (uint8_t)(s->slot_config >> 8),
                              (uint8_t)s->key_config,
                              (uint8_t)(s->key_config >> 8),
                              flags_of(tk),
                              0,
                              0};
    const uint8_t state[] = {s->is_open ? 1 : 0, s->is_valid ? 1 : 0, 0};
    lp_sha256_t h;
    lp_sha256_init(&h);
    put(&h, tk->value, VALUE_LEN);
    lp_atecc_calc_header(&h, OP_SIGN, s->mode, s->signer);
    put(&h, config, sizeof config);
    lp_atecc_calc_serial9(&h, serial, (s->mode & MODE_SERIAL) != 0);
    put(&h, state, sizeof state);
    lp_sha256_final(&h, digest);
}

void lp_atecc_calc_validation(const lp_atecc_tempkey_t *tk, const uint8_t *serial,
                              const uint8_t other[19], uint8_t digest[32])
{
    static const uint8_t opcode = OP_SIGN;
    lp_sha256_t h;
    lp_sha256_init(&h);
    put(&h, tk->value, VALUE_LEN);
    put(&h, &opcode, 1);
    put(&h, other, 10);
    put(&h, serial + 8, 1);
    put(&h, other + 10, 4);
    put(&h, serial, 2);
    put(&h, other + 14, 5);
    lp_sha256_final(&h, digest);
}
