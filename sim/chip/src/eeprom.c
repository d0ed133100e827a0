// SPDX-License-Identifier: Apache-2.0
// The EEPROM: programmed word by word, so that a loss of power leaves each word old or new, never
// mixed.
#include <string.h>

#include "internal.h"

enum { WORD = 4 };

// True when the power fails at this word.
static bool cut_here(lp_chipsim_t *c)
{
    if (c->cut_at != 0 && c->words_written + 1 >= c->cut_at) {
        c->cut_at = 0;
        lp_chipsim_power_off(c);
        return true;
    }
    return false;
}

bool lp_cs_program(lp_chipsim_t *c, uint8_t *cell, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len;) {
        // Every array of the image begins at a word, so words are counted from the array's address.
        size_t n = WORD - ((uintptr_t)(cell + i) % WORD);
        n = n < len - i ? n : len - i;
        if (memcmp(cell + i, bytes + i, n) != 0) {
            if (c->power == PWR_OFF || cut_here(c)) {
                return false;
            }
            memcpy(cell + i, bytes + i, n);
            c->words_written++;
            c->dirty = true;
        }
        i += n;
    }
    return true;
}

// "When this slot is written for any reason", the mark of a public key that needs validation
// becomes "invalid" (table 2-12, L1101).
static bool must_be_marked(const lp_chipsim_t *c, unsigned slot)
{
    bool public_key =
        slot >= 8 && !lp_cs_is_private(c, slot) && (lp_cs_key_config(c, slot) & KC_PUB_INFO) != 0;
    return lp_cs_breaks(c, LP_RULE_WRITE_INVALIDATES, public_key);
}

static bool mark_invalid(lp_chipsim_t *c, unsigned slot)
{
    size_t size;
    uint8_t *cell = lp_cs_slot_ptr(c, slot, &size);
    uint8_t first = (uint8_t)((cell[0] & 0x0F) | 0xA0);
    return lp_cs_program(c, cell, &first, 1);
}

bool lp_cs_program_slot(lp_chipsim_t *c, unsigned slot, size_t offset, const uint8_t *bytes,
                        size_t len)
{
    size_t size;
    uint8_t *cell = lp_cs_slot_ptr(c, slot, &size);
    if (offset >= size) {
        return true;
    }
    c->image.slot_writes[slot]++;
    c->image.slot_origin[slot] = LP_CHIPSIM_FROM_WRITE;
    c->dirty = true;
    size_t fits = len < size - offset ? len : size - offset;
    if (!must_be_marked(c, slot)) {
        return lp_cs_program(c, cell + offset, bytes, fits);
    }
    // The mark goes first, so that a cut never leaves new bytes under an old "valid".
    if (offset > 0 || fits == 0) {
        return mark_invalid(c, slot) && lp_cs_program(c, cell + offset, bytes, fits);
    }
    uint8_t first = (uint8_t)((bytes[0] & 0x0F) | 0xA0);
    return lp_cs_program(c, cell, &first, 1) && lp_cs_program(c, cell + 1, bytes + 1, fits - 1);
}

void lp_cs_commit(lp_chipsim_t *c)
{
    if (!c->dirty) {
        return;
    }
    c->dirty = false;
    if (c->state_path == NULL) {
        return;
    }
    if (lp_cs_state_save(c) != LP_OK) {
        // What the master was told must never be more than what is on the disk: the chip goes dark.
        c->health = LP_E_IO;
        lp_chipsim_power_off(c);
    }
}
