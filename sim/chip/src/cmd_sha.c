// SPDX-License-Identifier: Apache-2.0
// SHA (L4451, T2298). A 508 keeps the context in TempKey and loses it to any other command or
// error; a 608 has a memory of its own for it.
#include <string.h>

#include "internal.h"

enum {
    START = 0,
    UPDATE = 1,
    END = 2,
    PUBLIC = 3,
    HMAC_START = 4,
    HMAC_END = 5,
    READ_CONTEXT = 6,
    WRITE_CONTEXT = 7,
    BLOCK = 64,
    CONTEXT = 40,
    FROM_TEMPKEY = 0xFFFF,
};

static lp_cs_status_t start(lp_chipsim_t *c, bool hmac)
{
    lp_cs_shactx_t *s = &c->v.sha;
    lp_cs_sha_init(&s->sha);
    s->active = true;
    s->hmac = hmac;
    s->blocks = 0;
    s->public_slot = NO_SLOT;
    if (!lp_cs_is_608(c)) {
        lp_cs_tk_clear(c);
    }
    return ST_OK;
}

static void add_pad(lp_chipsim_t *c, lp_cs_sha_t *sha, uint8_t pad)
{
    uint8_t block[BLOCK];
    for (unsigned i = 0; i < BLOCK; i++) {
        block[i] = (uint8_t)(c->v.sha.hmac_key[i] ^ pad);
    }
    lp_cs_sha_add(sha, block, BLOCK);
    lp_cs_wipe(block, sizeof block);
}

static lp_cs_status_t hmac_key(lp_chipsim_t *c, uint16_t p2, uint8_t key[32])
{
    if (p2 == FROM_TEMPKEY && lp_cs_is_608(c)) {
        const uint8_t *tk = lp_cs_tk_use(c);
        if (tk == NULL || lp_cs_breaks(c, LP_RULE_NO_MAC_TEMPKEY, c->v.tk.no_mac)) {
            return ST_EXEC;
        }
        memcpy(key, tk, 32);
        return ST_OK;
    }
    unsigned slot = p2 & 0x0F;
    size_t len;
    bool no_mac = lp_cs_data_locked(c) && (lp_cs_slot_config(c, slot) & SC_NO_MAC) != 0;
    if (lp_cs_breaks(c, LP_RULE_NO_MAC_SLOT, no_mac)) {
        return ST_EXEC;
    }
    lp_cs_status_t status = lp_cs_use_secret(c, slot, USE_AUTH | USE_LIMITED | USE_LATCH);
    memcpy(key, lp_cs_slot_ptr(c, slot, &len), 32);
    return status;
}

static lp_cs_status_t hmac_start(lp_chipsim_t *c, const lp_cs_cmd_t *m)
{
    uint8_t key[BLOCK] = {0};
    lp_cs_status_t status = hmac_key(c, m->p2, key);
    if (status == ST_OK) {
        start(c, true);
        memcpy(c->v.sha.hmac_key, key, BLOCK);
        add_pad(c, &c->v.sha.sha, 0x36);
    }
    lp_cs_wipe(key, sizeof key);
    return status;
}

// X509format has four bits for it: beyond 254 it is "many", and never begins again at 0.
static uint8_t one_more(uint8_t blocks)
{
    return blocks == UINT8_MAX ? blocks : (uint8_t)(blocks + 1);
}

static lp_cs_status_t update(lp_chipsim_t *c, const lp_cs_cmd_t *m)
{
    lp_cs_sha_add(&c->v.sha.sha, m->data, m->len);
    c->v.sha.blocks = one_more(c->v.sha.blocks);
    return ST_OK;
}

static lp_cs_status_t add_public(lp_chipsim_t *c, const lp_cs_cmd_t *m)
{
    unsigned slot = m->p2 & 0x0F;
    size_t len;
    const uint8_t *p = lp_cs_slot_ptr(c, slot, &len);
    bool fits = slot >= 8 && lp_cs_key_type(c, slot) == KEY_TYPE_P256 && !lp_cs_is_private(c, slot);
    if (lp_cs_breaks(c, LP_RULE_KEYS_NEED_CONFIG_LOCK, !lp_cs_config_locked(c)) ||
        lp_cs_breaks(c, LP_RULE_SHA_PUBLIC_SLOT, !fits) || len < PUB_Y + 32) {
        return ST_EXEC;
    }
    lp_cs_sha_add(&c->v.sha.sha, p + PUB_X, 32);
    lp_cs_sha_add(&c->v.sha.sha, p + PUB_Y, 32);
    c->v.sha.public_slot = (uint8_t)slot;
    c->v.sha.public_block = c->v.sha.blocks;
    c->v.sha.blocks = one_more(c->v.sha.blocks);
    return ST_OK;
}

static void finish_hmac(lp_chipsim_t *c, uint8_t digest[32])
{
    lp_cs_sha_t outer;
    lp_cs_sha_init(&outer);
    add_pad(c, &outer, 0x5C);
    lp_cs_sha_add(&outer, digest, 32);
    lp_cs_sha_end(&outer, digest);
}

// TempKey always on a 508; TempKey, the message digest buffer or neither on a 608 (bits 7:6).
static void store_digest(lp_chipsim_t *c, const lp_cs_cmd_t *m, const uint8_t digest[32], bool tail)
{
    unsigned target = m->p1 & 0xC0;
    const lp_cs_shactx_t *s = &c->v.sha;
    if (target == 0x40) {
        memcpy(c->v.msg_digest, digest, 32);
        c->v.msg_digest_lo = true;
        c->v.msg_digest_hi = false;
    } else if (target == 0) {
        lp_cs_tk_flags(c, true);
        lp_cs_tk_set(c, digest);
        c->v.x509_slot = s->public_slot;
        c->v.x509_block = s->public_block;
        c->v.x509_total = tail ? one_more(s->blocks) : s->blocks;
    }
}

static lp_cs_status_t finish(lp_chipsim_t *c, const lp_cs_cmd_t *m, lp_cs_reply_t *r)
{
    lp_cs_sha_add(&c->v.sha.sha, m->data, m->len);
    lp_cs_sha_end(&c->v.sha.sha, r->bytes);
    if (c->v.sha.hmac) {
        finish_hmac(c, r->bytes);
    }
    store_digest(c, m, r->bytes, m->len > 0);
    lp_cs_wipe(&c->v.sha, sizeof c->v.sha);
    r->len = 32;
    return ST_OK;
}

// ---- context switching (608, T2375). The inside of the context is nowhere published: count,
// state, four zero bytes, the bytes of the unfinished block.

static lp_cs_status_t read_context(lp_chipsim_t *c, lp_cs_reply_t *r)
{
    const lp_cs_sha_t *s = &c->v.sha.sha;
    size_t rest = (size_t)(s->total % BLOCK);
    if (lp_cs_breaks(c, LP_RULE_SHA_CONTEXT_HMAC, c->v.sha.hmac)) {
        return ST_EXEC;
    }
    memset(r->bytes, 0, CONTEXT);
    for (unsigned i = 0; i < 4; i++) {
        r->bytes[i] = (uint8_t)(s->total >> 8 * i);
    }
    for (unsigned i = 0; i < 32; i++) {
        r->bytes[4 + i] = (uint8_t)(s->h[i / 4] >> (24 - 8 * (i % 4)));
    }
    memcpy(r->bytes + CONTEXT, s->block, rest);
    r->len = CONTEXT + rest;
    return ST_OK;
}

static lp_cs_status_t write_context(lp_chipsim_t *c, const lp_cs_cmd_t *m)
{
    const uint8_t *p = m->data;
    size_t rest = p[0] & 63u;
    if (m->len != CONTEXT + rest) {
        return ST_PARSE;
    }
    start(c, false);
    lp_cs_sha_t *s = &c->v.sha.sha;
    s->total = (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
    for (unsigned i = 0; i < 8; i++) {
        const uint8_t *w = p + 4 + 4 * i;
        s->h[i] = (uint32_t)w[0] << 24 | (uint32_t)w[1] << 16 | (uint32_t)w[2] << 8 | w[3];
    }
    memcpy(s->block, p + CONTEXT, rest);
    return ST_OK;
}

// ---- what is legal ----------------------------------------------------------

static bool length_ok_508(const lp_cs_cmd_t *m)
{
    switch (m->p1) {
    case START:
        return m->len == 0 && m->p2 == 0;
    case UPDATE:
        return m->len == BLOCK && m->p2 == BLOCK;
    case END:
    case HMAC_END:
        return m->len < BLOCK && m->p2 == m->len;
    case PUBLIC:
    case HMAC_START:
        return m->len == 0;
    default:
        return false;
    }
}

static bool length_ok_608(const lp_cs_cmd_t *m)
{
    switch (m->p1) {
    case START:
    case READ_CONTEXT:
        return m->len == 0 && m->p2 == 0;
    case UPDATE:
        return m->len >= 1 && m->len <= BLOCK && m->p2 == m->len;
    case END:
    case END | 0x40:
    case END | 0xC0:
        return m->len <= BLOCK && m->p2 == m->len;
    case PUBLIC:
    case HMAC_START:
        return m->len == 0;
    case WRITE_CONTEXT:
        return m->len >= CONTEXT && m->len < CONTEXT + BLOCK && m->p2 == m->len;
    default:
        return false;
    }
}

static lp_cs_status_t run(lp_chipsim_t *c, const lp_cs_cmd_t *m, lp_cs_reply_t *r)
{
    unsigned mode = m->p1 & 7;
    bool opens = mode == START || mode == HMAC_START || mode == WRITE_CONTEXT;
    if (!opens && lp_cs_breaks(c, LP_RULE_SHA_STARTED, !c->v.sha.active)) {
        return ST_EXEC;
    }
    switch (mode) {
    case START:
        return start(c, false);
    case HMAC_START:
        return hmac_start(c, m);
    case UPDATE:
        return update(c, m);
    case PUBLIC:
        return add_public(c, m);
    case READ_CONTEXT:
        return read_context(c, r);
    case WRITE_CONTEXT:
        return write_context(c, m);
    default:
        break;
    }
    bool wrong_end = !lp_cs_is_608(c) && c->v.sha.hmac != (mode == HMAC_END);
    return lp_cs_breaks(c, LP_RULE_SHA_END_KIND, wrong_end) ? ST_EXEC : finish(c, m, r);
}

LP_CS_HANDLER(sha_cmd)
{
    bool legal = lp_cs_is_608(c) ? length_ok_608(m) : length_ok_508(m);
    lp_cs_status_t status = legal ? run(c, m, r) : ST_PARSE;
    if (status != ST_OK && !lp_cs_is_608(c)) {
        lp_cs_wipe(&c->v.sha, sizeof c->v.sha); // "on any error return code" (L4465)
    }
    return status;
}
