// SPDX-License-Identifier: Apache-2.0
// Lock (L3958): configuration zone, data and OTP zones, single slots.
#include "internal.h"

enum { LOCK_NO_CRC = 0x80, LOCK_CONFIG = 0, LOCK_DATA = 1, LOCK_SLOT = 2 };

// CRC-16 over several pieces.
typedef struct {
    uint8_t bytes[LP_CHIPSIM_DATA_BYTES + LP_CHIPSIM_OTP_BYTES];
    size_t len;
} summary_t;

static void add(summary_t *s, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        s->bytes[s->len++] = bytes[i];
    }
}

// Slots in order without the ECC private keys, then OTP (L3977).
static uint16_t data_summary(lp_chipsim_t *c)
{
    summary_t s = {.len = 0};
    for (unsigned slot = 0; slot < SLOTS; slot++) {
        size_t len;
        const uint8_t *p = lp_cs_slot_ptr(c, slot, &len);
        if (!lp_cs_is_private(c, slot)) {
            add(&s, p, len);
        }
    }
    add(&s, c->image.otp, sizeof c->image.otp);
    uint16_t crc = lp_chipsim_crc(s.bytes, s.len);
    lp_cs_wipe(&s, sizeof s);
    return crc;
}

static void close_lock(lp_chipsim_t *c, unsigned offset)
{
    static const uint8_t locked = 0;
    lp_cs_program(c, c->image.config + offset, &locked, 1);
}

static lp_cs_status_t lock_config(lp_chipsim_t *c, const lp_cs_cmd_t *m)
{
    bool check = (m->p1 & LOCK_NO_CRC) == 0;
    bool differs = lp_chipsim_crc(c->image.config, sizeof c->image.config) != m->p2;
    if (lp_cs_breaks(c, LP_RULE_LOCK_TWICE, lp_cs_config_locked(c)) ||
        lp_cs_breaks(c, LP_RULE_LOCK_CONFIG_CRC, check && differs)) {
        return ST_EXEC;
    }
    close_lock(c, CFG_LOCK_CONFIG);
    return ST_OK;
}

static lp_cs_status_t lock_data(lp_chipsim_t *c, const lp_cs_cmd_t *m)
{
    bool check = (m->p1 & LOCK_NO_CRC) == 0;
    if (lp_cs_breaks(c, LP_RULE_LOCK_DATA_FIRST, !lp_cs_config_locked(c)) ||
        lp_cs_breaks(c, LP_RULE_LOCK_TWICE, lp_cs_data_locked(c)) ||
        lp_cs_breaks(c, LP_RULE_LOCK_DATA_CRC, check && data_summary(c) != m->p2)) {
        return ST_EXEC;
    }
    close_lock(c, CFG_LOCK_VALUE);
    return ST_OK;
}

// The SlotLocked bit goes from 1 to 0; Lockable must be 1 (table 2-15).
static lp_cs_status_t lock_slot(lp_chipsim_t *c, const lp_cs_cmd_t *m)
{
    unsigned slot = m->p1 >> 2 & 0x0F;
    bool lockable = (lp_cs_key_config(c, slot) & KC_LOCKABLE) != 0;
    if (lp_cs_breaks(c, LP_RULE_LOCK_SLOT_FIRST, !lp_cs_config_locked(c)) ||
        lp_cs_breaks(c, LP_RULE_LOCK_SLOT_LOCKABLE, !lockable) ||
        lp_cs_breaks(c, LP_RULE_LOCK_SLOT_TWICE, lp_cs_slot_locked(c, slot))) {
        return ST_EXEC;
    }
    uint8_t *cell = c->image.config + CFG_SLOT_LOCKED + slot / 8;
    uint8_t next = (uint8_t)(*cell & ~(1u << slot % 8));
    lp_cs_program(c, cell, &next, 1);
    return ST_OK;
}

LP_CS_HANDLER(lock)
{
    (void)r;
    unsigned what = m->p1 & 3;
    bool slot_bits = (m->p1 & 0x3C) != 0;
    if ((m->p1 & 0x40) != 0 || what == 3 || (what != LOCK_SLOT && slot_bits)) {
        return ST_PARSE;
    }
    if (what == LOCK_SLOT) {
        return lock_slot(c, m);
    }
    return what == LOCK_CONFIG ? lock_config(c, m) : lock_data(c, m);
}
