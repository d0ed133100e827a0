// SPDX-License-Identifier: Apache-2.0
// TempKey: who sets, keeps and clears it (L1439-1460; T1355-1360 for the 608).
#include <string.h>

#include "internal.h"

void lp_cs_tk_clear(lp_chipsim_t *c)
{
    lp_cs_wipe(&c->v.tk, sizeof c->v.tk);
}

const uint8_t *lp_cs_tk_use(lp_chipsim_t *c)
{
    c->tk_used = true;
    bool usable = c->v.tk.valid && !c->v.tk.private_key;
    return lp_cs_breaks(c, LP_RULE_TEMPKEY_VALID, !usable) ? NULL : c->v.tk.value;
}

void lp_cs_tk_set(lp_chipsim_t *c, const uint8_t value[32])
{
    memmove(c->v.tk.value, value, 32);
    lp_cs_wipe(c->v.tk.value + 32, 32);
    c->v.tk.high_valid = false;
    c->v.tk.private_key = false;
    c->v.tk.valid = true;
    c->tk_written = true;
    c->v.x509_slot = NO_SLOT;
}

void lp_cs_tk_flags(lp_chipsim_t *c, bool source_input)
{
    c->v.tk.source_input = source_input;
    c->v.tk.gen_dig = false;
    c->v.tk.gen_key = false;
    c->v.tk.no_mac = false;
    c->v.tk.key_id = 0;
}

uint8_t lp_cs_tk_flag_byte(const lp_chipsim_t *c)
{
    const lp_cs_tempkey_t *t = &c->v.tk;
    return (uint8_t)(t->no_mac << 7 | t->gen_key << 6 | t->gen_dig << 5 | t->source_input << 4 |
                     t->key_id);
}

// The 508 clears Valid after almost every command (L1446-1456).
static void after_508(lp_chipsim_t *c, uint8_t op, uint8_t status)
{
    bool keeps = op == OP_INFO || status == ST_COMM || status == ST_ECC || status == ST_WATCHDOG;
    bool maker = op == OP_NONCE || op == OP_GENKEY || op == OP_GENDIG;
    bool success = status == ST_OK;
    bool fresh = c->tk_written && success && (op == OP_CHECKMAC || op == OP_SHA);
    if (keeps || (maker && success) || fresh) {
        return;
    }
    if (lp_cs_breaks(c, LP_RULE_TEMPKEY_CLEARED_508, true)) {
        lp_cs_tk_clear(c);
    }
}

// The 608 clears it when a command has read it, and keeps it otherwise (T1355).
static void after_608(lp_chipsim_t *c, uint8_t op, uint8_t status)
{
    bool never = op == OP_KDF || op == OP_AES || op == OP_INFO;
    bool transport = status == ST_COMM || status == ST_ECC || status == ST_PARSE;
    bool stays = c->tk_written && status == ST_OK;
    if (c->tk_used && !stays && !never && !transport &&
        lp_cs_breaks(c, LP_RULE_TEMPKEY_CLEARED_608, true)) {
        lp_cs_tk_clear(c);
    }
    if (op != OP_NONCE && op != OP_SHA && op != OP_INFO &&
        lp_cs_breaks(c, LP_RULE_MSGDIG_CLEARED, true)) {
        lp_cs_wipe(c->v.msg_digest, sizeof c->v.msg_digest);
        c->v.msg_digest_lo = false;
        c->v.msg_digest_hi = false;
    }
}

void lp_cs_tk_after(lp_chipsim_t *c, uint8_t op, uint8_t status)
{
    if (lp_cs_is_608(c)) {
        after_608(c, op, status);
        return;
    }
    if (op != OP_SHA && lp_cs_breaks(c, LP_RULE_SHA_INTERRUPTED_508, c->v.sha.active)) {
        lp_cs_wipe(&c->v.sha, sizeof c->v.sha);
    }
    after_508(c, op, status);
}
