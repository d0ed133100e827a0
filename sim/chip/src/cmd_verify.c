// SPDX-License-Identifier: Apache-2.0
// Verify (L4704, T2984): ECDSA with a given or a stored public key, and the validity marks of
// stored keys.
#include <string.h>

#include "internal.h"

enum {
    STORED = 0,
    VALIDATE_EXTERNAL = 1,
    EXTERNAL = 2,
    VALIDATE = 3,
    INVALIDATE = 7,
    FROM_MSGDIG = 0x20,
    WITH_MAC = 0x80,
    SIG = 64,
    OTHER = 19,
};

static size_t wanted_len(unsigned mode)
{
    switch (mode) {
    case EXTERNAL:
        return SIG + 64;
    case VALIDATE:
    case INVALIDATE:
        return SIG + OTHER;
    default:
        return SIG;
    }
}

static bool mode_ok(const lp_chipsim_t *c, const lp_cs_cmd_t *m)
{
    unsigned mode = m->p1 & 7;
    unsigned extra = m->p1 & ~7u;
    bool plain = mode == STORED || mode == EXTERNAL;
    if (mode == 4 || mode == 5 || mode == 6 || m->len != wanted_len(mode)) {
        return false;
    }
    if (mode == EXTERNAL && m->p2 != KEY_TYPE_P256) {
        return false;
    }
    unsigned allowed = lp_cs_is_608(c) && plain ? FROM_MSGDIG | WITH_MAC : 0u; // T3165
    return (extra & ~allowed) == 0;
}

// ---- messages ---------------------------------------------------------------

static const uint8_t *plain_message(lp_chipsim_t *c, const lp_cs_cmd_t *m)
{
    if ((m->p1 & FROM_MSGDIG) == 0) {
        return lp_cs_tk_use(c);
    }
    return lp_cs_breaks(c, LP_RULE_MSGDIG_VALID, !c->v.msg_digest_lo) ? NULL : c->v.msg_digest;
}

// The message of Sign(Internal) with its parameters from OtherData (L4840).
static void validation_digest(lp_chipsim_t *c, const lp_cs_cmd_t *m, uint8_t digest[32])
{
    lp_cs_msg_t msg = {.len = 0};
    const uint8_t *other = m->data + SIG;
    lp_cs_add(&msg, c->v.tk.value, 32);
    lp_cs_add_byte(&msg, OP_SIGN);
    lp_cs_add(&msg, other, 10);
    lp_cs_add_sn(&msg, c, 8, 1);
    lp_cs_add(&msg, other + 10, 4);
    lp_cs_add_sn(&msg, c, 0, 2);
    lp_cs_add(&msg, other + 14, 5);
    lp_cs_msg_hash(&msg, digest);
}

// ---- keys -------------------------------------------------------------------

static void load_public(lp_chipsim_t *c, unsigned slot, uint8_t xy[64])
{
    size_t len;
    const uint8_t *p = lp_cs_slot_ptr(c, slot, &len);
    memset(xy, 0, 64);
    if (len >= PUB_Y + 32) {
        memcpy(xy, p + PUB_X, 32);
        memcpy(xy + 32, p + PUB_Y, 32);
    }
}

// A stored key that may verify: P-256, in 8-15, validated if it has to be.
static lp_cs_status_t public_key(lp_chipsim_t *c, unsigned slot, uint8_t xy[64])
{
    bool ecc = lp_cs_key_type(c, slot) == KEY_TYPE_P256 && !lp_cs_is_private(c, slot);
    bool needs = lp_cs_data_locked(c) && (lp_cs_key_config(c, slot) & KC_PUB_INFO) != 0;
    if (lp_cs_breaks(c, LP_RULE_VERIFY_KEY_TYPE, !ecc) || slot < 8 ||
        lp_cs_breaks(c, LP_RULE_VERIFY_VALIDATED, needs && !lp_cs_public_is_valid(c, slot))) {
        return ST_EXEC;
    }
    load_public(c, slot, xy);
    return lp_cs_use_key(c, slot, USE_ALL);
}

static uint8_t x509_format(const lp_chipsim_t *c, unsigned slot)
{
    return c->image.config[CFG_X509 + (lp_cs_key_config(c, slot) >> 14)];
}

// ---- answers ----------------------------------------------------------------

static lp_cs_status_t judge(lp_chipsim_t *c, const uint8_t xy[64], const uint8_t digest[32],
                            const uint8_t *rs)
{
    if (!lp_cs_ec_public_ok(xy)) {
        return ST_EXEC;
    }
    if (c->fail_ecc > 0) {
        c->fail_ecc--;
        return ST_ECC;
    }
    bool good = lp_cs_ec_verify(xy, digest, rs);
    return lp_cs_breaks(c, LP_RULE_VERIFY_COMPARE, !good) ? ST_MISCOMPARE : ST_OK;
}

// 608: a MAC instead of "yes", with a nonce from the message digest buffer (T3064).
static lp_cs_status_t validating_mac(lp_chipsim_t *c, const lp_cs_cmd_t *m,
                                     const uint8_t message[32], const uint8_t nonce[32],
                                     lp_cs_reply_t *r)
{
    lp_cs_msg_t msg = {.len = 0};
    lp_cs_add(&msg, lp_cs_io_key(c), 32);
    lp_cs_add(&msg, message, 32);
    lp_cs_add(&msg, nonce, 32);
    lp_cs_add(&msg, m->data, SIG);
    lp_cs_add_header(&msg, m);
    lp_cs_msg_hash(&msg, r->bytes);
    r->len = 32;
    return ST_OK;
}

static bool mac_possible(lp_chipsim_t *c, const lp_cs_cmd_t *m)
{
    bool upper = (m->p1 & FROM_MSGDIG) != 0;
    bool nonce = upper ? c->v.msg_digest_hi : c->v.msg_digest_lo;
    return lp_cs_io_key(c) != NULL && !lp_cs_breaks(c, LP_RULE_VERIFY_MAC_NONCE, !nonce);
}

static lp_cs_status_t verify_message(lp_chipsim_t *c, const lp_cs_cmd_t *m, lp_cs_reply_t *r)
{
    uint8_t xy[64];
    bool stored = (m->p1 & 7) == STORED;
    const uint8_t *message = plain_message(c, m);
    if (message == NULL || ((m->p1 & WITH_MAC) != 0 && !mac_possible(c, m))) {
        return ST_EXEC;
    }
    lp_cs_status_t status = ST_OK;
    if (stored) {
        status = public_key(c, m->p2 & 0x0F, xy);
    } else {
        memcpy(xy, m->data + SIG, 64);
    }
    if (status == ST_OK) {
        status = judge(c, xy, message, m->data);
    }
    if (status == ST_OK && stored) {
        lp_cs_authorize(c, m->p2 & 0x0F);
    }
    if (status == ST_OK && (m->p1 & WITH_MAC) != 0) {
        bool upper = (m->p1 & FROM_MSGDIG) != 0;
        return validating_mac(c, m, message, c->v.msg_digest + (upper ? 32 : 0), r);
    }
    return status;
}

// ---- Validate, Invalidate, ValidateExternal ---------------------------------

static lp_cs_status_t tempkey_covers(lp_chipsim_t *c, const lp_cs_cmd_t *m, unsigned slot)
{
    const lp_cs_tempkey_t *t = &c->v.tk;
    uint8_t format = x509_format(c, slot);
    if ((m->p1 & 7) == VALIDATE_EXTERNAL) {
        bool fits = c->v.x509_slot == slot && c->v.x509_block == (format & 0x0F) &&
                    c->v.x509_total == format >> 4;
        // Format 0, which asks for Validate, has no shape: no certificate is of 0 blocks.
        return lp_cs_breaks(c, LP_RULE_VERIFY_X509_SHAPE, !fits) ? ST_EXEC : ST_OK;
    }
    bool wants_valid = (m->p1 & 4) != 0;
    bool says_valid = (m->data[SIG + 17] & 1) != 0;
    bool made = t->gen_key && t->key_id == slot;
    bool broken = lp_cs_breaks(c, LP_RULE_VERIFY_X509_FORMAT, format != 0) ||
                  lp_cs_breaks(c, LP_RULE_VERIFY_OTHERDATA, wants_valid != says_valid) ||
                  lp_cs_breaks(c, LP_RULE_VERIFY_GENKEY, !made);
    return broken ? ST_EXEC : ST_OK;
}

static void mark(lp_chipsim_t *c, unsigned slot, bool valid)
{
    size_t len;
    uint8_t *p = lp_cs_slot_ptr(c, slot, &len);
    uint8_t first = (uint8_t)((p[0] & 0x0F) | (valid ? 0x50 : 0xA0));
    lp_cs_program(c, p, &first, 1);
}

// Regardless of LockValue and SlotLocked (L4744).
static lp_cs_status_t set_validity(lp_chipsim_t *c, const lp_cs_cmd_t *m)
{
    unsigned slot = m->p2 & 0x0F;
    unsigned parent = lp_cs_read_key(lp_cs_slot_config(c, slot));
    bool markable = (lp_cs_key_config(c, slot) & KC_PUB_INFO) != 0 && !lp_cs_is_private(c, slot);
    uint8_t digest[32];
    uint8_t xy[64];
    if (slot < 8 || lp_cs_breaks(c, LP_RULE_VERIFY_MARKABLE, !markable) ||
        lp_cs_tk_use(c) == NULL || tempkey_covers(c, m, slot) != ST_OK) {
        return ST_EXEC;
    }
    lp_cs_status_t status = public_key(c, parent, xy);
    if (status == ST_OK && slot == 15 && !lp_cs_is_608(c) && lp_cs_data_locked(c)) {
        status = lp_cs_count_use(c, slot); // L1627, with LastKeyUse, which a 608 does not have
    }
    if (status != ST_OK) {
        return status;
    }
    if ((m->p1 & 7) == VALIDATE_EXTERNAL) {
        memcpy(digest, c->v.tk.value, sizeof digest);
    } else {
        validation_digest(c, m, digest);
    }
    status = judge(c, xy, digest, m->data);
    if (status == ST_OK) {
        mark(c, slot, (m->p1 & 7) != INVALIDATE);
    }
    return status;
}

LP_CS_HANDLER(verify)
{
    if (!mode_ok(c, m)) {
        return ST_PARSE;
    }
    unsigned mode = m->p1 & 7;
    bool plain = mode == STORED || mode == EXTERNAL;
    return plain ? verify_message(c, m, r) : set_validity(c, m);
}
