// SPDX-License-Identifier: Apache-2.0
// DeriveKey (L3346): a new secret from an old one or from its parent.
#include "internal.h"

enum { SOURCE_FLAG = 4, MAC = 32 };

typedef struct {
    unsigned target;
    unsigned parent;
    bool create; // source is the parent
    bool needs_mac;
} derive_t;

static lp_cs_status_t target_ok(lp_chipsim_t *c, const derive_t *d)
{
    bool enabled = (lp_cs_slot_config(c, d->target) & SC_W13) != 0;
    if (lp_cs_breaks(c, LP_RULE_DERIVE_PRIVATE, lp_cs_is_private(c, d->target)) ||
        lp_cs_breaks(c, LP_RULE_DERIVE_SLOT_LOCKED, lp_cs_slot_locked(c, d->target)) ||
        lp_cs_breaks(c, LP_RULE_DERIVE_ENABLED, lp_cs_data_locked(c) && !enabled)) {
        return ST_EXEC;
    }
    return ST_OK;
}

static lp_cs_status_t mac_ok(lp_chipsim_t *c, const lp_cs_cmd_t *m, unsigned parent)
{
    if (m->len != MAC) {
        return ST_OK; // the rule that asks for it is switched off
    }
    lp_cs_msg_t msg = {.len = 0};
    uint8_t mac[MAC];
    size_t len;
    lp_cs_add(&msg, lp_cs_slot_ptr(c, parent, &len), 32);
    lp_cs_add_header_sn(&msg, c, m, 0);
    lp_cs_msg_hash(&msg, mac);
    bool wrong = !lp_cs_equal(mac, m->data, MAC);
    lp_cs_wipe(mac, sizeof mac);
    return lp_cs_breaks(c, LP_RULE_DERIVE_MAC, wrong) ? ST_EXEC : ST_OK;
}

// Authorisation is asked of the target when rolling, of the parent when it is the source or makes
// the MAC; uses are counted for the parent alone (L3364-3382).
static lp_cs_status_t keys_ok(lp_chipsim_t *c, const derive_t *d)
{
    lp_cs_status_t status = ST_OK;
    if (!d->create) {
        status = lp_cs_use_secret(c, d->target, USE_AUTH | USE_RANDOM | USE_LATCH);
    }
    if (status == ST_OK && (d->create || d->needs_mac)) {
        unsigned random = d->create ? USE_RANDOM : 0;
        status = lp_cs_use_secret(c, d->parent, USE_AUTH | USE_LIMITED | USE_LATCH | random);
    }
    return status;
}

static void derive(lp_chipsim_t *c, const lp_cs_cmd_t *m, const derive_t *d, const uint8_t *tk)
{
    lp_cs_msg_t msg = {.len = 0};
    uint8_t key[32];
    size_t len;
    lp_cs_add(&msg, lp_cs_slot_ptr(c, d->create ? d->parent : d->target, &len), 32);
    lp_cs_add_header_sn(&msg, c, m, 25);
    lp_cs_add(&msg, tk, 32);
    lp_cs_msg_hash(&msg, key);
    lp_cs_program_slot(c, d->target, 0, key, sizeof key);
    lp_cs_wipe(key, sizeof key);
}

LP_CS_HANDLER(derivekey)
{
    (void)r;
    if ((m->p1 & ~SOURCE_FLAG) != 0 || !(m->len == 0 || m->len == MAC)) {
        return ST_PARSE;
    }
    uint16_t sc = lp_cs_slot_config(c, m->p2 & 0x0F);
    derive_t d = {.target = m->p2 & 0x0F,
                  .parent = lp_cs_write_key(sc),
                  .create = (sc & SC_W12) != 0,
                  .needs_mac = lp_cs_data_locked(c) && (sc & SC_W15) != 0};
    const uint8_t *tk = lp_cs_tk_use(c);
    bool wants_input = (m->p1 & SOURCE_FLAG) != 0;
    if (tk == NULL || lp_cs_breaks(c, LP_RULE_DERIVE_SOURCE, wants_input != c->v.tk.source_input)) {
        return ST_EXEC;
    }
    if (lp_cs_breaks(c, LP_RULE_DERIVE_NEEDS_MAC, d.needs_mac && m->len != MAC)) {
        return ST_EXEC;
    }
    lp_cs_status_t status = target_ok(c, &d);
    if (status == ST_OK) {
        status = keys_ok(c, &d);
    }
    if (status == ST_OK && d.needs_mac) {
        status = mac_ok(c, m, d.parent);
    }
    if (status == ST_OK) {
        derive(c, m, &d, tk);
    }
    return status;
}
