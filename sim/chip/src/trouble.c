// SPDX-License-Identifier: Apache-2.0
// When a fault of the bus strikes, and what an adversary does who can do CRCs. Dice with a seed:
// the same script, the same faults.
#include <string.h>

#include "internal.h"

enum { PPM = 1000000, HEAD = 1, CRC = 2 };

void lp_cs_trouble_set(lp_cs_trouble_t *t, const lp_chipsim_faults_t *faults)
{
    t->faults = *faults;
    t->dice = faults->seed + 1;
    t->until_stuck = faults->stuck_after;
    t->until_dip = faults->brown_out_after;
    lp_cs_wipe(t->recorded, sizeof t->recorded);
    t->recorded_len = 0;
}

bool lp_cs_trouble_strikes(lp_cs_trouble_t *t, uint32_t ppm)
{
    return ppm != 0 && lp_cs_roll(&t->dice) % PPM < ppm;
}

uint8_t lp_cs_trouble_noise(lp_cs_trouble_t *t, uint8_t byte, uint32_t ppm)
{
    bool flip = lp_cs_trouble_strikes(t, ppm);
    return flip ? (uint8_t)(byte ^ 1u << lp_cs_roll(&t->dice) % 8) : byte;
}

bool lp_cs_trouble_counts_down(uint32_t *left)
{
    return *left != 0 && --*left == 0;
}

bool lp_cs_trouble_nack(lp_cs_trouble_t *t)
{
    if (t->faults.nack_next > 0) {
        t->faults.nack_next--;
        return true;
    }
    return lp_cs_trouble_strikes(t, t->faults.nack_ppm);
}

uint32_t lp_cs_trouble_stretch(lp_cs_trouble_t *t)
{
    if (t->faults.stretch_next == 0) {
        return 0;
    }
    t->faults.stretch_next--;
    return t->faults.stretch_us;
}

// ---- an adversary -----------------------------------------------------------

// The group in `bytes`, which begins at `at`; 0: there is none.
static size_t group_len(const lp_buf_t *bytes, size_t at)
{
    size_t len = bytes->len > at ? bytes->ptr[at] : 0;
    return len >= GROUP_MIN && len == bytes->len - at ? len : 0;
}

void lp_cs_trouble_forge(lp_cs_trouble_t *t, lp_buf_t *bytes, size_t at, uint32_t ppm)
{
    size_t len = group_len(bytes, at);
    if (len == 0 || !lp_cs_trouble_strikes(t, ppm)) {
        return;
    }
    uint8_t *group = bytes->ptr + at;
    size_t which = HEAD + lp_cs_roll(&t->dice) % (len - HEAD - CRC);
    group[which] = (uint8_t)(group[which] ^ 1u << lp_cs_roll(&t->dice) % 8);
    uint16_t crc = lp_chipsim_crc(group, len - CRC);
    group[len - 2] = (uint8_t)crc;
    group[len - 1] = (uint8_t)(crc >> 8);
}

// The last answer with data is kept, and given again in place of one that is as long.
void lp_cs_trouble_replay(lp_cs_trouble_t *t, lp_buf_t *answer)
{
    size_t len = group_len(answer, 0);
    if (len <= GROUP_MIN || t->faults.replay_ppm == 0) {
        return;
    }
    if (len == t->recorded_len && lp_cs_trouble_strikes(t, t->faults.replay_ppm)) {
        memcpy(answer->ptr, t->recorded, len);
        return;
    }
    memcpy(t->recorded, answer->ptr, len);
    t->recorded_len = len;
}
