// SPDX-License-Identifier: Apache-2.0
// GenDig (L3498, T3348): folds stored or given bytes into TempKey.
#include <string.h>

#include "internal.h"

enum {
    ZONE_CONFIG = 0,
    ZONE_OTP = 1,
    ZONE_DATA = 2,
    ZONE_SHARED = 3,
    ZONE_COUNTER = 4,
    ZONE_KEYCONFIG = 5,
    TRANSPORT = 0x8000,
};

// The transport keys of the masks are not public; the model has its own, the same in every chip.
static void transport_key(uint16_t key_id, uint8_t out[32])
{
    uint8_t seed[] = {
        't', 'r', 'a', 'n', 's', 'p', 'o', 'r', 't', (uint8_t)key_id, (uint8_t)(key_id >> 8)};
    lp_cs_sha(seed, sizeof seed, out);
}

static lp_cs_status_t add_data(lp_chipsim_t *c, const lp_cs_cmd_t *m, lp_cs_msg_t *msg,
                               bool *no_mac)
{
    unsigned slot = m->p2 & 0x0F;
    if ((m->p2 & TRANSPORT) != 0) {
        uint8_t key[32];
        if (lp_cs_breaks(c, LP_RULE_GENDIG_TRANSPORT_RANDOM, c->v.tk.source_input)) {
            return ST_EXEC;
        }
        transport_key(m->p2, key);
        lp_cs_add(msg, key, 32);
        lp_cs_add_header_sn(msg, c, m, 25);
        lp_cs_wipe(key, sizeof key);
        return ST_OK;
    }
    *no_mac = lp_cs_data_locked(c) && (lp_cs_slot_config(c, slot) & SC_NO_MAC) != 0;
    if (*no_mac && m->len < 4) {
        return ST_PARSE; // a NoMac key needs the four bytes
    }
    lp_cs_status_t status = lp_cs_use_secret(c, slot, USE_ALL);
    if (status != ST_OK) {
        return status;
    }
    size_t len;
    lp_cs_add(msg, lp_cs_slot_ptr(c, slot, &len), 32);
    if (!*no_mac) {
        lp_cs_add_header_sn(msg, c, m, 25);
        return ST_OK;
    }
    lp_cs_add(msg, m->data, 4);
    lp_cs_add_sn(msg, c, 8, 1);
    lp_cs_add_sn(msg, c, 0, 2);
    lp_cs_add_zeros(msg, 25);
    return ST_OK;
}

static lp_cs_status_t add_zone(lp_chipsim_t *c, const lp_cs_cmd_t *m, lp_cs_msg_t *msg)
{
    bool otp = m->p1 == ZONE_OTP;
    if (m->p2 > (otp ? 1 : 3)) {
        return ST_PARSE;
    }
    if (lp_cs_breaks(c, LP_RULE_GENDIG_OTP_CONFIG_LOCK, otp && !lp_cs_config_locked(c))) {
        return ST_EXEC;
    }
    lp_cs_add(msg, (otp ? c->image.otp : c->image.config) + 32u * m->p2, 32);
    lp_cs_add_header_sn(msg, c, m, 25);
    return ST_OK;
}

static lp_cs_status_t add_counter(lp_chipsim_t *c, const lp_cs_cmd_t *m, lp_cs_msg_t *msg)
{
    if (m->p2 > 1) {
        return ST_PARSE;
    }
    uint32_t v = lp_cs_counter_get(c, m->p2);
    lp_cs_add_zeros(msg, 32);
    lp_cs_add_header_sn(msg, c, m, 1);
    for (unsigned i = 0; i < 4; i++) {
        lp_cs_add_byte(msg, (uint8_t)(v >> 8 * i));
    }
    lp_cs_add_zeros(msg, 20);
    return ST_OK;
}

static lp_cs_status_t add_key_config(lp_chipsim_t *c, const lp_cs_cmd_t *m, lp_cs_msg_t *msg)
{
    unsigned slot = m->p2 & 0x0F; // of KeyID only four bits name a slot (L1687)
    lp_cs_add_zeros(msg, 32);
    lp_cs_add_header_sn(msg, c, m, 1);
    lp_cs_add(msg, c->image.config + CFG_SLOT_CONFIG + 2 * slot, 2);
    lp_cs_add(msg, c->image.config + CFG_KEY_CONFIG + 2 * slot, 2);
    lp_cs_add_byte(msg, lp_cs_slot_lock_bit(c, slot)); // 1 = not locked (L3652)
    lp_cs_add_zeros(msg, 19);
    return ST_OK;
}

// "Shared Nonce": input and TempKey, in the order that bit 15 of KeyID says (L3574).
static void add_shared(lp_chipsim_t *c, const lp_cs_cmd_t *m, lp_cs_msg_t *msg, const uint8_t *tk)
{
    bool swap = (m->p2 & TRANSPORT) != 0;
    lp_cs_add(msg, swap ? tk : m->data, 32);
    lp_cs_add_byte(msg, m->op);
    lp_cs_add_byte(msg, m->p1);
    lp_cs_add_byte(msg, (uint8_t)m->p2);
    lp_cs_add_byte(msg, 0);
    lp_cs_add_sn(msg, c, 8, 1);
    lp_cs_add_sn(msg, c, 0, 2);
    lp_cs_add_zeros(msg, 25);
    lp_cs_add(msg, swap ? m->data : tk, 32);
}

static lp_cs_status_t compose(lp_chipsim_t *c, const lp_cs_cmd_t *m, lp_cs_msg_t *msg,
                              const uint8_t *tk, bool *no_mac)
{
    lp_cs_status_t status = ST_OK;
    switch (m->p1) {
    case ZONE_DATA:
        status = add_data(c, m, msg, no_mac);
        break;
    case ZONE_SHARED:
        add_shared(c, m, msg, tk);
        return ST_OK;
    case ZONE_COUNTER:
        status = add_counter(c, m, msg);
        break;
    case ZONE_KEYCONFIG:
        status = add_key_config(c, m, msg);
        break;
    default:
        status = add_zone(c, m, msg);
        break;
    }
    if (status == ST_OK) {
        lp_cs_add(msg, tk, 32);
    }
    return status;
}

LP_CS_HANDLER(gendig)
{
    (void)r;
    bool shared = m->p1 == ZONE_SHARED;
    bool length_ok = shared ? m->len == 32 : m->len == 0 || m->len == 4 || m->len == 32;
    if (m->p1 > ZONE_KEYCONFIG || !length_ok) {
        return ST_PARSE;
    }
    const uint8_t *tk = lp_cs_tk_use(c);
    if (tk == NULL) {
        return ST_EXEC;
    }
    lp_cs_msg_t msg = {.len = 0};
    bool no_mac = false;
    lp_cs_status_t status = compose(c, m, &msg, tk, &no_mac);
    if (status != ST_OK) {
        lp_cs_wipe(&msg, sizeof msg);
        return status;
    }
    uint8_t digest[32];
    lp_cs_msg_hash(&msg, digest);
    bool from_slot = m->p1 == ZONE_DATA && (m->p2 & TRANSPORT) == 0;
    c->v.tk.gen_dig = from_slot;
    c->v.tk.gen_key = false;
    c->v.tk.key_id = from_slot ? m->p2 & 0x0F : 0;
    c->v.tk.no_mac = c->v.tk.no_mac || no_mac;
    lp_cs_tk_set(c, digest);
    lp_cs_wipe(digest, sizeof digest);
    return ST_OK;
}
