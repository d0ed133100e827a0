// SPDX-License-Identifier: Apache-2.0
// May this key be used now? Authorisation, random nonces, latches, limited use and the counters
// behind it.
#include <string.h>

#include "internal.h"

enum { LAST_KEY_USE_BYTES = 16, LIMITED_SLOT_508 = 15 };

// ---- monotonic counters: two binary and two linear halves that are never behind the true count

static uint16_t be16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static void put_be16(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static uint16_t linear(uint32_t v)
{
    return v % 32 >= 16 ? 0 : (uint16_t)(0xFFFF >> (v % 32));
}

// Linear A, linear B, binary A, binary B, big endian each: A counts 0-15 of every 32, B the
// other 16.
void lp_cs_counter_encode(uint32_t value, uint8_t out[8])
{
    uint32_t b = value >= 16 ? value - 16 : 0;
    put_be16(out, linear(value));
    put_be16(out + 2, linear(b));
    put_be16(out + 4, value / 32);
    put_be16(out + 6, b / 32);
}

static uint32_t zeros(uint16_t v)
{
    uint32_t n = 0;
    for (unsigned i = 0; i < 16; i++) {
        n += (v >> i & 1) == 0;
    }
    return n;
}

uint32_t lp_cs_counter_decode(const uint8_t in[8])
{
    return 16u * (be16(in + 4) + be16(in + 6)) + zeros(be16(in)) + zeros(be16(in + 2));
}

uint32_t lp_cs_counter_get(const lp_chipsim_t *c, unsigned id)
{
    return lp_cs_counter_decode(c->image.config + CFG_COUNTER + 8 * id);
}

// The binary halves first: a loss of power between the words leaves the count too high, never too
// low (L3318).
lp_cs_status_t lp_cs_counter_increment(lp_chipsim_t *c, unsigned id)
{
    uint32_t value = lp_cs_counter_get(c, id);
    if (lp_cs_breaks(c, LP_RULE_COUNTER_MAX, value >= COUNTER_MAX)) {
        return ST_EXEC;
    }
    uint8_t next[8];
    uint8_t *cell = c->image.config + CFG_COUNTER + 8 * id;
    lp_cs_counter_encode(value + 1, next);
    c->counted = true;
    if (lp_cs_program(c, cell + 4, next + 4, 4)) {
        lp_cs_program(c, cell, next, 4);
    }
    return ST_OK;
}

// ---- limited use ------------------------------------------------------------

// Clears the first bit that is still 1, from bit 7 of byte 68 on (L1602).
static lp_cs_status_t use_last_key(lp_chipsim_t *c)
{
    uint8_t *cell = c->image.config + CFG_LAST_KEY_USE;
    for (unsigned i = 0; i < LAST_KEY_USE_BYTES; i++) {
        for (unsigned bit = 0x80; bit != 0; bit >>= 1) {
            if ((cell[i] & bit) != 0) {
                uint8_t next = (uint8_t)(cell[i] & ~bit);
                c->counted = true;
                lp_cs_program(c, cell + i, &next, 1);
                return ST_OK;
            }
        }
    }
    return lp_cs_breaks(c, LP_RULE_LAST_KEY_USE, true) ? ST_EXEC : ST_OK;
}

// 608: with CountMatch the limit is the number in the first four bytes of a slot.
static bool over_match(lp_chipsim_t *c)
{
    uint8_t match = c->image.config[CFG_OTP_MODE];
    if (!lp_cs_is_608(c) || (match & 1) == 0) {
        return false;
    }
    size_t len;
    const uint8_t *p = lp_cs_slot_ptr(c, match >> 4, &len);
    uint32_t limit =
        (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
    return lp_cs_counter_get(c, 0) >= limit;
}

lp_cs_status_t lp_cs_count_use(lp_chipsim_t *c, unsigned slot)
{
    if ((lp_cs_slot_config(c, slot) & SC_LIMITED) == 0) {
        return ST_OK;
    }
    if (slot == LIMITED_SLOT_508 && !lp_cs_is_608(c)) {
        return use_last_key(c);
    }
    if (lp_cs_breaks(c, LP_RULE_COUNT_MATCH, over_match(c))) {
        return ST_EXEC;
    }
    if (c->rule_off[LP_RULE_LIMITED_USE]) {
        return ST_OK;
    }
    return lp_cs_counter_increment(c, 0);
}

// ---- authorisation ----------------------------------------------------------

void lp_cs_authorize(lp_chipsim_t *c, unsigned slot)
{
    c->v.auth_valid = true;
    c->v.auth_key = (uint8_t)slot;
}

// The first command that uses a key that needs authorisation takes it away again, whether it is
// allowed or not (L1183). All keys of that command are asked for the claim it came with.
static bool authorized(lp_chipsim_t *c, uint16_t kc)
{
    bool ok = c->auth_claim && c->auth_claim_key == (kc >> 8 & 0x0F);
    if (lp_cs_breaks(c, LP_RULE_AUTH_ONCE, true)) {
        c->v.auth_valid = false;
        c->v.auth_key = 0;
    }
    return ok;
}

static bool latch_is_set(const lp_chipsim_t *c)
{
    return lp_cs_is_608(c) ? c->persistent_latch : c->intrusion_latch;
}

static bool nonce_is_random(lp_chipsim_t *c)
{
    return c->v.tk.valid && !c->v.tk.source_input;
}

lp_cs_status_t lp_cs_use_key(lp_chipsim_t *c, unsigned slot, unsigned uses)
{
    if (lp_cs_breaks(c, LP_RULE_KEYS_NEED_CONFIG_LOCK, !lp_cs_config_locked(c))) {
        return ST_EXEC;
    }
    if (!lp_cs_data_locked(c)) {
        return ST_OK; // "the restrictions generally do not apply" (L801)
    }
    uint16_t kc = lp_cs_key_config(c, slot);
    bool needs_auth = (uses & USE_AUTH) != 0 && (kc & KC_REQ_AUTH) != 0;
    if (lp_cs_breaks(c, LP_RULE_REQ_AUTH, needs_auth && !authorized(c, kc))) {
        return ST_EXEC;
    }
    if (lp_cs_breaks(c, LP_RULE_LATCH,
                     (uses & USE_LATCH) != 0 && (kc & KC_LATCH) != 0 && !latch_is_set(c))) {
        return ST_EXEC;
    }
    if (lp_cs_breaks(c, LP_RULE_REQ_RANDOM,
                     (uses & USE_RANDOM) != 0 && (kc & KC_REQ_RANDOM) != 0 &&
                         !nonce_is_random(c))) {
        return ST_EXEC;
    }
    return (uses & USE_LIMITED) != 0 ? lp_cs_count_use(c, slot) : ST_OK;
}

// MAC, HMAC, CheckMac, GenDig and DeriveKey never take an ECC private key (L1146).
lp_cs_status_t lp_cs_use_secret(lp_chipsim_t *c, unsigned slot, unsigned uses)
{
    if (lp_cs_breaks(c, LP_RULE_SECRET_NOT_PRIVATE, lp_cs_is_private(c, slot))) {
        return ST_EXEC;
    }
    return lp_cs_use_key(c, slot, uses);
}
