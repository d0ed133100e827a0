// SPDX-License-Identifier: Apache-2.0
// GenKey (L3670, T2650): private keys, their public keys, and digests of public keys.
#include <string.h>

#include "internal.h"

enum { CREATE = 0x04, DIGEST = 0x08, STORED_PUBLIC = 0x10, OTHER = 3, EPHEMERAL = 0xFFFF };

// TempKey = SHA-256(TempKey | opcode, mode, KeyID or OtherData | SN | zeros | X | Y)
static void digest_public(lp_chipsim_t *c, const lp_cs_cmd_t *m, unsigned slot,
                          const uint8_t xy[64])
{
    lp_cs_msg_t msg = {.len = 0};
    uint8_t digest[32];
    lp_cs_cmd_t shown = *m;
    if ((m->p1 & STORED_PUBLIC) != 0) {
        shown.p1 = m->data[0];
        shown.p2 = (uint16_t)(m->data[1] | m->data[2] << 8);
    }
    lp_cs_add(&msg, c->v.tk.value, 32);
    lp_cs_add_header_sn(&msg, c, &shown, 25);
    lp_cs_add(&msg, xy, 64);
    lp_cs_msg_hash(&msg, digest);
    c->v.tk.gen_key = true;
    c->v.tk.gen_dig = false;
    c->v.tk.key_id = (uint8_t)slot;
    lp_cs_tk_set(c, digest);
    lp_cs_wipe(digest, sizeof digest);
}

// The slot of a public key: 8-15, P-256, not private.
static lp_cs_status_t stored_public(lp_chipsim_t *c, const lp_cs_cmd_t *m)
{
    unsigned slot = m->p2 & 0x0F;
    bool fits = slot >= 8 && lp_cs_key_type(c, slot) == KEY_TYPE_P256 && !lp_cs_is_private(c, slot);
    if (lp_cs_breaks(c, LP_RULE_GENKEY_PUBLIC_SLOT, !fits) || lp_cs_tk_use(c) == NULL) {
        return ST_EXEC;
    }
    lp_cs_status_t status = lp_cs_use_key(c, slot, USE_RANDOM | USE_AUTH | USE_LIMITED);
    if (status != ST_OK) {
        return status;
    }
    size_t len;
    uint8_t xy[64];
    const uint8_t *p = lp_cs_slot_ptr(c, slot & 0x0F, &len);
    size_t y = len >= PUB_Y + 32 ? PUB_Y : 0;
    memcpy(xy, p + PUB_X, 32);
    memcpy(xy + 32, p + y, 32);
    digest_public(c, m, slot, xy);
    return ST_OK;
}

static lp_cs_status_t private_ok(lp_chipsim_t *c, const lp_cs_cmd_t *m, unsigned slot)
{
    uint16_t sc = lp_cs_slot_config(c, slot);
    bool create = (m->p1 & CREATE) != 0;
    bool locked = lp_cs_data_locked(c);
    bool pub_info = (lp_cs_key_config(c, slot) & KC_PUB_INFO) != 0;
    if (lp_cs_breaks(c, LP_RULE_GENKEY_PRIVATE, !lp_cs_is_private(c, slot)) ||
        lp_cs_breaks(c, LP_RULE_GENKEY_SECRET, (sc & SC_SECRET) == 0) ||
        lp_cs_breaks(c, LP_RULE_GENKEY_TYPE, lp_cs_key_type(c, slot) != KEY_TYPE_P256) ||
        lp_cs_breaks(c, LP_RULE_GENKEY_SLOT_LOCKED, create && lp_cs_slot_locked(c, slot)) ||
        lp_cs_breaks(c, LP_RULE_GENKEY_ENABLED, create && locked && (sc & SC_W13) == 0) ||
        lp_cs_breaks(c, LP_RULE_GENKEY_PUB_INFO, !create && locked && !pub_info)) {
        return ST_EXEC;
    }
    bool digest = (m->p1 & DIGEST) != 0;
    if (digest && lp_cs_tk_use(c) == NULL) {
        return ST_EXEC;
    }
    return lp_cs_use_key(c, slot, USE_AUTH | (digest ? USE_RANDOM : 0u));
}

static bool ecc_fault(lp_chipsim_t *c)
{
    if (c->fail_ecc == 0) {
        return false;
    }
    c->fail_ecc--;
    return true;
}

static lp_cs_status_t new_private(lp_chipsim_t *c, uint8_t d[32])
{
    lp_cs_status_t status = lp_cs_random(c, true, d);
    if (status != ST_OK) {
        return status;
    }
    return ecc_fault(c) || !lp_cs_ec_private_ok(d) ? ST_ECC : ST_OK;
}

// Only the 36 bytes of a private key are written; the rest of a longer slot stays (L3713).
static lp_cs_status_t create(lp_chipsim_t *c, unsigned slot)
{
    uint8_t key[PRIV_PAD + 32] = {0};
    lp_cs_status_t status = new_private(c, key + PRIV_PAD);
    if (status == ST_OK) {
        lp_cs_program_slot(c, slot, 0, key, sizeof key);
        c->image.slot_origin[slot] = LP_CHIPSIM_FROM_GENKEY;
    }
    lp_cs_wipe(key, sizeof key);
    return status;
}

// 608: a private key in TempKey, for ECDH alone.
static lp_cs_status_t ephemeral(lp_chipsim_t *c, const lp_cs_cmd_t *m, lp_cs_reply_t *r)
{
    uint8_t d[32];
    if (m->p1 != CREATE) {
        return ST_PARSE;
    }
    if (lp_cs_breaks(c, LP_RULE_GENKEY_CONFIG_LOCK, !lp_cs_config_locked(c))) {
        return ST_EXEC;
    }
    lp_cs_status_t status = new_private(c, d);
    if (status == ST_OK && !lp_cs_ec_public(d, r->bytes)) {
        status = ST_ECC;
    }
    if (status == ST_OK) {
        lp_cs_tk_flags(c, false);
        lp_cs_tk_set(c, d);
        c->v.tk.private_key = true;
        r->len = 64;
    }
    lp_cs_wipe(d, sizeof d);
    return status;
}

static lp_cs_status_t from_private(lp_chipsim_t *c, const lp_cs_cmd_t *m, lp_cs_reply_t *r)
{
    unsigned slot = m->p2 & 0x0F;
    size_t len;
    lp_cs_status_t status = private_ok(c, m, slot);
    if (status == ST_OK && (m->p1 & CREATE) != 0) {
        status = create(c, slot);
    }
    if (status != ST_OK) {
        return status;
    }
    if (!lp_cs_ec_public(lp_cs_slot_ptr(c, slot, &len) + PRIV_PAD, r->bytes)) {
        return ST_EXEC; // no key was ever made in this slot
    }
    if ((m->p1 & DIGEST) != 0) {
        digest_public(c, m, slot, r->bytes);
    }
    r->len = 64;
    return ST_OK;
}

LP_CS_HANDLER(genkey)
{
    bool stored = (m->p1 & STORED_PUBLIC) != 0;
    if ((m->p1 & 0xE3) != 0 || !(m->len == OTHER || (m->len == 0 && !stored))) {
        return ST_PARSE;
    }
    if (stored) {
        return stored_public(c, m);
    }
    if (m->p2 == EPHEMERAL && lp_cs_is_608(c)) {
        return ephemeral(c, m, r);
    }
    return from_private(c, m, r);
}
