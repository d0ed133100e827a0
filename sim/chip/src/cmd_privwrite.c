// SPDX-License-Identifier: Apache-2.0
// PrivWrite (L4257): an ECC private key from outside.
#include <string.h>

#include "internal.h"

enum { KEY = 36, MAC = 32, P1_ENCRYPTED = 0x40 };

static lp_cs_status_t target_ok(lp_chipsim_t *c, unsigned slot, bool encrypted)
{
    uint16_t sc = lp_cs_slot_config(c, slot);
    bool locked = lp_cs_data_locked(c);
    bool ecc = lp_cs_is_private(c, slot) && lp_cs_key_type(c, slot) == KEY_TYPE_P256; // L982
    if (lp_cs_breaks(c, LP_RULE_PRIVWRITE_CONFIG_LOCK, !lp_cs_config_locked(c)) ||
        lp_cs_breaks(c, LP_RULE_PRIVWRITE_PRIVATE, !ecc) ||
        lp_cs_breaks(c, LP_RULE_PRIVWRITE_SECRET, (sc & SC_SECRET) == 0) ||
        lp_cs_breaks(c, LP_RULE_PRIVWRITE_SLOT_LOCKED, lp_cs_slot_locked(c, slot)) ||
        lp_cs_breaks(c, LP_RULE_PRIVWRITE_FORBIDDEN, locked && (sc & SC_W14) == 0) ||
        lp_cs_breaks(c, LP_RULE_PRIVWRITE_CLEAR, locked && !encrypted)) {
        return ST_EXEC;
    }
    return ST_OK;
}

static lp_cs_status_t open_key(lp_chipsim_t *c, const lp_cs_cmd_t *m, uint8_t plain[KEY])
{
    const uint8_t *key = lp_cs_tk_use(c);
    bool locked = lp_cs_data_locked(c);
    unsigned write_key = lp_cs_write_key(lp_cs_slot_config(c, m->p2 & 0x0F));
    if (key == NULL || lp_cs_breaks(c, LP_RULE_PRIVWRITE_GENDIG, locked && !c->v.tk.gen_dig) ||
        lp_cs_breaks(c, LP_RULE_PRIVWRITE_KEY, locked && c->v.tk.key_id != write_key)) {
        return ST_EXEC;
    }
    uint8_t digest[32];
    lp_cs_msg_t msg = {.len = 0};
    lp_cs_sha(key, 32, digest);
    lp_cs_xor(plain, key, 32);
    lp_cs_xor(plain + 32, digest, KEY - 32);
    lp_cs_add(&msg, key, 32);
    lp_cs_add_header_sn(&msg, c, m, 21);
    lp_cs_add(&msg, plain, KEY);
    lp_cs_msg_hash(&msg, digest);
    bool wrong = !lp_cs_equal(digest, m->data + KEY, MAC);
    lp_cs_wipe(digest, sizeof digest);
    return lp_cs_breaks(c, LP_RULE_PRIVWRITE_MAC, wrong) ? ST_EXEC : ST_OK;
}

LP_CS_HANDLER(privwrite)
{
    (void)r;
    bool encrypted = (m->p1 & P1_ENCRYPTED) != 0;
    bool length_ok = m->len == KEY + MAC || (m->len == KEY && !encrypted);
    if ((m->p1 & ~P1_ENCRYPTED) != 0 || !length_ok) {
        return ST_PARSE;
    }
    unsigned slot = m->p2 & 0x0F;
    uint8_t plain[KEY];
    memcpy(plain, m->data, KEY);
    lp_cs_status_t status = target_ok(c, slot, encrypted);
    if (status == ST_OK && encrypted) {
        status = open_key(c, m, plain);
    }
    if (status == ST_OK) {
        lp_cs_program_slot(c, slot, 0, plain, KEY);
        c->image.slot_origin[slot] = LP_CHIPSIM_FROM_IMPORT;
    }
    lp_cs_wipe(plain, sizeof plain);
    return status;
}
