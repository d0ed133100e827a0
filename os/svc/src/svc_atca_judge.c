// SPDX-License-Identifier: Apache-2.0
// Whether a change of the chip is allowed. Nothing here depends on what the chip would say to it:
// what it would refuse is refused before, with a reason.
#include <string.h>

#include "limpet/svc_atca_change.h"

enum {
    FIRST_WRITABLE = 16,
    AT_I2C_ADDRESS = 16,
    AT_SLOT_CONFIG = 20,
    AT_UNWRITABLE = 84,
    AT_SLOT_LOCKED = 88,
    AT_KEY_CONFIG = 96,
    SC_ENCRYPTED = 1u << 14, // also: takes an imported private key
    KC_PRIVATE = 1u << 0,
    KC_LOCKABLE = 1u << 5,
};

static unsigned word(const uint8_t *config, size_t at)
{
    return config[at] | (unsigned)config[at + 1] << 8;
}

static unsigned slot_config(const lp_atecc_id_t *id, unsigned slot)
{
    return word(id->config, AT_SLOT_CONFIG + 2 * slot);
}

static unsigned key_config(const lp_atecc_id_t *id, unsigned slot)
{
    return word(id->config, AT_KEY_CONFIG + 2 * slot);
}

static bool is_slot_locked(const lp_atecc_id_t *id, unsigned slot)
{
    return (word(id->config, AT_SLOT_LOCKED) >> slot & 1u) == 0;
}

static lp_err_t no(const char **why, lp_err_t err, const char *text)
{
    *why = text;
    return err;
}

static bool has_plan(const lp_atca_facts_t *f, const uint8_t *config)
{
    return lp_atecc_plan_matches(f->plan, f->id->part, config);
}

static lp_err_t judge_config(const lp_atca_change_t *c, const lp_atca_facts_t *f, const char **why)
{
    const uint8_t *now = f->id->config;
    if (f->id->is_config_locked) {
        return no(why, LP_E_STATE, "the chip's configuration is locked for ever");
    }
    if (memcmp(now, c->bytes, FIRST_WRITABLE) != 0 ||
        memcmp(now + AT_UNWRITABLE, c->bytes + AT_UNWRITABLE, 4) != 0) {
        return no(why, LP_E_DENIED, "bytes 0 to 15 and 84 to 87 are the chip's own, and stay");
    }
    if (now[AT_I2C_ADDRESS] != c->bytes[AT_I2C_ADDRESS]) {
        return no(why, LP_E_DENIED,
                  "byte 16, the I2C address, stays: the chip would be lost to its board");
    }
    if (word(c->bytes, AT_SLOT_LOCKED) != 0xFFFFu) {
        return no(why, LP_E_DENIED,
                  "bytes 88 and 89 must be ff: a slot that is locked now can never be filled");
    }
    if (!has_plan(f, c->bytes) && !c->takes_other_plan) {
        return no(why, LP_E_DENIED,
                  "this is not Limpet's slot plan; other_plan: true writes it all the same");
    }
    return LP_OK;
}

static lp_err_t judge_lock(const lp_atca_change_t *c, const lp_atca_facts_t *f, const char **why)
{
    const bool is_config = c->kind == LP_ATCA_LOCK_CONFIG;
    if (is_config ? f->id->is_config_locked : f->id->is_data_locked) {
        return no(why, LP_E_STATE, "this zone is locked already");
    }
    if (!is_config && !f->id->is_config_locked) {
        return no(why, LP_E_STATE, "first lock the configuration");
    }
    if (!has_plan(f, f->id->config) && !c->takes_other_plan) {
        return no(why, LP_E_DENIED,
                  "the configuration is not Limpet's slot plan; locked, this chip can never be set "
                  "up with it; other_plan: true locks it all the same");
    }
    return LP_OK;
}

static lp_err_t judge_lock_slot(const lp_atca_change_t *c, const lp_atca_facts_t *f,
                                const char **why)
{
    if (!f->id->is_config_locked) {
        return no(why, LP_E_STATE, "first lock the configuration");
    }
    if (is_slot_locked(f->id, c->slot)) {
        return no(why, LP_E_STATE, "this slot is locked already");
    }
    if ((key_config(f->id, c->slot) & KC_LOCKABLE) == 0) {
        return no(why, LP_E_DENIED, "the chip's configuration does not let this slot be locked");
    }
    if (!has_plan(f, f->id->config)) {
        return LP_OK;
    }
    if (!f->id->is_data_locked) {
        return no(why, LP_E_STATE, "first lock the data zone: that fills the slots");
    }
    if (c->slot == LP_ATECC_SLOT_BUS_KEY || c->slot == LP_ATECC_SLOT_APP_SECRET) {
        return no(why, LP_E_DENIED, "this slot is the board's own (bus key, sealed files)");
    }
    return LP_OK;
}

// limpet-1: what is not for an owner to write.
static lp_err_t judge_plan_slot(const lp_atca_change_t *c, const lp_atca_facts_t *f,
                                const char **why)
{
    if (!f->id->is_data_locked) {
        return no(why, LP_E_STATE,
                  "locking the data zone fills every slot of this plan; set keys after it");
    }
    if (c->slot == LP_ATECC_SLOT_BUS_KEY) {
        return no(why, LP_E_DENIED, "slot 6 is the bus key, which Chip.Bind makes");
    }
    if (c->slot == LP_ATECC_SLOT_APP_SECRET) {
        return no(why, LP_E_DENIED, "slot 9 is the key of the sealed files; they would be lost");
    }
    if (c->slot < LP_ATECC_SLOT_BUS_KEY) {
        return no(why, LP_E_DENIED,
                  "slots 0 to 5 of this plan take no key from outside: theirs are born in the "
                  "chip");
    }
    return LP_OK;
}

static lp_err_t judge_private(const lp_atca_change_t *c, const lp_atca_facts_t *f, const char **why)
{
    if (c->len != LP_ATCA_KEY_BYTES || (slot_config(f->id, c->slot) & SC_ENCRYPTED) == 0) {
        return no(why, LP_E_DENIED, "the chip's configuration lets no key be imported here");
    }
    if (!c->has_write_key) {
        return no(why, LP_E_DENIED,
                  "a private key is written encrypted only: wkey and wkslot are needed");
    }
    if (c->slot == f->certified_slot) {
        return no(why, LP_E_EXISTS,
                  "this slot's key has a certificate, which would be useless then");
    }
    return LP_OK;
}

static lp_err_t judge_secret(const lp_atca_change_t *c, const lp_atca_facts_t *f, const char **why)
{
    const unsigned mode = slot_config(f->id, c->slot) >> 12;
    const bool is_encrypted = (mode & 4u) != 0;
    if (is_encrypted && !c->has_write_key) {
        return no(why, LP_E_DENIED,
                  "this slot is written encrypted only: wkey and wkslot are needed");
    }
    if (is_encrypted && c->len != LP_ATCA_KEY_BYTES) {
        return no(why, LP_E_INVALID, "an encrypted write is 32 bytes");
    }
    if (!is_encrypted && c->has_write_key) {
        return no(why, LP_E_DENIED,
                  "this slot takes no encrypted writes: the key would cross the bus in clear");
    }
    if (!is_encrypted && f->id->is_data_locked && mode != 0) {
        return no(why, LP_E_STATE, "this slot cannot be written any more");
    }
    if (c->len > LP_ATCA_KEY_BYTES && c->slot < LP_ATECC_SLOT_DATA) {
        return no(why, LP_E_INVALID, "a public key needs one of the slots 8 to 15");
    }
    return LP_OK;
}

static lp_err_t judge_key(const lp_atca_change_t *c, const lp_atca_facts_t *f, const char **why)
{
    const unsigned mine = slot_config(f->id, c->slot);
    const bool is_private = (key_config(f->id, c->slot) & KC_PRIVATE) != 0;
    if (!f->id->is_config_locked) {
        return no(why, LP_E_STATE, "first lock the configuration");
    }
    if (is_slot_locked(f->id, c->slot)) {
        return no(why, LP_E_STATE, "this slot is locked for ever");
    }
    if (has_plan(f, f->id->config)) {
        const lp_err_t err = judge_plan_slot(c, f, why);
        if (err != LP_OK) {
            return err;
        }
    }
    if (is_private != c->is_private) {
        return no(why, LP_E_INVALID,
                  is_private ? "this slot holds a private EC key: ecc: true is needed"
                             : "this slot holds no private EC key");
    }
    if (c->has_write_key && (mine & SC_ENCRYPTED) != 0 && c->write_slot != (mine >> 8 & 15u)) {
        return no(why, LP_E_INVALID, "wkslot is not the write key of this slot");
    }
    return is_private ? judge_private(c, f, why) : judge_secret(c, f, why);
}

static lp_err_t judge_gen_key(const lp_atca_change_t *c, const lp_atca_facts_t *f, const char **why)
{
    if (!f->id->is_config_locked) {
        return no(why, LP_E_STATE, "first lock the configuration");
    }
    if ((key_config(f->id, c->slot) & KC_PRIVATE) == 0) {
        return no(why, LP_E_INVALID, "this slot holds no private EC key");
    }
    if (c->slot == f->certified_slot) {
        return no(why, LP_E_EXISTS,
                  "this slot's key has a certificate, which a new key would make useless; a new "
                  "identity is made by aws-iot-rotate, or by rotate");
    }
    if (has_plan(f, f->id->config) &&
        (c->slot == LP_ATECC_SLOT_ECDHE || c->slot == LP_ATECC_SLOT_ECDHE_SEALED)) {
        return no(why, LP_E_DENIED, "the board makes a key here for each handshake");
    }
    return LP_OK;
}

lp_err_t lp_atca_judge(const lp_atca_change_t *change, const lp_atca_facts_t *facts,
                       const char **why)
{
    switch (change->kind) {
    case LP_ATCA_SET_CONFIG:
        return judge_config(change, facts, why);
    case LP_ATCA_LOCK_CONFIG:
    case LP_ATCA_LOCK_DATA:
        return judge_lock(change, facts, why);
    case LP_ATCA_LOCK_SLOT:
        return judge_lock_slot(change, facts, why);
    case LP_ATCA_SET_KEY:
        return judge_key(change, facts, why);
    case LP_ATCA_GEN_KEY:
        break;
    }
    return judge_gen_key(change, facts, why);
}
