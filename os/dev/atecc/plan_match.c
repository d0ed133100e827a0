// SPDX-License-Identifier: Apache-2.0
// What a plan wants of each byte, and whether a configuration is so, without words: for images that
// only have to recognize a chip.
#include "limpet/crc.h"
#include "plan.h"

static uint8_t byte_of(uint16_t word, size_t offset)
{
    return (uint8_t)(offset % 2 == 0 ? word : word >> 8);
}

uint8_t lp_atecc_plan_byte(const lp_atecc_plan_t *plan, lp_atecc_part_t part, size_t offset,
                           uint8_t *mask)
{
    *mask = 0xFF;
    if (offset >= AT_SLOT_CONFIG && offset < AT_SLOT_CONFIG + 2 * LP_ATECC_SLOTS) {
        return byte_of(plan->slots[(offset - AT_SLOT_CONFIG) / 2].slot_config, offset);
    }
    if (offset >= AT_KEY_CONFIG) {
        return byte_of(plan->slots[(offset - AT_KEY_CONFIG) / 2].key_config, offset);
    }
    if (offset == AT_SLOT_LOCKED || offset == AT_SLOT_LOCKED + 1) {
        return 0xFF;
    }
    const bool is_508 = part == LP_ATECC_508A;
    const lp_atecc_plan_byte_t *bytes = is_508 ? plan->bytes_508 : plan->bytes_608;
    const size_t n = is_508 ? plan->bytes_508_len : plan->bytes_608_len;
    for (size_t i = 0; i < n; i++) {
        if (bytes[i].offset == offset) {
            *mask = bytes[i].mask;
            return bytes[i].value;
        }
    }
    *mask = 0;
    return 0;
}

bool lp_atecc_plan_is_lock_right(const lp_atecc_plan_t *plan, const uint8_t *config, unsigned slot)
{
    const bool is_open = (lp_atecc_word16(config, AT_SLOT_LOCKED) >> slot & 1u) != 0;
    const bool is_lockable = (plan->slots[slot].key_config & KC_LOCKABLE) != 0;
    return is_open || (config[AT_LOCK_CONFIG] == 0 && is_lockable);
}

bool lp_atecc_plan_matches(const lp_atecc_plan_t *plan, lp_atecc_part_t part,
                           const uint8_t config[LP_ATECC_CONFIG_LEN])
{
    for (unsigned slot = 0; slot < LP_ATECC_SLOTS; slot++) {
        if (!lp_atecc_plan_is_lock_right(plan, config, slot)) {
            return false;
        }
    }
    for (size_t i = 0; i < LP_ATECC_CONFIG_LEN; i++) {
        uint8_t mask = 0;
        const uint8_t want = lp_atecc_plan_byte(plan, part, i, &mask);
        const bool is_lock_byte = i == AT_SLOT_LOCKED || i == AT_SLOT_LOCKED + 1;
        if (!is_lock_byte && ((config[i] ^ want) & mask) != 0) {
            return false;
        }
    }
    return true;
}

uint16_t lp_atecc_config_crc(const uint8_t config[LP_ATECC_CONFIG_LEN])
{
    return lp_crc16_8005(0, lp_span(config, LP_ATECC_CONFIG_LEN));
}
