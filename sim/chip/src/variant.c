// SPDX-License-Identifier: Apache-2.0
// Trust&GO and TrustFLEX: ATECC608s that leave the factory configured, locked and with keys. Their
// sheets (DS40002112B and DS40002138A, table 2-3 and chapter 2.2.4) are public and say everything
// but the templates of the certificates (trust.h).
#include <string.h>

#include <openssl/rand.h>

#include "trust.h"

typedef struct {
    const char *name;
    uint8_t address;
    uint8_t secure_boot[2];
    char otp[9];
    struct {
        uint16_t slot_config;
        uint16_t key_config;
    } slots[SLOTS];
} variant_t;

// Reserved slots of a TNGTLS (5, 7, 13-15) are given as "na"; here they are secrets that nobody
// reads or writes.
static const variant_t VARIANTS[] = {
    [LP_CHIPSIM_PLAIN] = {.name = "plain"},
    [LP_CHIPSIM_TNGTLS] = {.name = "tngtls",
                           .address = 0x6A,
                           .otp = "Rsuy5YJh",
                           .slots = {{0x0085, 0x0053},
                                     {0x0082, 0x0053},
                                     {0x2085, 0x0073},
                                     {0x2085, 0x0073},
                                     {0x2085, 0x0073},
                                     {0x8F8F, 0x001C},
                                     {0x0F8F, 0x007C},
                                     {0x8F8F, 0x001C},
                                     {0x0F0F, 0x003C},
                                     {0x0F8F, 0x001A},
                                     {0x8F0F, 0x001C},
                                     {0x8F0F, 0x0010},
                                     {0x8F0F, 0x001C},
                                     {0x8F8F, 0x001C},
                                     {0x8F8F, 0x001C},
                                     {0x8F8F, 0x001C}}},
    [LP_CHIPSIM_TFLXTLS] = {.name = "tflxtls",
                            .address = 0x6C,
                            .secure_boot = {0x03, 0xF7},
                            .otp = "wdNxAjae",
                            .slots = {{0x0085, 0x0053},
                                      {0x0082, 0x0053},
                                      {0x2085, 0x0073},
                                      {0x2085, 0x0073},
                                      {0x2085, 0x0073},
                                      {0x468F, 0x0038},
                                      {0x0F8F, 0x007C},
                                      {0x8F9F, 0x001C},
                                      {0x0F0F, 0x003C},
                                      {0x0F8F, 0x001A},
                                      {0x8F0F, 0x001C},
                                      {0x8F0F, 0x0010},
                                      {0x8F0F, 0x001C},
                                      {0x0F0F, 0x0030},
                                      {0x1F0D, 0x0012},
                                      {0x0F0F, 0x0030}}},
};

enum { VARIANT_COUNT = sizeof VARIANTS / sizeof VARIANTS[0], KEYS = 5, SIGNER_KEY = 11 };

lp_err_t lp_chipsim_variant_parse(const char *name, lp_chipsim_variant_t *out)
{
    for (unsigned i = 0; i < VARIANT_COUNT; i++) {
        if (strcmp(name, VARIANTS[i].name) == 0) {
            *out = (lp_chipsim_variant_t)i;
            return LP_OK;
        }
    }
    return LP_E_NOT_FOUND;
}

static void configure(lp_chipsim_image_t *image, const variant_t *v)
{
    uint8_t *c = image->config;
    c[CFG_SN4 + 4] = 0x01; // SN<8> of these parts
    c[CFG_I2C_ADDRESS] = v->address;
    c[CFG_CHIP_MODE] = 0x01;
    memcpy(c + CFG_SECURE_BOOT, v->secure_boot, 2);
    c[CFG_KDF_IV_STR] = 0x69;
    c[CFG_KDF_IV_STR + 1] = 0x76;
    c[CFG_CHIP_OPTIONS] = 0x0E;
    c[CFG_CHIP_OPTIONS + 1] = 0x60;
    for (unsigned slot = 0; slot < SLOTS; slot++) {
        c[CFG_SLOT_CONFIG + 2 * slot] = (uint8_t)v->slots[slot].slot_config;
        c[CFG_SLOT_CONFIG + 2 * slot + 1] = (uint8_t)(v->slots[slot].slot_config >> 8);
        c[CFG_KEY_CONFIG + 2 * slot] = (uint8_t)v->slots[slot].key_config;
        c[CFG_KEY_CONFIG + 2 * slot + 1] = (uint8_t)(v->slots[slot].key_config >> 8);
    }
    c[CFG_LOCK_VALUE] = 0;
    c[CFG_LOCK_CONFIG] = 0;
    memset(image->otp, 0, sizeof image->otp);
    memcpy(image->otp, v->otp, 8);
}

// A scalar of the curve: random, or from the seed and its number.
static bool make_scalar(const lp_chipsim_image_t *image, uint8_t number, uint8_t d[32])
{
    uint8_t in[9] = {number};
    if (image->seed == 0) {
        return RAND_bytes(d, 32) == 1 && lp_cs_ec_private_ok(d);
    }
    for (unsigned i = 0; i < 8; i++) {
        in[1 + i] = (uint8_t)(image->seed >> 8 * i);
    }
    lp_cs_sha(in, sizeof in, d);
    return lp_cs_ec_private_ok(d);
}

static lp_err_t fill_keys(lp_chipsim_image_t *image)
{
    size_t len;
    uint8_t d[32];
    bool ok = true;
    for (uint8_t slot = 0; slot < KEYS && ok; slot++) {
        uint8_t *p = lp_chipsim_slot(image, slot, &len);
        memset(p, 0, PRIV_PAD);
        ok = make_scalar(image, slot, p + PRIV_PAD);
    }
    // The signer's private key is nowhere kept: there is no other part that it signs for.
    ok = ok && make_scalar(image, SIGNER_KEY, d) && lp_cs_trust_issue(image, d);
    lp_cs_wipe(d, sizeof d);
    return ok ? LP_OK : LP_E_IO;
}

lp_err_t lp_chipsim_image_variant(lp_chipsim_image_t *image, lp_chipsim_variant_t variant)
{
    if (variant == LP_CHIPSIM_PLAIN) {
        return LP_OK;
    }
    if (image->model == LP_CHIPSIM_ATECC508A || (unsigned)variant >= VARIANT_COUNT) {
        return LP_E_UNSUPPORTED;
    }
    configure(image, &VARIANTS[variant]);
    return fill_keys(image);
}
