// SPDX-License-Identifier: Apache-2.0
// Sign (L4535, T2898): ECDSA over a digest from outside, or over a message the chip makes about
// itself.
#include "internal.h"

enum { EXTERNAL = 0x80, WITH_SN = 0x40, FROM_MSGDIG = 0x20, INVALIDATE = 0x01 };

// The 55 bytes of table "Internal Message Generation" (L4619).
static void internal_message(lp_chipsim_t *c, const lp_cs_cmd_t *m, uint8_t digest[32])
{
    lp_cs_msg_t msg = {.len = 0};
    unsigned id = c->v.tk.key_id;
    bool sn = (m->p1 & WITH_SN) != 0;
    bool public_key = lp_cs_key_type(c, id) == KEY_TYPE_P256 && !lp_cs_is_private(c, id) &&
                      (lp_cs_key_config(c, id) & KC_PUB_INFO) != 0;
    lp_cs_add(&msg, c->v.tk.value, 32);
    lp_cs_add_header(&msg, m);
    lp_cs_add(&msg, c->image.config + CFG_SLOT_CONFIG + 2 * id, 2);
    lp_cs_add(&msg, c->image.config + CFG_KEY_CONFIG + 2 * id, 2);
    lp_cs_add_byte(&msg, lp_cs_tk_flag_byte(c));
    lp_cs_add_zeros(&msg, 2);
    lp_cs_add_sn(&msg, c, 8, 1);
    sn ? lp_cs_add_sn(&msg, c, 4, 4) : lp_cs_add_zeros(&msg, 4);
    lp_cs_add_sn(&msg, c, 0, 2);
    sn ? lp_cs_add_sn(&msg, c, 2, 2) : lp_cs_add_zeros(&msg, 2);
    lp_cs_add_byte(&msg, lp_cs_slot_lock_bit(c, id));
    lp_cs_add_byte(&msg, public_key && lp_cs_public_is_valid(c, id) ? 1 : 0);
    lp_cs_add_byte(&msg, 0);
    lp_cs_msg_hash(&msg, digest);
}

static lp_cs_status_t get_internal(lp_chipsim_t *c, const lp_cs_cmd_t *m, uint8_t digest[32])
{
    if (lp_cs_tk_use(c) == NULL ||
        lp_cs_breaks(c, LP_RULE_SIGN_INTERNAL_DATA_LOCK, !lp_cs_data_locked(c)) ||
        lp_cs_breaks(c, LP_RULE_SIGN_INTERNAL_SOURCE, !c->v.tk.gen_dig && !c->v.tk.gen_key)) {
        return ST_EXEC;
    }
    internal_message(c, m, digest);
    return ST_OK;
}

static lp_cs_status_t get_external(lp_chipsim_t *c, const lp_cs_cmd_t *m, uint8_t digest[32])
{
    const uint8_t *from;
    if ((m->p1 & FROM_MSGDIG) != 0) {
        from = c->v.msg_digest;
        if (lp_cs_breaks(c, LP_RULE_MSGDIG_VALID, !c->v.msg_digest_lo)) {
            return ST_EXEC;
        }
    } else {
        from = lp_cs_tk_use(c);
        if (from == NULL) {
            return ST_EXEC;
        }
    }
    for (unsigned i = 0; i < 32; i++) {
        digest[i] = from[i];
    }
    return ST_OK;
}

static lp_cs_status_t key_ok(lp_chipsim_t *c, unsigned slot, bool external)
{
    uint16_t sc = lp_cs_slot_config(c, slot);
    bool locked = lp_cs_data_locked(c);
    bool ecc = lp_cs_is_private(c, slot) && lp_cs_key_type(c, slot) == KEY_TYPE_P256;
    uint8_t rk = lp_cs_read_key(sc);
    if (lp_cs_breaks(c, LP_RULE_SIGN_PRIVATE, !ecc) ||
        lp_cs_breaks(c, LP_RULE_SIGN_SECRET, (sc & SC_SECRET) == 0) ||
        lp_cs_breaks(c, LP_RULE_SIGN_EXTERNAL, locked && external && (rk & RK_EXTERNAL) == 0) ||
        lp_cs_breaks(c, LP_RULE_SIGN_INTERNAL, locked && !external && (rk & RK_INTERNAL) == 0)) {
        return ST_EXEC;
    }
    size_t len;
    if (!lp_cs_ec_private_ok(lp_cs_slot_ptr(c, slot, &len) + PRIV_PAD)) {
        return ST_EXEC; // no key was ever made in this slot
    }
    return lp_cs_use_key(c, slot, USE_AUTH | USE_LIMITED | USE_LATCH);
}

static lp_cs_status_t make_signature(lp_chipsim_t *c, unsigned slot, const uint8_t digest[32],
                                     uint8_t rs[64])
{
    size_t len;
    uint8_t k[32];
    const uint8_t *d = lp_cs_slot_ptr(c, slot, &len) + PRIV_PAD;
    lp_cs_status_t status = lp_cs_random(c, true, k);
    if (status == ST_OK && c->fail_ecc > 0) {
        c->fail_ecc--;
        status = ST_ECC;
    }
    if (status == ST_OK && !lp_cs_ec_sign(d, k, digest, rs)) {
        status = ST_ECC;
    }
    lp_cs_wipe(k, sizeof k);
    return status;
}

LP_CS_HANDLER(sign)
{
    bool external = (m->p1 & EXTERNAL) != 0;
    unsigned allowed =
        EXTERNAL | WITH_SN | (external ? 0u : INVALIDATE) | (lp_cs_is_608(c) ? FROM_MSGDIG : 0u);
    if ((m->p1 & ~allowed) != 0 || m->len != 0) {
        return ST_PARSE;
    }
    unsigned slot = m->p2 & 0x0F;
    uint8_t digest[32];
    lp_cs_status_t status = external ? get_external(c, m, digest) : get_internal(c, m, digest);
    if (status == ST_OK) {
        status = key_ok(c, slot, external);
    }
    if (status == ST_OK) {
        status = make_signature(c, slot, digest, r->bytes);
    }
    r->len = status == ST_OK ? 64 : 0;
    return status;
}
