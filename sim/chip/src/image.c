// SPDX-License-Identifier: Apache-2.0
// What a chip holds, and what it holds when it leaves the factory.
#include <assert.h>
#include <string.h>

#include <openssl/rand.h>

#include "internal.h"

static_assert(offsetof(lp_chipsim_image_t, config) % 4 == 0, "EEPROM words are counted from here");
static_assert(offsetof(lp_chipsim_image_t, otp) % 4 == 0, "EEPROM words are counted from here");
static_assert(offsetof(lp_chipsim_image_t, data) % 4 == 0, "EEPROM words are counted from here");
static_assert(offsetof(lp_chipsim_image_t, eeprom_seed) % 4 == 0, "words are counted from here");

static const char *const MODELS[LP_CHIPSIM_MODELS] = {"atecc508a", "atecc608a", "atecc608b"};
static const char *const TIMINGS[] = {"typical", "max", "random", "instant"};

const char *lp_chipsim_model_name(lp_chipsim_model_t model)
{
    return (unsigned)model < LP_CHIPSIM_MODELS ? MODELS[model] : NULL;
}

lp_err_t lp_chipsim_model_parse(const char *name, lp_chipsim_model_t *out)
{
    for (unsigned i = 0; i < LP_CHIPSIM_MODELS; i++) {
        if (strcmp(name, MODELS[i]) == 0) {
            *out = (lp_chipsim_model_t)i;
            return LP_OK;
        }
    }
    return LP_E_NOT_FOUND;
}

lp_err_t lp_chipsim_timing_parse(const char *name, lp_chipsim_timing_t *out)
{
    for (unsigned i = 0; i < sizeof TIMINGS / sizeof TIMINGS[0]; i++) {
        if (strcmp(name, TIMINGS[i]) == 0) {
            *out = (lp_chipsim_timing_t)i;
            return LP_OK;
        }
    }
    return LP_E_NOT_FOUND;
}

static size_t slot_size(unsigned slot)
{
    return slot < 8 ? 36 : slot == 8 ? 416 : 72;
}

static size_t slot_offset(unsigned slot)
{
    return slot <= 8 ? 36u * slot : 8 * 36 + 416 + 72u * (slot - 9);
}

uint8_t *lp_chipsim_slot(lp_chipsim_image_t *image, unsigned slot, size_t *len)
{
    *len = slot_size(slot & 15);
    return image->data + slot_offset(slot & 15);
}

const uint8_t *lp_chipsim_slot_const(const lp_chipsim_image_t *image, unsigned slot, size_t *len)
{
    *len = slot_size(slot & 15);
    return image->data + slot_offset(slot & 15);
}

// Bytes 16 to 127 as a new ATECC508A has them.
static const uint8_t CONFIG_508[112] = {
    0xC0, 0x00, 0x55, 0x00,                                                 // 16: address, OTP mode
    0x83, 0x20, 0x87, 0x20, 0x8F, 0x20, 0xC4, 0x8F, 0x8F, 0x8F, 0x8F, 0x8F, // 20: SlotConfig
    0x9F, 0x8F, 0xAF, 0x8F, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, // slots 6-11
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xAF, 0x8F,                         // slots 12-15
    0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0x00,                         // 52: Counter0
    0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0x00,                         // 60: Counter1
    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, // 68: LastKeyUse
    0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x55, 0x55, 0xFF, 0xFF, 0x00, 0x00, // 84: extra, locks
    0x00, 0x00, 0x00, 0x00,                                                 // 92: X509format
    0x33, 0x00, 0x33, 0x00, 0x33, 0x00, 0x1C, 0x00, 0x1C, 0x00, 0x1C, 0x00, // 96: KeyConfig
    0x1C, 0x00, 0x1C, 0x00, 0x3C, 0x00, 0x3C, 0x00, 0x3C, 0x00, 0x3C, 0x00,
    0x3C, 0x00, 0x3C, 0x00, 0x3C, 0x00, 0x1C, 0x00};

static void fill_serial(lp_chipsim_image_t *image, const uint8_t *serial, uint64_t seed)
{
    static const uint8_t first[2] = {0x01, 0x23};
    uint8_t sn[LP_CHIPSIM_SERIAL_BYTES];
    uint8_t digest[32];
    if (serial != NULL) {
        memcpy(sn, serial, sizeof sn);
    } else {
        uint8_t in[8];
        for (unsigned i = 0; i < 8; i++) {
            in[i] = (uint8_t)(seed >> 8 * i);
        }
        if (seed == 0 && RAND_bytes(in, sizeof in) != 1) {
            memset(in, 0xA5, sizeof in);
        }
        lp_cs_sha(in, sizeof in, digest);
        memcpy(sn, first, 2);
        memcpy(sn + 2, digest, 6);
        sn[8] = 0xEE;
    }
    memcpy(image->config + CFG_SN0, sn, 4);
    memcpy(image->config + CFG_SN4, sn + 4, 5);
}

// What the public sources show of a 608 as against a 508.
static void to_608(lp_chipsim_image_t *image)
{
    image->config[CFG_REV + 2] = 0x60;
    image->config[CFG_REV + 3] = image->model == LP_CHIPSIM_ATECC608A ? 0x02 : 0x03;
    image->config[CFG_AES_ENABLE] = 0x01;
    image->config[CFG_OTP_MODE] = 0x00;
    memset(image->config + CFG_LAST_KEY_USE, 0, 16);
}

lp_err_t lp_chipsim_image_factory(lp_chipsim_image_t *image, lp_chipsim_model_t model,
                                  const uint8_t *serial, uint64_t seed)
{
    if (lp_chipsim_model_name(model) == NULL) {
        return LP_E_INVALID;
    }
    memset(image, 0, sizeof *image);
    image->model = model;
    image->seed = seed;
    fill_serial(image, serial, seed);
    image->config[CFG_REV + 2] = 0x50;
    image->config[CFG_I2C_ENABLE] = 0x59;
    memcpy(image->config + CFG_I2C_ADDRESS, CONFIG_508, sizeof CONFIG_508);
    if (model != LP_CHIPSIM_ATECC508A) {
        to_608(image);
    }
    memset(image->otp, 0xFF, sizeof image->otp);
    memset(image->data, 0xFF, sizeof image->data);
    uint8_t salt[8] = {'s', 'e', 'e', 'd'};
    lp_cs_msg_t m = {.len = 0};
    lp_cs_add(&m, salt, sizeof salt);
    lp_cs_add(&m, image->config, 13);
    lp_cs_msg_hash(&m, image->eeprom_seed);
    return LP_OK;
}

bool lp_chipsim_public_key(const lp_chipsim_image_t *image, unsigned slot, uint8_t xy[64])
{
    size_t len;
    const uint8_t *p = lp_chipsim_slot_const(image, slot, &len);
    bool is_private = (image->config[CFG_KEY_CONFIG + 2 * (slot & 15)] & KC_PRIVATE) != 0;
    return is_private && lp_cs_ec_public(p + PRIV_PAD, xy);
}
