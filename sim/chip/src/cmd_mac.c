// SPDX-License-Identifier: Apache-2.0
// MAC (L4035, T3930), HMAC (L3787), CheckMac (L3232, T3292).
#include <string.h>

#include "internal.h"

enum { TK_SECOND = 1, TK_FIRST = 2, SOURCE_FLAG = 4, WITH_SN = 0x40 };

// "If Mode<0> or Mode<1> are set, bit 2 must match TempKey.SourceFlag."
static const uint8_t *matching_tempkey(lp_chipsim_t *c, uint8_t mode)
{
    const uint8_t *tk = lp_cs_tk_use(c);
    bool wants_input = (mode & SOURCE_FLAG) != 0;
    if (lp_cs_breaks(c, LP_RULE_SOURCE_MATCH, wants_input != c->v.tk.source_input)) {
        return NULL;
    }
    return tk;
}

// The 64 bytes in front of a MAC message: key or TempKey, then challenge or TempKey.
static lp_cs_status_t add_inputs(lp_chipsim_t *c, const lp_cs_cmd_t *m, lp_cs_msg_t *msg)
{
    const uint8_t *tk = NULL;
    size_t len;
    if ((m->p1 & (TK_FIRST | TK_SECOND)) != 0) {
        tk = matching_tempkey(c, m->p1);
        if (tk == NULL) {
            return ST_EXEC;
        }
    }
    unsigned slot = m->p2 & 0x0F;
    if ((m->p1 & TK_FIRST) == 0) {
        lp_cs_status_t status = lp_cs_use_secret(c, slot, USE_ALL);
        if (status != ST_OK) {
            return status;
        }
    }
    lp_cs_add(msg, (m->p1 & TK_FIRST) != 0 ? tk : lp_cs_slot_ptr(c, slot, &len), 32);
    lp_cs_add(msg, (m->p1 & TK_SECOND) != 0 ? tk : m->data, 32);
    return ST_OK;
}

static bool slot_is_no_mac(const lp_chipsim_t *c, unsigned slot)
{
    return lp_cs_data_locked(c) && (lp_cs_slot_config(c, slot) & SC_NO_MAC) != 0;
}

// A NoMac key, or a TempKey that one went into, makes no MACs (L846).
static bool no_mac_forbids(lp_chipsim_t *c, const lp_cs_cmd_t *m)
{
    bool slot = (m->p1 & TK_FIRST) == 0 && slot_is_no_mac(c, m->p2 & 0x0F);
    bool tempkey = (m->p1 & (TK_FIRST | TK_SECOND)) != 0 && c->v.tk.no_mac;
    return lp_cs_breaks(c, LP_RULE_NO_MAC_SLOT, slot) ||
           lp_cs_breaks(c, LP_RULE_NO_MAC_TEMPKEY, tempkey);
}

LP_CS_HANDLER(mac)
{
    bool challenge = (m->p1 & TK_SECOND) == 0;
    if ((m->p1 & 0xB8) != 0 || !(m->len == 32 || (!challenge && m->len == 0))) {
        return ST_PARSE;
    }
    if (no_mac_forbids(c, m)) {
        return ST_EXEC;
    }
    lp_cs_msg_t msg = {.len = 0};
    lp_cs_status_t status = add_inputs(c, m, &msg);
    if (status == ST_OK) {
        lp_cs_add_mac_tail(&msg, c, m);
        lp_cs_msg_hash(&msg, r->bytes);
        r->len = 32;
    }
    lp_cs_wipe(&msg, sizeof msg);
    return status;
}

LP_CS_HANDLER(hmac_cmd)
{
    if ((m->p1 & ~(SOURCE_FLAG | WITH_SN)) != 0 || m->len != 0) {
        return ST_PARSE;
    }
    const uint8_t *tk = matching_tempkey(c, m->p1);
    unsigned slot = m->p2 & 0x0F;
    if (tk == NULL || lp_cs_breaks(c, LP_RULE_NO_MAC_SLOT, slot_is_no_mac(c, slot)) ||
        lp_cs_breaks(c, LP_RULE_NO_MAC_TEMPKEY, c->v.tk.no_mac)) {
        return ST_EXEC;
    }
    lp_cs_status_t status = lp_cs_use_secret(c, slot, USE_ALL);
    if (status != ST_OK) {
        return status;
    }
    lp_cs_msg_t msg = {.len = 0};
    size_t len;
    lp_cs_add_zeros(&msg, 32);
    lp_cs_add(&msg, tk, 32);
    lp_cs_add_mac_tail(&msg, c, m);
    lp_cs_hmac(lp_cs_slot_ptr(c, slot, &len), 32, msg.bytes, msg.len, r->bytes);
    lp_cs_wipe(&msg, sizeof msg);
    r->len = 32;
    return ST_OK;
}

// ---- CheckMac ---------------------------------------------------------------

enum { CHAL = 0, RESP = 32, OTHER = 64, CHECKMAC_LEN = 77 };

static lp_cs_status_t client_digest(lp_chipsim_t *c, const lp_cs_cmd_t *m, uint8_t out[32])
{
    lp_cs_msg_t msg = {.len = 0};
    const uint8_t *other = m->data + OTHER;
    lp_cs_status_t status = add_inputs(c, m, &msg);
    if (status == ST_OK) {
        lp_cs_add(&msg, other, 4);
        lp_cs_add_zeros(&msg, 8);
        lp_cs_add(&msg, other + 4, 3);
        lp_cs_add_sn(&msg, c, 8, 1);
        lp_cs_add(&msg, other + 7, 4);
        lp_cs_add_sn(&msg, c, 0, 2);
        lp_cs_add(&msg, other + 11, 2);
        lp_cs_msg_hash(&msg, out);
    }
    lp_cs_wipe(&msg, sizeof msg);
    return status;
}

// CheckMac/Copy: the target is the next slot of an even one, and its ReadKey must be 0 (L3249).
// Modes 01 and 05 by the command's section; L1667 names only 01.
static void copy_target(lp_chipsim_t *c, const lp_cs_cmd_t *m)
{
    unsigned slot = m->p2 & 0x0F;
    unsigned target = slot % 2 == 0 ? slot + 1 : slot;
    bool mode = m->p1 == TK_SECOND || m->p1 == (TK_SECOND | SOURCE_FLAG);
    bool enabled = lp_cs_data_locked(c) && !lp_cs_is_private(c, target);
    bool refused = lp_cs_read_key(lp_cs_slot_config(c, target)) != 0;
    if (!mode || !enabled || lp_cs_breaks(c, LP_RULE_CHECKMAC_COPY_READKEY, refused)) {
        return;
    }
    size_t len;
    lp_cs_tk_flags(c, true);
    lp_cs_tk_set(c, lp_cs_slot_ptr(c, target, &len));
}

LP_CS_HANDLER(checkmac)
{
    (void)r;
    if ((m->p1 & 0xF8) != 0 || m->len != CHECKMAC_LEN) {
        return ST_PARSE;
    }
    uint8_t digest[32];
    lp_cs_status_t status = client_digest(c, m, digest);
    if (status != ST_OK) {
        return status;
    }
    bool differs = !lp_cs_equal(digest, m->data + RESP, 32);
    lp_cs_wipe(digest, sizeof digest);
    if (lp_cs_breaks(c, LP_RULE_CHECKMAC_COMPARE, differs)) {
        return ST_MISCOMPARE;
    }
    copy_target(c, m);
    if ((m->p1 & TK_FIRST) == 0) {
        lp_cs_authorize(c, m->p2 & 0x0F);
    }
    return ST_OK;
}
