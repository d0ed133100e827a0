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
    return lp_cs_program(c, cell + offset, bytes, len < size - offset ? len : size - offset);
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
