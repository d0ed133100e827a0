// SPDX-License-Identifier: Apache-2.0
// What the files about slot plans share. Not for users.
#ifndef ATECC_PLAN_INTERNAL_H
#define ATECC_PLAN_INTERNAL_H

#include "internal.h"
#include "limpet/atecc_plan.h"

enum {
    AT_SLOT_CONFIG = 20,
    AT_FORBIDDEN = 84, // 84-87 are not for the Write command
    AT_LOCK_VALUE = 86,
    AT_LOCK_CONFIG = 87,
    AT_SLOT_LOCKED = 88,
    AT_KEY_CONFIG = 96,
};

enum {
    KC_PRIVATE = 1u << 0,
    KC_PUBINFO = 1u << 1,
    KC_LOCKABLE = 1u << 5,
    SC_GENKEY = 1u << 13,
};

static inline uint16_t lp_atecc_word16(const uint8_t *config, size_t offset)
{
    return (uint16_t)(config[offset] | config[offset + 1] << 8);
}

static inline bool lp_atecc_plan_is_private(const lp_atecc_plan_t *plan, unsigned slot)
{
    return (plan->slots[slot].key_config & KC_PRIVATE) != 0;
}

// What the plan wants in a configuration byte; *mask gets the bits it cares about.
uint8_t lp_atecc_plan_byte(const lp_atecc_plan_t *plan, lp_atecc_part_t part, size_t offset,
                           uint8_t *mask);

// SlotLocked: while the configuration is open every slot must be open, or it could never be filled;
// later the slots that may be locked may be locked.
bool lp_atecc_plan_is_lock_right(const lp_atecc_plan_t *plan, const uint8_t *config, unsigned slot);

void lp_atecc_token_make(lp_atecc_token_t *token, lp_atecc_zone_t zone, uint16_t crc,
                         const uint8_t serial[LP_ATECC_SERIAL_LEN]);
bool lp_atecc_token_is_good(const lp_atecc_token_t *token, lp_atecc_zone_t zone);

#endif
