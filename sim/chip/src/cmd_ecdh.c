// SPDX-License-Identifier: Apache-2.0
// ECDH (L3453, T2547). Where the secret goes is SlotConfig.ReadKey bit 3 on a 508, the mode and
// ChipOptions on a 608.
#include <string.h>

#include "internal.h"

enum { FROM_TEMPKEY = 1, ENCRYPT = 2, DEST = 0x0C };
enum { DEST_COMPAT = 0x00, DEST_SLOT = 0x04, DEST_TEMPKEY = 0x08, DEST_OUT = 0x0C };

static lp_cs_status_t key_ok(lp_chipsim_t *c, unsigned slot)
{
    uint16_t sc = lp_cs_slot_config(c, slot);
    bool ecc = lp_cs_is_private(c, slot) && lp_cs_key_type(c, slot) == KEY_TYPE_P256;
    if (lp_cs_breaks(c, LP_RULE_ECDH_PRIVATE, !ecc) ||
        lp_cs_breaks(c, LP_RULE_ECDH_PERMITTED, (lp_cs_read_key(sc) & RK_ECDH) == 0)) {
        return ST_EXEC;
    }
    size_t len;
    if (!lp_cs_ec_private_ok(lp_cs_slot_ptr(c, slot, &len) + PRIV_PAD)) {
        return ST_EXEC; // no key was ever made in this slot
    }
    return lp_cs_use_key(c, slot, USE_AUTH | USE_LIMITED | USE_LATCH);
}

static lp_cs_status_t private_key(lp_chipsim_t *c, const lp_cs_cmd_t *m, uint8_t d[32])
{
    if ((m->p1 & FROM_TEMPKEY) != 0) {
        c->tk_used = true;
        bool usable = c->v.tk.valid && c->v.tk.private_key;
        if (lp_cs_breaks(c, LP_RULE_ECDH_TEMPKEY, !usable)) {
            return ST_EXEC;
        }
        memcpy(d, c->v.tk.value, 32);
        return ST_OK;
    }
    size_t len;
    lp_cs_status_t status = key_ok(c, m->p2 & 0x0F);
    memcpy(d, lp_cs_slot_ptr(c, m->p2 & 0x0F, &len) + PRIV_PAD, 32);
    return status;
}

// Where a secret goes. Everything that can refuse does so before a use of the key is counted.
typedef struct {
    unsigned dest; // DEST_SLOT, DEST_TEMPKEY, DEST_OUT
    unsigned slot;
    bool encrypted;
} route_t;

static lp_cs_status_t route_to_slot(lp_chipsim_t *c, route_t *to, unsigned slot)
{
    to->dest = DEST_SLOT;
    to->slot = slot % SLOTS;
    bool refused = lp_cs_slot_locked(c, to->slot) || lp_cs_is_private(c, to->slot);
    return lp_cs_breaks(c, LP_RULE_ECDH_TARGET, refused) ? ST_EXEC : ST_OK;
}

// ECDHPROT: 0 clear allowed, 1 encrypted only, 2 and 3 never on the bus.
static lp_cs_status_t route_to_output(lp_chipsim_t *c, const lp_cs_cmd_t *m, route_t *to)
{
    unsigned prot = lp_cs_chip_options(c) >> 8 & 3;
    to->dest = DEST_OUT;
    to->encrypted =
        (m->p1 & ENCRYPT) != 0 || lp_cs_breaks(c, LP_RULE_ECDHPROT_ENCRYPTED, prot == 1);
    if (lp_cs_breaks(c, LP_RULE_ECDHPROT_FORBIDDEN, prot >= 2)) {
        return ST_EXEC;
    }
    return to->encrypted && lp_cs_io_key(c) == NULL ? ST_EXEC : ST_OK;
}

// ReadKey bit 3 sends the secret of a stored key to the next slot, whatever the mode says.
static lp_cs_status_t find_route(lp_chipsim_t *c, const lp_cs_cmd_t *m, route_t *to)
{
    unsigned slot = m->p2 & 0x0F;
    bool stored = (m->p1 & FROM_TEMPKEY) == 0;
    bool forced = stored && (lp_cs_read_key(lp_cs_slot_config(c, slot)) & RK_ECDH_SLOT) != 0;
    unsigned dest = m->p1 & DEST;
    if (forced) {
        bool odd = slot % 2 != 0;
        bool elsewhere = dest != DEST_COMPAT && dest != DEST_SLOT;
        if (lp_cs_breaks(c, LP_RULE_ECDH_ODD_SLOT, odd) ||
            lp_cs_breaks(c, LP_RULE_ECDH_TO_SLOT, elsewhere)) {
            return ST_EXEC;
        }
        return lp_cs_breaks(c, LP_RULE_ECDH_TO_SLOT, true) ? route_to_slot(c, to, slot + 1)
                                                           : route_to_output(c, m, to);
    }
    switch (dest) {
    case DEST_SLOT:
        return route_to_slot(c, to, stored ? slot + 1 : slot);
    case DEST_TEMPKEY:
        to->dest = DEST_TEMPKEY;
        return ST_OK;
    default:
        return route_to_output(c, m, to);
    }
}

// One nonce, half of it per 32 bytes of output (T3912).
static lp_cs_status_t encrypted(lp_chipsim_t *c, const uint8_t secret[32], lp_cs_reply_t *r)
{
    lp_cs_msg_t msg = {.len = 0};
    uint8_t pad[32];
    lp_cs_status_t status = lp_cs_random(c, true, r->bytes + 32);
    if (status != ST_OK) {
        return status;
    }
    lp_cs_add(&msg, lp_cs_io_key(c), 32);
    lp_cs_add(&msg, r->bytes + 32, 16);
    lp_cs_msg_hash(&msg, pad);
    memcpy(r->bytes, secret, 32);
    lp_cs_xor(r->bytes, pad, 32);
    lp_cs_wipe(pad, sizeof pad);
    r->len = 64;
    return ST_OK;
}

static lp_cs_status_t deliver(lp_chipsim_t *c, const route_t *to, const uint8_t secret[32],
                              lp_cs_reply_t *r)
{
    switch (to->dest) {
    case DEST_SLOT:
        lp_cs_program_slot(c, to->slot, 0, secret, 32);
        return ST_OK;
    case DEST_TEMPKEY:
        lp_cs_tk_flags(c, false);
        lp_cs_tk_set(c, secret);
        return ST_OK;
    default:
        break;
    }
    if (to->encrypted) {
        return encrypted(c, secret, r);
    }
    memcpy(r->bytes, secret, 32);
    r->len = 32;
    return ST_OK;
}

// 508: mode 0. 608: encryption only towards the output buffer, TempKey needs a destination.
static bool mode_ok(const lp_chipsim_t *c, const lp_cs_cmd_t *m)
{
    if (m->len != 64 || (m->p1 & 0xF0) != 0 || (!lp_cs_is_608(c) && m->p1 != 0)) {
        return false;
    }
    bool out = (m->p1 & DEST) == DEST_OUT;
    bool compat = (m->p1 & DEST) == DEST_COMPAT;
    return !((m->p1 & ENCRYPT) != 0 && !out) && !((m->p1 & FROM_TEMPKEY) != 0 && compat);
}

LP_CS_HANDLER(ecdh)
{
    uint8_t d[32];
    uint8_t secret[32] = {0};
    if (!mode_ok(c, m)) {
        return ST_PARSE;
    }
    route_t to = {.dest = DEST_OUT};
    lp_cs_status_t status = find_route(c, m, &to);
    if (status != ST_OK) {
        return status;
    }
    status = private_key(c, m, d);
    if (status == ST_OK && c->fail_ecc > 0) {
        c->fail_ecc--;
        status = ST_ECC;
    }
    if (status == ST_OK && !lp_cs_ec_dh(d, m->data, secret)) {
        status = ST_EXEC; // not a point of the curve, or no key in the slot
    }
    if (status == ST_OK) {
        status = deliver(c, &to, secret, r);
    }
    lp_cs_wipe(d, sizeof d);
    lp_cs_wipe(secret, sizeof secret);
    return status;
}
