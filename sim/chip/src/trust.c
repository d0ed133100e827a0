// SPDX-License-Identifier: Apache-2.0
// Certificates of an emulated Trust part: issued when the part is made, kept compressed in slots 10
// and 12 (DS20006367A, table 2-1), rebuilt for people.
#include <string.h>

#include "trust.h"

enum { SLOT_DEVICE = 10, SLOT_SIGNER_KEY = 11, SLOT_SIGNER = 12, IDENTITY = 0 };
enum { AT_DATES = 64, AT_SIGNER_ID = 67, AT_IDS = 69, AT_SOURCE = 70, COMPRESSED = 72 };
enum {
    TEMPLATE_DEVICE = 0, // table 2-8
    TEMPLATE_SIGNER = 1,
    CHAIN = 15,    // "the emulator's": no chain of the maker's is to be taken for it
    SOURCE = 0xA0, // serial number from the public key; format 0
};

// Midnight of 2018-01-01 for 31 years, 2020-01-01 for 28 years; the root without an end.
static const uint8_t SIGNER_DATES[3] = {0x90, 0x84, 0x1F};
static const uint8_t DEVICE_DATES[3] = {0xA0, 0x84, 0x1C};
static const uint8_t ROOT_DATES[3] = {0x90, 0x84, 0x00};

// Everybody's, on purpose: whoever has this program can sign with it.
static void root_key(uint8_t d[32])
{
    static const char from[] = "limpet: the emulated root of emulated Trust parts";
    lp_cs_sha(from, sizeof from - 1, d);
}

// ECDSA with a k that follows from key and message, so that a seeded part is always the same.
static bool sign(const uint8_t d[32], const lp_cs_cert_t *cert, uint8_t rs[64])
{
    lp_cs_der_t tbs;
    uint8_t digest[33] = {0};
    uint8_t k[32];
    bool done = false;
    lp_cs_cert_tbs(cert, &tbs);
    lp_cs_sha(tbs.bytes, tbs.len, digest);
    for (; !done && digest[32] < UINT8_MAX; digest[32]++) {
        lp_cs_hmac(d, 32, digest, sizeof digest, k);
        done = lp_cs_ec_private_ok(k) && lp_cs_ec_sign(d, k, digest, rs);
    }
    lp_cs_wipe(k, sizeof k);
    return done;
}

static bool is_signed(const lp_cs_cert_t *cert, const uint8_t rs[64])
{
    lp_cs_der_t tbs;
    uint8_t digest[32];
    lp_cs_cert_tbs(cert, &tbs);
    lp_cs_sha(tbs.bytes, tbs.len, digest);
    return lp_cs_ec_verify(cert->authority, digest, rs);
}

static void serial_of(const lp_chipsim_image_t *image, uint8_t serial[9])
{
    memcpy(serial, image->config + CFG_SN0, 4);
    memcpy(serial + 4, image->config + CFG_SN4, 5);
}

// ---- issuing ----------------------------------------------------------------

static void store(lp_chipsim_image_t *image, unsigned slot, uint8_t template_id,
                  const lp_cs_cert_t *cert, const uint8_t rs[64])
{
    size_t len;
    uint8_t *p = lp_chipsim_slot(image, slot, &len);
    memset(p, 0, len);
    memcpy(p, rs, 64);
    memcpy(p + AT_DATES, cert->dates, sizeof cert->dates);
    memcpy(p + AT_SIGNER_ID, cert->signer_id, sizeof cert->signer_id);
    p[AT_IDS] = (uint8_t)(template_id << 4 | CHAIN);
    p[AT_SOURCE] = SOURCE;
}

static void store_signer_key(lp_chipsim_image_t *image, const uint8_t pub[64])
{
    size_t len;
    uint8_t *p = lp_chipsim_slot(image, SLOT_SIGNER_KEY, &len);
    memset(p, 0, len);
    memcpy(p + PUB_X, pub, 32);
    memcpy(p + PUB_Y, pub + 32, 32);
}

static bool issue_signer(lp_chipsim_image_t *image, lp_cs_cert_t *cert)
{
    uint8_t d[32];
    uint8_t rs[64];
    root_key(d);
    bool ok = lp_cs_ec_public(d, cert->authority) && sign(d, cert, rs);
    lp_cs_wipe(d, sizeof d);
    if (ok) {
        store(image, SLOT_SIGNER, TEMPLATE_SIGNER, cert, rs);
        store_signer_key(image, cert->pub);
    }
    return ok;
}

bool lp_cs_trust_issue(lp_chipsim_image_t *image, const uint8_t signer[32])
{
    uint8_t digest[32];
    uint8_t rs[64];
    lp_cs_cert_t up = {.kind = LP_CHIPSIM_CERT_SIGNER};
    lp_cs_cert_t device = {.kind = LP_CHIPSIM_CERT_DEVICE};
    memcpy(up.dates, SIGNER_DATES, 3);
    memcpy(device.dates, DEVICE_DATES, 3);
    serial_of(image, device.serial);
    if (!lp_cs_ec_public(signer, up.pub) || !lp_chipsim_public_key(image, IDENTITY, device.pub)) {
        return false;
    }
    lp_cs_sha(up.pub, sizeof up.pub, digest);
    memcpy(up.signer_id, digest, 2);
    memcpy(device.signer_id, digest, 2);
    memcpy(device.authority, up.pub, 64);
    if (!issue_signer(image, &up) || !sign(signer, &device, rs)) {
        return false;
    }
    store(image, SLOT_DEVICE, TEMPLATE_DEVICE, &device, rs);
    return true;
}

// ---- rebuilding -------------------------------------------------------------

static lp_err_t unpack(const lp_chipsim_image_t *image, unsigned slot, uint8_t template_id,
                       lp_cs_cert_t *cert, uint8_t rs[64])
{
    size_t len;
    const uint8_t *p = lp_chipsim_slot_const(image, slot, &len);
    if (p[AT_IDS] != (template_id << 4 | CHAIN) || p[AT_SOURCE] != SOURCE) {
        return LP_E_NOT_FOUND;
    }
    memcpy(rs, p, 64);
    memcpy(cert->dates, p + AT_DATES, sizeof cert->dates);
    memcpy(cert->signer_id, p + AT_SIGNER_ID, sizeof cert->signer_id);
    return LP_OK;
}

static void signer_key(const lp_chipsim_image_t *image, uint8_t pub[64])
{
    size_t len;
    const uint8_t *p = lp_chipsim_slot_const(image, SLOT_SIGNER_KEY, &len);
    memcpy(pub, p + PUB_X, 32);
    memcpy(pub + 32, p + PUB_Y, 32);
}

static lp_err_t find(const lp_chipsim_image_t *image, lp_cs_cert_t *cert, uint8_t rs[64])
{
    uint8_t d[32];
    root_key(d);
    bool ok = lp_cs_ec_public(d, cert->authority);
    switch (cert->kind) {
    case LP_CHIPSIM_CERT_DEVICE:
        serial_of(image, cert->serial);
        signer_key(image, cert->authority);
        if (!lp_chipsim_public_key(image, IDENTITY, cert->pub)) {
            return LP_E_NOT_FOUND;
        }
        return unpack(image, SLOT_DEVICE, TEMPLATE_DEVICE, cert, rs);
    case LP_CHIPSIM_CERT_SIGNER:
        signer_key(image, cert->pub);
        return unpack(image, SLOT_SIGNER, TEMPLATE_SIGNER, cert, rs);
    case LP_CHIPSIM_CERT_ROOT:
    case LP_CHIPSIM_CERTS:
        break;
    }
    memcpy(cert->dates, ROOT_DATES, sizeof cert->dates);
    memcpy(cert->pub, cert->authority, 64);
    return ok && sign(d, cert, rs) ? LP_OK : LP_E_IO;
}

lp_err_t lp_chipsim_certificate(const lp_chipsim_image_t *image, lp_chipsim_cert_t which,
                                uint8_t *der, size_t *len)
{
    lp_cs_cert_t cert = {.kind = which};
    lp_cs_der_t whole;
    uint8_t rs[64];
    lp_err_t err = find(image, &cert, rs);
    if (err != LP_OK) {
        return err;
    }
    if (!is_signed(&cert, rs)) {
        return LP_E_FORMAT;
    }
    lp_cs_cert_whole(&cert, rs, &whole);
    memcpy(der, whole.bytes, whole.len);
    *len = whole.len;
    return LP_OK;
}
