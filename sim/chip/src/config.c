// SPDX-License-Identifier: Apache-2.0
// Reading the configuration zone: the fields of table 2-5 (L588) under their names.
#include "internal.h"

static uint16_t le16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

uint16_t lp_cs_slot_config(const lp_chipsim_t *c, unsigned slot)
{
    return le16(c->image.config + CFG_SLOT_CONFIG + 2 * slot);
}

uint16_t lp_cs_key_config(const lp_chipsim_t *c, unsigned slot)
{
    return le16(c->image.config + CFG_KEY_CONFIG + 2 * slot);
}

// "If LockConfig is 0x55, the zone is unlocked; otherwise, it is locked" (L1279).
bool lp_cs_config_locked(const lp_chipsim_t *c)
{
    return c->image.config[CFG_LOCK_CONFIG] != UNLOCKED;
}

bool lp_cs_data_locked(const lp_chipsim_t *c)
{
    return c->image.config[CFG_LOCK_VALUE] != UNLOCKED;
}

uint8_t lp_cs_slot_lock_bit(const lp_chipsim_t *c, unsigned slot)
{
    return (uint8_t)(le16(c->image.config + CFG_SLOT_LOCKED) >> slot & 1);
}

bool lp_cs_slot_locked(const lp_chipsim_t *c, unsigned slot)
{
    return lp_cs_slot_lock_bit(c, slot) == 0;
}

bool lp_cs_is_private(const lp_chipsim_t *c, unsigned slot)
{
    return (lp_cs_key_config(c, slot) & KC_PRIVATE) != 0;
}

uint8_t lp_cs_key_type(const lp_chipsim_t *c, unsigned slot)
{
    return (uint8_t)(lp_cs_key_config(c, slot) >> 2 & 7);
}

uint8_t *lp_cs_slot_ptr(lp_chipsim_t *c, unsigned slot, size_t *len)
{
    return lp_chipsim_slot(&c->image, slot, len);
}

// The validity marker is the high nibble of the slot's first byte (L1845).
bool lp_cs_public_is_valid(const lp_chipsim_t *c, unsigned slot)
{
    size_t len;
    return lp_chipsim_slot_const(&c->image, slot, &len)[0] >> 4 == 5;
}

uint16_t lp_cs_chip_options(const lp_chipsim_t *c)
{
    return lp_cs_is_608(c) ? le16(c->image.config + CFG_CHIP_OPTIONS) : 0;
}

// The first 32 bytes of the slot that ChipOptions names, when bit 1 enables it (T473).
const uint8_t *lp_cs_io_key(lp_chipsim_t *c)
{
    uint16_t options = lp_cs_chip_options(c);
    size_t len;
    bool is_off = lp_cs_breaks(c, LP_RULE_IO_KEY_ENABLED, (options & 2) == 0);
    return is_off ? NULL : lp_cs_slot_ptr(c, options >> 12, &len);
}
