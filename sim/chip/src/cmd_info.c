// SPDX-License-Identifier: Apache-2.0
// Info (L3865, T1924), Pause (L4227), SelfTest (T2264).
#include <string.h>

#include "internal.h"

enum { INFO_REVISION, INFO_KEYVALID, INFO_STATE, INFO_GPIO, INFO_LATCH };

// A private key is valid if it is a scalar of the curve; a public key that needs validation if it
// is marked so.
static bool key_valid(lp_chipsim_t *c, unsigned slot)
{
    size_t len;
    const uint8_t *p = lp_cs_slot_ptr(c, slot, &len);
    if (lp_cs_key_type(c, slot) != KEY_TYPE_P256) {
        return false;
    }
    if (lp_cs_is_private(c, slot)) {
        return lp_cs_ec_private_ok(p + PRIV_PAD);
    }
    if (slot < 8) {
        return false;
    }
    if ((lp_cs_key_config(c, slot) & KC_PUB_INFO) != 0) {
        return lp_cs_public_is_valid(c, slot);
    }
    uint8_t xy[64];
    memcpy(xy, p + PUB_X, 32);
    memcpy(xy + 32, p + PUB_Y, 32);
    return lp_cs_ec_public_ok(xy);
}

static void state(lp_chipsim_t *c, uint8_t out[4])
{
    unsigned seeds = lp_cs_is_608(c) ? 0u : (unsigned)(c->v.sram_seeded << 1 | c->v.eeprom_seeded);
    out[0] = lp_cs_tk_flag_byte(c);
    out[1] = (uint8_t)(c->v.tk.valid << 7 | c->v.auth_key << 3 | c->v.auth_valid << 2 | seeds);
}

// ---- the GPIO of single-wire parts (table 7-1 L2400, L3932) -----------------

static bool signal_authorized(const lp_chipsim_t *c, uint8_t control)
{
    return c->v.auth_valid && c->v.auth_key == control >> 4;
}

static uint8_t gpio_authorized(lp_chipsim_t *c, uint8_t control, uint16_t p2)
{
    bool write = (p2 & 2) != 0;
    bool value = (p2 & 1) != 0;
    if ((control & 8) != 0) { // intrusion detection
        if (write && signal_authorized(c, control)) {
            c->intrusion_latch = value;
        }
        return c->intrusion_latch;
    }
    bool rest = (control & 4) != 0;
    if (write && (value == rest || signal_authorized(c, control))) {
        c->gpio_level = value;
    }
    return c->gpio_level;
}

static lp_cs_status_t gpio(lp_chipsim_t *c, uint16_t p2, uint8_t out[4])
{
    uint8_t control = c->image.config[CFG_I2C_ADDRESS];
    bool i2c = (c->image.config[CFG_I2C_ENABLE] & 1) != 0;
    if (lp_cs_breaks(c, LP_RULE_GPIO_I2C, i2c) || (control & 3) == 0) {
        return ST_EXEC;
    }
    if ((p2 & 0xFFFC) != 0) {
        return ST_PARSE;
    }
    switch (control & 3) {
    case 1:
        out[0] = gpio_authorized(c, control, p2);
        return ST_OK;
    case 2:
        if ((p2 & 2) != 0) {
            return ST_EXEC;
        }
        out[0] = c->gpio_pin;
        return ST_OK;
    default:
        c->gpio_out = (p2 & 2) != 0;
        c->gpio_level = c->gpio_out ? (p2 & 1) != 0 : c->gpio_level;
        out[0] = c->gpio_out ? c->gpio_level : c->gpio_pin;
        return ST_OK;
    }
}

// 608: the persistent latch. Setting it needs VolatileKeyPermission (byte 69) and that key's
// authorisation.
static lp_cs_status_t latch(lp_chipsim_t *c, uint16_t p2, uint8_t out[4])
{
    if (!lp_cs_is_608(c) || (p2 & 0xFFFC) != 0) {
        return ST_PARSE;
    }
    if ((p2 & 2) != 0) {
        uint8_t permission = c->image.config[CFG_VOLATILE_KEY];
        bool ok =
            (permission & 0x80) != 0 && c->v.auth_valid && c->v.auth_key == (permission & 0x0F);
        if (lp_cs_breaks(c, LP_RULE_LATCH_AUTH, !ok)) {
            return ST_EXEC;
        }
        c->persistent_latch = (p2 & 1) != 0;
    }
    out[0] = c->persistent_latch;
    return ST_OK;
}

LP_CS_HANDLER(info)
{
    lp_cs_status_t status = ST_OK;
    memset(r->bytes, 0, 4);
    switch (m->p1) {
    case INFO_REVISION:
        memcpy(r->bytes, c->image.config + CFG_REV, 4);
        break;
    case INFO_KEYVALID:
        r->bytes[0] = key_valid(c, m->p2 & 0x0F);
        break;
    case INFO_STATE:
        state(c, r->bytes);
        break;
    case INFO_GPIO:
        status = gpio(c, m->p2, r->bytes);
        break;
    case INFO_LATCH:
        status = latch(c, m->p2, r->bytes);
        break;
    default:
        status = ST_PARSE;
    }
    r->len = 4;
    return status;
}

LP_CS_HANDLER(pause)
{
    if (m->p2 != 0) {
        return ST_PARSE;
    }
    if (lp_cs_breaks(c, LP_RULE_PAUSE_SELECTOR, m->p1 != c->image.config[CFG_SELECTOR])) {
        r->none = true;
        lp_cs_fall_idle(c);
    }
    return ST_OK;
}

// Mode 0 tells the failure register; bit 1 is accepted and tests nothing.
LP_CS_HANDLER(selftest)
{
    if ((m->p1 & 0xC0) != 0 || m->p2 != 0 || m->len != 0) {
        return ST_PARSE;
    }
    uint8_t failed = (uint8_t)(m->p1 & c->broken_units);
    c->v.selftest_failed = (uint8_t)((c->v.selftest_failed & ~m->p1) | failed);
    r->bytes[0] = m->p1 == 0 ? c->v.selftest_failed : failed;
    r->len = 1;
    return ST_OK;
}
