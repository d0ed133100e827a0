// SPDX-License-Identifier: Apache-2.0
// TempKey as the chip changes it: Nonce, GenDig, GenKey's digest. @source
// DS20005927A 9.6, 9.7, 9.12
#include "calc.h"

enum { VALUE_LEN = 32, NUM_IN_LEN = 20, ZONE_SLOT = 2, ZONE_SHARED = 3, ZONE_COUNTER = 4 };
enum { ZONE_CONFIG_OF_KEY = 5, TRANSPORT_KEYS = 0x8000 };

static void finish(lp_sha256_t *h, lp_atecc_tempkey_t *tk)
{
    put(h, tk->value, VALUE_LEN);
    lp_sha256_final(h, tk->value);
}

static void nonce(lp_atecc_tempkey_t *tk, const uint8_t first[32], const uint8_t num_in[20])
{
    static const uint8_t tail[3] = {OP_NONCE, 0, 0};
    lp_sha256_t h;
    lp_sha256_init(&h);
    put(&h, first, VALUE_LEN);
    put(&h, num_in, NUM_IN_LEN);
    put(&h, tail, sizeof tail);
    lp_sha256_final(&h, tk->value);
}

void lp_atecc_calc_nonce_load(lp_atecc_tempkey_t *tk, const uint8_t value[32])
{
    *tk = (lp_atecc_tempkey_t){.is_input = true};
    memcpy(tk->value, value, VALUE_LEN);
}

void lp_atecc_calc_nonce_random(lp_atecc_tempkey_t *tk, const uint8_t random[32],
                                const uint8_t num_in[20])
{
    *tk = (lp_atecc_tempkey_t){.is_input = false};
    nonce(tk, random, num_in);
}

void lp_atecc_calc_nonce_calc(lp_atecc_tempkey_t *tk, const uint8_t num_in[20])
{
    nonce(tk, tk->value, num_in);
}

static void mark_slot(lp_atecc_tempkey_t *tk, uint8_t zone, uint16_t key_id)
{
    tk->is_gendig = zone == ZONE_SLOT && key_id < TRANSPORT_KEYS;
    tk->is_genkey = false;
    tk->key_id = tk->is_gendig ? (uint8_t)(key_id & 15) : 0;
}

void lp_atecc_calc_gendig(lp_atecc_tempkey_t *tk, const uint8_t *serial, uint8_t zone,
                          uint16_t key_id, const uint8_t value[32])
{
    lp_sha256_t h;
    lp_sha256_init(&h);
    put(&h, value, VALUE_LEN);
    lp_atecc_calc_header(&h, OP_GENDIG, zone, key_id);
    lp_atecc_calc_serial3(&h, serial);
    lp_atecc_calc_zeros(&h, 25);
    finish(&h, tk);
    mark_slot(tk, zone, key_id);
}

void lp_atecc_calc_gendig_no_mac(lp_atecc_tempkey_t *tk, const uint8_t *serial, uint16_t key_id,
                                 const uint8_t value[32], const uint8_t other[4])
{
    lp_sha256_t h;
    lp_sha256_init(&h);
    put(&h, value, VALUE_LEN);
    put(&h, other, 4);
    lp_atecc_calc_serial3(&h, serial);
    lp_atecc_calc_zeros(&h, 25);
    finish(&h, tk);
    mark_slot(tk, ZONE_SLOT, key_id);
    tk->is_no_mac = true;
}

void lp_atecc_calc_gendig_shared(lp_atecc_tempkey_t *tk, const uint8_t *serial, uint16_t key_id,
                                 const uint8_t other[32])
{
    const bool is_tempkey_first = (key_id & TRANSPORT_KEYS) != 0;
    const uint8_t header[] = {OP_GENDIG, ZONE_SHARED, (uint8_t)key_id, 0};
    lp_sha256_t h;
    lp_sha256_init(&h);
    put(&h, is_tempkey_first ? tk->value : other, VALUE_LEN);
    put(&h, header, sizeof header);
    lp_atecc_calc_serial3(&h, serial);
    lp_atecc_calc_zeros(&h, 25);
    put(&h, is_tempkey_first ? other : tk->value, VALUE_LEN);
    lp_sha256_final(&h, tk->value);
    mark_slot(tk, ZONE_SHARED, key_id);
}

void lp_atecc_calc_gendig_counter(lp_atecc_tempkey_t *tk, const uint8_t *serial, uint16_t id,
                                  uint32_t count)
{
    const uint8_t bytes[] = {0, (uint8_t)count, (uint8_t)(count >> 8), (uint8_t)(count >> 16),
                             (uint8_t)(count >> 24)};
    lp_sha256_t h;
    lp_sha256_init(&h);
    lp_atecc_calc_zeros(&h, 32);
    lp_atecc_calc_header(&h, OP_GENDIG, ZONE_COUNTER, id);
    lp_atecc_calc_serial3(&h, serial);
    put(&h, bytes, sizeof bytes);
    lp_atecc_calc_zeros(&h, 20);
    finish(&h, tk);
    mark_slot(tk, ZONE_COUNTER, id);
}

void lp_atecc_calc_gendig_config(lp_atecc_tempkey_t *tk, const uint8_t *serial, uint16_t slot,
                                 uint16_t slot_config, uint16_t key_config, bool is_open)
{
    const uint8_t bytes[] = {0,
                             (uint8_t)slot_config,
                             (uint8_t)(slot_config >> 8),
                             (uint8_t)key_config,
                             (uint8_t)(key_config >> 8),
                             is_open ? 1 : 0};
    lp_sha256_t h;
    lp_sha256_init(&h);
    lp_atecc_calc_zeros(&h, 32);
    lp_atecc_calc_header(&h, OP_GENDIG, ZONE_CONFIG_OF_KEY, slot);
    lp_atecc_calc_serial3(&h, serial);
    put(&h, bytes, sizeof bytes);
    lp_atecc_calc_zeros(&h, 19);
    finish(&h, tk);
    mark_slot(tk, ZONE_CONFIG_OF_KEY, slot);
}

void lp_atecc_calc_pubkey_digest(lp_atecc_tempkey_t *tk, const uint8_t *serial, uint8_t slot,
                                 const uint8_t param[3], const uint8_t pub[64])
{
    static const uint8_t opcode = OP_GENKEY;
    lp_sha256_t h;
    lp_sha256_init(&h);
    put(&h, tk->value, VALUE_LEN);
    put(&h, &opcode, 1);
    put(&h, param, 3);
    lp_atecc_calc_serial3(&h, serial);
    lp_atecc_calc_zeros(&h, 25);
    put(&h, pub, 64);
    lp_sha256_final(&h, tk->value);
    tk->is_gendig = false;
    tk->is_genkey = true;
    tk->key_id = slot;
}
