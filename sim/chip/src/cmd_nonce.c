// SPDX-License-Identifier: Apache-2.0
// Nonce (L4118, T2093), Random (L4328, T2173).
#include <string.h>

#include "internal.h"

enum { NUM_IN = 20, MODE_PASS = 3, P2_CALC = 0x8000, MODE_64 = 0x20 };
enum { TARGET_TEMPKEY = 0x00, TARGET_MSGDIG = 0x40, TARGET_ALTKEY = 0x80 };

// TempKey = SHA-256(RandOut or TempKey | NumIn | opcode | mode | LSB of Param2)
static void combine(lp_chipsim_t *c, const lp_cs_cmd_t *m, const uint8_t first[32], uint8_t out[32])
{
    (void)c;
    lp_cs_msg_t msg = {.len = 0};
    lp_cs_add(&msg, first, 32);
    lp_cs_add(&msg, m->data, NUM_IN);
    lp_cs_add_byte(&msg, m->op);
    lp_cs_add_byte(&msg, m->p1);
    lp_cs_add_byte(&msg, (uint8_t)m->p2);
    lp_cs_msg_hash(&msg, out);
}

static lp_cs_status_t random_nonce(lp_chipsim_t *c, const lp_cs_cmd_t *m, lp_cs_reply_t *r)
{
    lp_cs_status_t status = lp_cs_random(c, (m->p1 & 1) == 0, r->bytes);
    if (status != ST_OK) {
        return status;
    }
    uint8_t nonce[32];
    combine(c, m, r->bytes, nonce);
    lp_cs_tk_flags(c, false);
    lp_cs_tk_set(c, nonce);
    lp_cs_wipe(nonce, sizeof nonce);
    r->len = 32;
    return ST_OK;
}

// "The remaining TempKey flags remain unchanged" (L4189); the 608's sheet says SourceFlag becomes
// Rand (T2106), which would let a fixed value pass for a random one: the 508's wording is used for
// both.
static lp_cs_status_t calc_nonce(lp_chipsim_t *c, const lp_cs_cmd_t *m, lp_cs_reply_t *r)
{
    const uint8_t *old = lp_cs_tk_use(c);
    if (old == NULL) {
        return ST_EXEC;
    }
    combine(c, m, old, r->bytes);
    lp_cs_tk_set(c, r->bytes);
    r->len = 32;
    return ST_OK;
}

static void to_msg_digest(lp_chipsim_t *c, const lp_cs_cmd_t *m)
{
    lp_cs_wipe(c->v.msg_digest, sizeof c->v.msg_digest);
    memcpy(c->v.msg_digest, m->data, m->len);
    c->v.msg_digest_lo = true;
    c->v.msg_digest_hi = m->len == 64;
}

static lp_cs_status_t pass_through(lp_chipsim_t *c, const lp_cs_cmd_t *m)
{
    switch (m->p1 & 0xC0) {
    case TARGET_MSGDIG:
        to_msg_digest(c, m);
        return ST_OK;
    case TARGET_ALTKEY:
        memcpy(c->v.alt_key, m->data, 32);
        c->v.alt_key_valid = true;
        return ST_OK;
    default:
        lp_cs_tk_flags(c, true);
        lp_cs_tk_set(c, m->data);
        if (m->len == 64) {
            memcpy(c->v.tk.value + 32, m->data + 32, 32);
            c->v.tk.high_valid = true;
        }
        return ST_OK;
    }
}

// Which modes exist: 0, 1, 3; on a 608 also 3 with a target and a length bit (T2149).
static bool mode_ok(const lp_chipsim_t *c, const lp_cs_cmd_t *m)
{
    unsigned low = m->p1 & 3;
    if (low == 2 || (m->p2 & 0x7FFF) != 0) {
        return false;
    }
    if (low != MODE_PASS) {
        return (m->p1 & 0xFC) == 0 && m->len == NUM_IN;
    }
    bool extended = (m->p1 & 0xFC) != 0;
    if ((extended && !lp_cs_is_608(c)) || (m->p1 & 0x1C) != 0 || (m->p1 & 0xC0) == 0xC0) {
        return false;
    }
    bool wide = (m->p1 & MODE_64) != 0;
    return m->len == (wide ? 64 : 32) && !(wide && (m->p1 & 0xC0) == TARGET_ALTKEY);
}

LP_CS_HANDLER(nonce)
{
    if (!mode_ok(c, m)) {
        return ST_PARSE;
    }
    if ((m->p1 & 3) == MODE_PASS) {
        return pass_through(c, m);
    }
    return (m->p2 & P2_CALC) != 0 ? calc_nonce(c, m, r) : random_nonce(c, m, r);
}

LP_CS_HANDLER(random_cmd)
{
    if ((m->p1 & 0xFE) != 0 || m->p2 != 0) {
        return ST_PARSE;
    }
    lp_cs_status_t status = lp_cs_random(c, (m->p1 & 1) == 0, r->bytes);
    r->len = status == ST_OK ? 32 : 0;
    return status;
}
