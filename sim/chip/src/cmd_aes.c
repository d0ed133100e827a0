// SPDX-License-Identifier: Apache-2.0
// AES (608, T3215): one block, and the Galois field product that GCM needs.
#include <string.h>

#include "internal.h"

enum { ENCRYPT = 0, DECRYPT = 1, GFM = 3, BLOCK = 16, FROM_TEMPKEY = 0xFFFF };

// Four keys of 16 bytes at most in one place.
static lp_cs_status_t stored_key(lp_chipsim_t *c, const lp_cs_cmd_t *m, uint8_t key[BLOCK])
{
    unsigned slot = m->p2 & 0x0F;
    size_t at = BLOCK * (size_t)(m->p1 >> 6);
    size_t len;
    const uint8_t *p = lp_cs_slot_ptr(c, slot, &len);
    if (lp_cs_breaks(c, LP_RULE_AES_KEY_TYPE, lp_cs_key_type(c, slot) != KEY_TYPE_AES) ||
        lp_cs_is_private(c, slot)) {
        return ST_EXEC;
    }
    if (at + BLOCK > len) {
        return ST_PARSE;
    }
    memcpy(key, p + at, BLOCK);
    return lp_cs_use_key(c, slot, USE_AUTH | USE_LIMITED | USE_LATCH);
}

static lp_cs_status_t tempkey_key(lp_chipsim_t *c, const lp_cs_cmd_t *m, uint8_t key[BLOCK])
{
    size_t at = BLOCK * (size_t)(m->p1 >> 6);
    const uint8_t *tk = lp_cs_tk_use(c);
    if (tk == NULL || (at >= 32 && !c->v.tk.high_valid)) {
        return ST_EXEC;
    }
    memcpy(key, tk + at, BLOCK);
    return ST_OK;
}

static lp_cs_status_t one_block(lp_chipsim_t *c, const lp_cs_cmd_t *m, lp_cs_reply_t *r)
{
    uint8_t key[BLOCK] = {0};
    lp_cs_status_t status = m->p2 == FROM_TEMPKEY ? tempkey_key(c, m, key) : stored_key(c, m, key);
    if (status == ST_OK) {
        lp_cs_aes(key, (m->p1 & 7) == DECRYPT, m->data, r->bytes);
        r->len = BLOCK;
    }
    lp_cs_wipe(key, sizeof key);
    return status;
}

LP_CS_HANDLER(aes_cmd)
{
    bool enabled = (c->image.config[CFG_AES_ENABLE] & 1) != 0;
    unsigned mode = m->p1 & 7;
    bool is_gfm = mode == GFM && m->len == 2 * BLOCK; // the other mode bits are ignored (T3275)
    bool is_block = mode <= DECRYPT && (m->p1 & 0x38) == 0 && m->len == BLOCK;
    if (!is_gfm && !is_block) {
        return ST_PARSE;
    }
    if (lp_cs_breaks(c, LP_RULE_AES_ENABLED, !enabled)) {
        return ST_EXEC;
    }
    if (is_block) {
        return one_block(c, m, r);
    }
    lp_cs_gf_mul(m->data, m->data + BLOCK, r->bytes);
    r->len = BLOCK;
    return ST_OK;
}
