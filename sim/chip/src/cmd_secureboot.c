// SPDX-License-Identifier: Apache-2.0
// SecureBoot (608, T2783): does this firmware's digest carry the owner's signature?
#include <string.h>

#include "internal.h"

enum { FULL = 5, FULL_STORE = 6, FULL_COPY = 7, PROHIBIT = 0x40, WITH_MAC = 0x80 };
enum { OFF = 0, FULL_BOTH = 1, FULL_SIG = 2, FULL_DIG = 3, DIGEST = 32, SIG = 64 };

// Bits of SecureBootConfig. The sheet (T423) has latch 2 and nonce 3; other sources have 3 and 4.
enum { SB_LATCH = 0x04, SB_NONCE = 0x08 };

typedef struct {
    unsigned mode;
    uint16_t config;
    unsigned store_slot;
    unsigned key_slot;
    uint8_t digest[DIGEST];
    uint8_t hashed_key[32]; // with WITH_MAC
    const uint8_t *sig;     // from the command; null for FullStore
} boot_t;

static bool store_kind(const boot_t *b, unsigned kind)
{
    return (b->config & 3) == kind;
}

// Which command goes with which configuration.
static lp_cs_status_t mode_ok(lp_chipsim_t *c, const boot_t *b)
{
    bool both = store_kind(b, FULL_BOTH);
    bool wrong = b->mode == FULL ? !both : both;
    if (lp_cs_breaks(c, LP_RULE_BOOT_ENABLED, store_kind(b, OFF)) ||
        lp_cs_breaks(c, LP_RULE_BOOT_PROHIBITED, c->secureboot_prohibited) ||
        lp_cs_breaks(c, LP_RULE_BOOT_MODE, wrong) ||
        lp_cs_breaks(c, LP_RULE_BOOT_DATA_LOCK, !lp_cs_data_locked(c))) {
        return ST_EXEC;
    }
    return ST_OK;
}

// hashed_key = SHA-256(IO key | nonce in TempKey); the digest on the bus is XORed with it.
static lp_cs_status_t open_digest(lp_chipsim_t *c, const lp_cs_cmd_t *m, boot_t *b)
{
    memcpy(b->digest, m->data, DIGEST);
    if ((b->config & SB_NONCE) != 0 &&
        lp_cs_breaks(c, LP_RULE_BOOT_RANDOM, !c->v.tk.valid || c->v.tk.source_input)) {
        return ST_EXEC;
    }
    if ((m->p1 & WITH_MAC) == 0) {
        return ST_OK;
    }
    const uint8_t *io_key = lp_cs_io_key(c);
    const uint8_t *tk = lp_cs_tk_use(c);
    if (io_key == NULL || tk == NULL) {
        return ST_EXEC;
    }
    lp_cs_msg_t msg = {.len = 0};
    lp_cs_add(&msg, io_key, 32);
    lp_cs_add(&msg, tk, 32);
    lp_cs_msg_hash(&msg, b->hashed_key);
    lp_cs_xor(b->digest, b->hashed_key, DIGEST);
    return ST_OK;
}

static lp_cs_status_t check_signature(lp_chipsim_t *c, const boot_t *b, const uint8_t *sig)
{
    size_t len;
    uint8_t xy[64];
    const uint8_t *p = lp_cs_slot_ptr(c, b->key_slot, &len);
    if (len < PUB_Y + 32 || lp_cs_key_type(c, b->key_slot) != KEY_TYPE_P256 ||
        lp_cs_is_private(c, b->key_slot)) {
        return ST_EXEC;
    }
    memcpy(xy, p + PUB_X, 32);
    memcpy(xy + 32, p + PUB_Y, 32);
    if (!lp_cs_ec_public_ok(xy)) {
        return ST_EXEC;
    }
    bool good = lp_cs_ec_verify(xy, b->digest, sig);
    return lp_cs_breaks(c, LP_RULE_BOOT_COMPARE, !good) ? ST_MISCOMPARE : ST_OK;
}

// Against what the slot holds: the digest itself, or a signature of it.
static lp_cs_status_t check_stored(lp_chipsim_t *c, const boot_t *b)
{
    size_t len;
    const uint8_t *stored = lp_cs_slot_ptr(c, b->store_slot, &len);
    if (store_kind(b, FULL_DIG)) {
        bool differs = !lp_cs_equal(stored, b->digest, DIGEST);
        return lp_cs_breaks(c, LP_RULE_BOOT_COMPARE, differs) ? ST_MISCOMPARE : ST_OK;
    }
    return len < SIG ? ST_EXEC : check_signature(c, b, stored);
}

static lp_cs_status_t keep(lp_chipsim_t *c, const boot_t *b)
{
    size_t len;
    bool digest = store_kind(b, FULL_DIG);
    lp_cs_slot_ptr(c, b->store_slot, &len);
    if (lp_cs_is_private(c, b->store_slot) || len < (digest ? DIGEST : SIG) ||
        lp_cs_breaks(c, LP_RULE_BOOT_SLOT_LOCKED, lp_cs_slot_locked(c, b->store_slot))) {
        return ST_EXEC;
    }
    lp_cs_program_slot(c, b->store_slot, 0, digest ? b->digest : b->sig, digest ? DIGEST : SIG);
    return ST_OK;
}

static lp_cs_status_t judge(lp_chipsim_t *c, const boot_t *b)
{
    if (b->mode == FULL_STORE) {
        return check_stored(c, b);
    }
    lp_cs_status_t status = check_signature(c, b, b->sig);
    return status == ST_OK && b->mode == FULL_COPY ? keep(c, b) : status;
}

// MAC = SHA-256(hashed_key | digest | signature | opcode, mode, param2); no signature when a digest
// is compared.
static void answer(lp_chipsim_t *c, const lp_cs_cmd_t *m, const boot_t *b, lp_cs_reply_t *r)
{
    lp_cs_msg_t msg = {.len = 0};
    size_t len;
    if ((m->p1 & WITH_MAC) == 0) {
        return;
    }
    lp_cs_add(&msg, b->hashed_key, 32);
    lp_cs_add(&msg, b->digest, DIGEST);
    if (b->sig != NULL) {
        lp_cs_add(&msg, b->sig, SIG);
    } else if (!store_kind(b, FULL_DIG)) {
        lp_cs_add(&msg, lp_cs_slot_ptr(c, b->store_slot, &len), SIG);
    }
    lp_cs_add_header(&msg, m);
    lp_cs_msg_hash(&msg, r->bytes);
    r->len = 32;
}

LP_CS_HANDLER(secureboot)
{
    boot_t b = {.mode = m->p1 & 7};
    bool store = b.mode == FULL_STORE;
    if (b.mode < FULL || (m->p1 & 0x38) != 0 || m->p2 != 0 ||
        m->len != (store ? DIGEST : DIGEST + SIG)) {
        return ST_PARSE;
    }
    b.config =
        (uint16_t)(c->image.config[CFG_SECURE_BOOT] | c->image.config[CFG_SECURE_BOOT + 1] << 8);
    b.store_slot = b.config >> 8 & 0x0F;
    b.key_slot = b.config >> 12;
    b.sig = store ? NULL : m->data + DIGEST;
    lp_cs_status_t status = mode_ok(c, &b);
    if (status == ST_OK) {
        status = open_digest(c, m, &b);
    }
    if (status == ST_OK) {
        status = judge(c, &b);
    }
    if (status == ST_OK) {
        answer(c, m, &b, r);
        c->persistent_latch = c->persistent_latch || (b.config & SB_LATCH) != 0;
        c->secureboot_prohibited = (m->p1 & PROHIBIT) != 0;
    }
    lp_cs_wipe(&b, sizeof b);
    return status;
}
