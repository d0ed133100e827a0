// SPDX-License-Identifier: Apache-2.0
// Read, Write and PrivWrite (L4369, L4856, L4257; address encoding L3043).
#include <string.h>

#include "internal.h"

enum { ZONE_CONFIG = 0, ZONE_OTP = 1, ZONE_DATA = 2, ZONE_BITS = 0x03 };
enum { P1_32 = 0x80, P1_ENCRYPTED = 0x40, BLOCK = 32, WORD = 4 };

// One access: where it goes and how much of it exists.
typedef struct {
    uint8_t *cell;
    size_t size;   // bytes asked for: 4 or 32
    size_t real;   // bytes that exist there
    size_t offset; // within zone or slot
    unsigned zone;
    unsigned slot;
} place_t;

static bool locate_data(lp_chipsim_t *c, uint16_t p2, place_t *at)
{
    size_t len;
    at->slot = p2 >> 3 & 0x0F;
    uint8_t *base = lp_cs_slot_ptr(c, at->slot, &len);
    size_t word = at->size == BLOCK ? 0 : p2 & 7u;
    at->offset = (size_t)(p2 >> 8) * BLOCK + word * WORD;
    if (at->offset >= len) {
        return false;
    }
    at->cell = base + at->offset;
    at->real = at->size < len - at->offset ? at->size : len - at->offset;
    return true;
}

// "Addresses beyond the end of the specified zone result in an error" (L4390).
static bool locate(lp_chipsim_t *c, const lp_cs_cmd_t *m, place_t *at)
{
    at->zone = m->p1 & ZONE_BITS;
    at->size = (m->p1 & P1_32) != 0 ? BLOCK : WORD;
    if (at->zone == ZONE_DATA) {
        return locate_data(c, m->p2, at);
    }
    size_t len = at->zone == ZONE_CONFIG ? sizeof c->image.config : sizeof c->image.otp;
    size_t word = at->size == BLOCK ? 0 : m->p2 & 7u;
    at->offset = (size_t)(m->p2 >> 3) * BLOCK + word * WORD;
    if (at->offset >= len) {
        return false;
    }
    at->cell = (at->zone == ZONE_CONFIG ? c->image.config : c->image.otp) + at->offset;
    at->real = at->size;
    return true;
}

// ---- Read -------------------------------------------------------------------

// The session key must come from the random generator and the slot's ReadKey (L4437).
static bool read_key_ok(lp_chipsim_t *c, uint16_t sc)
{
    const lp_cs_tempkey_t *t = &c->v.tk;
    return !lp_cs_breaks(c, LP_RULE_READ_ENC_GENDIG, !t->gen_dig) &&
           !lp_cs_breaks(c, LP_RULE_READ_ENC_KEY, t->key_id != lp_cs_read_key(sc)) &&
           !lp_cs_breaks(c, LP_RULE_READ_ENC_RANDOM, t->source_input);
}

static lp_cs_status_t read_slot(lp_chipsim_t *c, const place_t *at, lp_cs_reply_t *r)
{
    uint16_t sc = lp_cs_slot_config(c, at->slot);
    bool secret = (sc & SC_SECRET) != 0;
    bool encrypt = (sc & SC_ENCRYPT_READ) != 0;
    if (lp_cs_breaks(c, LP_RULE_READ_DATA_UNLOCKED, !lp_cs_data_locked(c)) ||
        lp_cs_breaks(c, LP_RULE_READ_PRIVATE, lp_cs_is_private(c, at->slot)) ||
        lp_cs_breaks(c, LP_RULE_READ_SECRET, secret && !encrypt) ||
        lp_cs_breaks(c, LP_RULE_READ_PROHIBITED, !secret && encrypt) ||
        lp_cs_breaks(c, LP_RULE_READ_SECRET_WORD, secret && at->size == WORD)) {
        return ST_EXEC;
    }
    memcpy(r->bytes, at->cell, at->real);
    if (secret && encrypt) {
        const uint8_t *key = lp_cs_tk_use(c);
        if (key == NULL || !read_key_ok(c, sc)) {
            return ST_EXEC;
        }
        if (lp_cs_breaks(c, LP_RULE_READ_ENCRYPTS, true)) {
            lp_cs_xor(r->bytes, key, BLOCK);
        }
    }
    r->len = at->size;
    return ST_OK;
}

static lp_cs_status_t read_zone(lp_chipsim_t *c, const place_t *at, lp_cs_reply_t *r)
{
    if (lp_cs_breaks(c, LP_RULE_READ_OTP_UNLOCKED, at->zone == ZONE_OTP && !lp_cs_data_locked(c))) {
        return ST_EXEC;
    }
    memcpy(r->bytes, at->cell, at->size);
    r->len = at->size;
    return ST_OK;
}

LP_CS_HANDLER(read)
{
    place_t at;
    if ((m->p1 & ~(P1_32 | ZONE_BITS)) != 0 || (m->p1 & ZONE_BITS) == 3 || m->len != 0) {
        return ST_PARSE;
    }
    if (!locate(c, m, &at)) {
        return ST_PARSE;
    }
    lp_cs_status_t status = at.zone == ZONE_DATA ? read_slot(c, &at, r) : read_zone(c, &at, r);
    if (status != ST_OK) {
        lp_cs_wipe(r->bytes, BLOCK);
    }
    return status;
}

// ---- Write: what the three zones allow --------------------------------------

// Bytes 0-15 never, 84-87 only through UpdateExtra and Lock (table 2-5).
static bool touches_forbidden(const place_t *at)
{
    size_t first = at->offset;
    size_t last = at->offset + at->size;
    return first < CFG_I2C_ADDRESS || (first <= CFG_LOCK_CONFIG && last > CFG_USER_EXTRA);
}

static lp_cs_status_t write_config(lp_chipsim_t *c, const lp_cs_cmd_t *m, const place_t *at)
{
    if (lp_cs_breaks(c, LP_RULE_WRITE_CONFIG_LOCKED, lp_cs_config_locked(c)) ||
        lp_cs_breaks(c, LP_RULE_WRITE_CONFIG_ENCRYPTED, (m->p1 & P1_ENCRYPTED) != 0) ||
        lp_cs_breaks(c, LP_RULE_WRITE_CONFIG_FORBIDDEN, touches_forbidden(at))) {
        return ST_EXEC;
    }
    lp_cs_program(c, at->cell, m->data, at->size);
    return ST_OK;
}

// The input, decrypted, if TempKey may decrypt it and the MAC is right (L4912).
static lp_cs_status_t open_input(lp_chipsim_t *c, const lp_cs_cmd_t *m, unsigned write_key,
                                 uint8_t plain[BLOCK])
{
    const uint8_t *key = lp_cs_tk_use(c);
    bool locked = lp_cs_data_locked(c);
    if (key == NULL || lp_cs_breaks(c, LP_RULE_WRITE_ENC_GENDIG, locked && !c->v.tk.gen_dig) ||
        lp_cs_breaks(c, LP_RULE_WRITE_ENC_KEY, locked && c->v.tk.key_id != write_key)) {
        return ST_EXEC;
    }
    lp_cs_msg_t msg = {.len = 0};
    uint8_t mac[32];
    memcpy(plain, m->data, BLOCK);
    lp_cs_xor(plain, key, BLOCK);
    lp_cs_add(&msg, key, 32);
    lp_cs_add_header_sn(&msg, c, m, 25);
    lp_cs_add(&msg, plain, BLOCK);
    lp_cs_msg_hash(&msg, mac);
    bool wrong = !lp_cs_equal(mac, m->data + BLOCK, 32);
    lp_cs_wipe(mac, sizeof mac);
    return lp_cs_breaks(c, LP_RULE_WRITE_MAC, wrong) ? ST_EXEC : ST_OK;
}

// OTP once locked: read-only mode forbids, consumption mode only clears bits (L1225). A 608 has no
// consumption.
static lp_cs_status_t write_otp_locked(lp_chipsim_t *c, const lp_cs_cmd_t *m, const place_t *at)
{
    bool consumption = !lp_cs_is_608(c) && c->image.config[CFG_OTP_MODE] == 0x55;
    if (lp_cs_breaks(c, LP_RULE_WRITE_OTP_READONLY, !consumption) ||
        lp_cs_breaks(c, LP_RULE_WRITE_OTP_ENCRYPTED, (m->p1 & P1_ENCRYPTED) != 0)) {
        return ST_EXEC;
    }
    uint8_t next[BLOCK];
    for (size_t i = 0; i < at->size; i++) {
        bool clears_only = lp_cs_breaks(c, LP_RULE_WRITE_OTP_AND, true);
        next[i] = clears_only ? (uint8_t)(at->cell[i] & m->data[i]) : m->data[i];
    }
    lp_cs_program(c, at->cell, next, at->size);
    return ST_OK;
}

static lp_cs_status_t write_open_otp(lp_chipsim_t *c, const lp_cs_cmd_t *m, const place_t *at)
{
    if (lp_cs_breaks(c, LP_RULE_WRITE_OPEN_WORD, at->size == WORD)) {
        return ST_EXEC;
    }
    uint8_t plain[BLOCK];
    memcpy(plain, m->data, BLOCK);
    lp_cs_status_t status = (m->p1 & P1_ENCRYPTED) != 0 ? open_input(c, m, NO_SLOT, plain) : ST_OK;
    if (status == ST_OK) {
        lp_cs_program(c, at->cell, plain, BLOCK);
    }
    lp_cs_wipe(plain, sizeof plain);
    return status;
}

// WriteConfig as the Write command reads it, table 2-8 (L917).
static lp_cs_status_t slot_permits(lp_chipsim_t *c, const place_t *at, const lp_cs_cmd_t *m)
{
    uint16_t sc = lp_cs_slot_config(c, at->slot);
    unsigned mode = sc >> 12;
    // Marks are of slots 8-15 (L1097); what looks like one in another slot is data.
    bool pub_invalid = mode == 1 && at->slot >= 8 && lp_cs_public_is_valid(c, at->slot) &&
                       (lp_cs_key_config(c, at->slot) & KC_PUB_INFO) != 0;
    bool never = mode != 0 && mode != 1 && (mode & 4) == 0;
    if (lp_cs_breaks(c, LP_RULE_WRITE_NEVER, never) ||
        lp_cs_breaks(c, LP_RULE_WRITE_PUB_INVALID, pub_invalid)) {
        return ST_EXEC;
    }
    bool word_ok = (sc & SC_SECRET) == 0 && mode == 0 && (m->p1 & P1_ENCRYPTED) == 0;
    if (lp_cs_breaks(c, LP_RULE_WRITE_WORD, at->size == WORD && !word_ok)) {
        return ST_EXEC;
    }
    return ST_OK;
}

static lp_cs_status_t write_data(lp_chipsim_t *c, const lp_cs_cmd_t *m, const place_t *at)
{
    uint16_t sc = lp_cs_slot_config(c, at->slot);
    bool locked = lp_cs_data_locked(c);
    bool encrypted = locked ? (sc & SC_W14) != 0 : (m->p1 & P1_ENCRYPTED) != 0;
    if (lp_cs_breaks(c, LP_RULE_WRITE_PRIVATE, lp_cs_is_private(c, at->slot)) ||
        lp_cs_breaks(c, LP_RULE_WRITE_SLOT_LOCKED, lp_cs_slot_locked(c, at->slot)) ||
        lp_cs_breaks(c, LP_RULE_WRITE_OPEN_WORD, !locked && at->size == WORD) ||
        (locked && slot_permits(c, at, m) != ST_OK)) {
        return ST_EXEC;
    }
    if (encrypted && m->len != 2 * BLOCK) {
        return lp_cs_breaks(c, LP_RULE_WRITE_NEEDS_MAC, true) ? ST_EXEC : ST_OK;
    }
    uint8_t plain[BLOCK];
    memcpy(plain, m->data, at->size);
    lp_cs_status_t status = encrypted ? open_input(c, m, lp_cs_write_key(sc), plain) : ST_OK;
    if (status == ST_OK) {
        lp_cs_program_slot(c, at->slot, at->offset, plain, at->real);
    }
    lp_cs_wipe(plain, sizeof plain);
    return status;
}

static bool write_length_ok(const lp_cs_cmd_t *m)
{
    size_t size = (m->p1 & P1_32) != 0 ? BLOCK : WORD;
    if (m->len == size) {
        return (m->p1 & P1_ENCRYPTED) == 0 || (m->p1 & ZONE_BITS) == ZONE_DATA;
    }
    return size == BLOCK && m->len == 2 * BLOCK;
}

LP_CS_HANDLER(write)
{
    (void)r;
    place_t at;
    if ((m->p1 & ~(P1_32 | P1_ENCRYPTED | ZONE_BITS)) != 0 || (m->p1 & ZONE_BITS) == 3 ||
        !write_length_ok(m) || !locate(c, m, &at)) {
        return ST_PARSE;
    }
    if (at.zone == ZONE_CONFIG) {
        return write_config(c, m, &at);
    }
    if (lp_cs_breaks(c, LP_RULE_WRITE_NEEDS_CONFIG_LOCK, !lp_cs_config_locked(c))) {
        return ST_EXEC;
    }
    if (at.zone == ZONE_DATA) {
        return write_data(c, m, &at);
    }
    return lp_cs_data_locked(c) ? write_otp_locked(c, m, &at) : write_open_otp(c, m, &at);
}
