// SPDX-License-Identifier: Apache-2.0
// The random number generator with its two seeds (L1749-1756), the test pattern before the
// configuration lock, and the 608's health test.
#include <string.h>

#include <openssl/rand.h>

#include "internal.h"

static void put64(uint8_t *p, uint64_t v)
{
    for (unsigned i = 0; i < 8; i++) {
        p[i] = (uint8_t)(v >> (8 * i));
    }
}

// With a seed every block follows from seed, power-up count and position; without one it is the
// host's randomness.
void lp_cs_entropy(lp_chipsim_t *c, uint8_t *out, size_t len)
{
    if (c->image.seed == 0) {
        if (RAND_bytes(out, (int)len) != 1) {
            c->health = LP_E_IO;
            memset(out, 0, len);
        }
        return;
    }
    while (len > 0) {
        uint8_t in[24];
        uint8_t block[32];
        put64(in, c->image.seed);
        put64(in + 8, c->image.boots);
        put64(in + 16, c->draws++);
        lp_cs_sha(in, sizeof in, block);
        size_t n = len < sizeof block ? len : sizeof block;
        memcpy(out, block, n);
        out += n;
        len -= n;
    }
}

static void update_seeds(lp_chipsim_t *c)
{
    lp_cs_msg_t m = {.len = 0};
    uint8_t fresh[32];
    lp_cs_entropy(c, fresh, sizeof fresh);
    lp_cs_add(&m, c->image.eeprom_seed, 32);
    lp_cs_add(&m, fresh, 32);
    lp_cs_msg_hash(&m, fresh);
    if (lp_cs_program(c, c->image.eeprom_seed, fresh, 32)) {
        c->v.eeprom_seeded = true;
    }
    lp_cs_wipe(fresh, sizeof fresh);
}

static void draw(lp_chipsim_t *c, uint8_t out[32])
{
    lp_cs_msg_t m = {.len = 0};
    uint8_t fresh[32];
    if (!c->v.sram_seeded) {
        memcpy(c->v.sram_seed, c->image.eeprom_seed, 32);
        c->v.sram_seeded = true;
    }
    lp_cs_entropy(c, fresh, sizeof fresh);
    lp_cs_add(&m, c->v.sram_seed, 32);
    lp_cs_add(&m, fresh, 32);
    lp_cs_msg_hash(&m, out);
    lp_cs_sha(out, 32, c->v.sram_seed);
    lp_cs_wipe(fresh, sizeof fresh);
}

static lp_cs_status_t health_test(lp_chipsim_t *c)
{
    if (!lp_cs_breaks(c, LP_RULE_HEALTH_TEST, c->v.health_failed)) {
        return ST_OK;
    }
    if ((lp_cs_chip_options(c) & 8) != 0) { // cleared by the failing command itself (T467)
        c->v.health_failed = false;
    }
    return ST_HEALTH;
}

lp_cs_status_t lp_cs_random(lp_chipsim_t *c, bool update_seed, uint8_t out[32])
{
    if (lp_cs_breaks(c, LP_RULE_RANDOM_PATTERN, !lp_cs_config_locked(c))) {
        for (unsigned i = 0; i < 32; i++) {
            out[i] = (i & 2) == 0 ? 0xFF : 0x00; // ff ff 00 00 (L1755)
        }
        return ST_OK;
    }
    lp_cs_status_t status = health_test(c);
    if (status != ST_OK) {
        return status;
    }
    if (update_seed && !c->v.eeprom_seeded) {
        update_seeds(c);
    }
    draw(c, out);
    return ST_OK;
}
