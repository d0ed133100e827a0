// SPDX-License-Identifier: Apache-2.0
// X.509 (RFC 5280) as far as an emulated Trust part needs it, written front to back as DER.
#include <stdio.h>
#include <string.h>

#include <openssl/sha.h>

#include "trust.h"

enum {
    INTEGER = 0x02,
    BIT_STRING = 0x03,
    OCTET_STRING = 0x04,
    UTF8_STRING = 0x0C,
    UTC_TIME = 0x17,
    SEQUENCE = 0x30,
    SET = 0x31,
    CONTEXT_0 = 0xA0,
    CONTEXT_3 = 0xA3,
    SERIAL = 16,
    KEY_ID = 20,
};

static const char ORGANISATION[] = "Limpet Chip Emulator";
static const char ROOT_NAME[] = "Emulated Trust Root";

// ---- DER --------------------------------------------------------------------

static void raw(lp_cs_der_t *out, const void *bytes, size_t len)
{
    memcpy(out->bytes + out->len, bytes, len);
    out->len += len;
}

static void put(lp_cs_der_t *out, uint8_t tag, const void *bytes, size_t len)
{
    uint8_t head[4] = {tag, (uint8_t)len};
    size_t n = 2;
    if (len >= 0x100) {
        head[1] = 0x82;
        head[2] = (uint8_t)(len >> 8);
        head[3] = (uint8_t)len;
        n = 4;
    } else if (len >= 0x80) {
        head[1] = 0x81;
        head[2] = (uint8_t)len;
        n = 3;
    }
    raw(out, head, n);
    raw(out, bytes, len);
}

static void nest(lp_cs_der_t *out, uint8_t tag, const lp_cs_der_t *inner)
{
    put(out, tag, inner->bytes, inner->len);
}

// Big-endian, positive, as short as it gets.
static void put_integer(lp_cs_der_t *out, const uint8_t *bytes, size_t len)
{
    uint8_t padded[33] = {0};
    size_t skip = 0;
    while (skip + 1 < len && bytes[skip] == 0) {
        skip++;
    }
    bool pad = (bytes[skip] & 0x80) != 0;
    memcpy(padded + pad, bytes + skip, len - skip);
    put(out, INTEGER, padded, len - skip + pad);
}

static void put_bits(lp_cs_der_t *out, const void *bytes, size_t len)
{
    lp_cs_der_t bits = {.len = 1}; // no unused bits
    raw(&bits, bytes, len);
    nest(out, BIT_STRING, &bits);
}

// ---- pieces -----------------------------------------------------------------

static void put_algorithm(lp_cs_der_t *out)
{
    static const uint8_t ecdsa_with_sha256[] = {0x06, 0x08, 0x2A, 0x86, 0x48,
                                                0xCE, 0x3D, 0x04, 0x03, 0x02};
    put(out, SEQUENCE, ecdsa_with_sha256, sizeof ecdsa_with_sha256);
}

// 2.5.4.`type`
static void put_attribute(lp_cs_der_t *out, uint8_t type, const char *text)
{
    const uint8_t oid[] = {0x06, 0x03, 0x55, 0x04, type};
    lp_cs_der_t pair = {.len = 0};
    lp_cs_der_t set = {.len = 0};
    raw(&pair, oid, sizeof oid);
    put(&pair, UTF8_STRING, text, strlen(text));
    nest(&set, SEQUENCE, &pair);
    nest(out, SET, &set);
}

static void put_name(lp_cs_der_t *out, const char *common)
{
    lp_cs_der_t name = {.len = 0};
    put_attribute(&name, 10, ORGANISATION);
    put_attribute(&name, 3, common);
    nest(out, SEQUENCE, &name);
}

static void name_of(const lp_cs_cert_t *c, lp_chipsim_cert_t kind, char text[64])
{
    char hex[2 * sizeof c->serial + 1];
    switch (kind) {
    case LP_CHIPSIM_CERT_DEVICE:
        for (size_t i = 0; i < sizeof c->serial; i++) {
            snprintf(hex + 2 * i, 3, "%02X", c->serial[i]);
        }
        snprintf(text, 64, "sn%s", hex);
        return;
    case LP_CHIPSIM_CERT_SIGNER:
        snprintf(text, 64, "Emulated Trust Signer %02X%02X", c->signer_id[0], c->signer_id[1]);
        return;
    case LP_CHIPSIM_CERT_ROOT:
    case LP_CHIPSIM_CERTS:
        break;
    }
    snprintf(text, 64, "%s", ROOT_NAME);
}

// Year, month, day, hour, years to live: 5, 4, 5, 5 and 5 bits. 0 years: to the end of UTCTime.
static void put_validity(lp_cs_der_t *out, const uint8_t d[3])
{
    unsigned year = d[0] >> 3;
    unsigned month = (unsigned)((d[0] & 7) << 1 | d[1] >> 7);
    unsigned day = d[1] >> 2 & 31;
    unsigned hour = (unsigned)((d[1] & 3) << 3 | d[2] >> 5);
    unsigned years = d[2] & 31;
    char text[48];
    lp_cs_der_t times = {.len = 0};
    snprintf(text, sizeof text, "%02u%02u%02u%02u0000Z", year, month, day, hour);
    put(&times, UTC_TIME, text, 13);
    if (years != 0) {
        snprintf(text, sizeof text, "%02u%02u%02u%02u0000Z", year + years, month, day, hour);
    }
    put(&times, UTC_TIME, years != 0 ? text : "491231235959Z", 13);
    nest(out, SEQUENCE, &times);
}

static void put_public_key(lp_cs_der_t *out, const uint8_t pub[64])
{
    static const uint8_t p256[] = {0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06,
                                   0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07};
    uint8_t point[65] = {0x04};
    lp_cs_der_t info = {.len = 0};
    memcpy(point + 1, pub, 64);
    put(&info, SEQUENCE, p256, sizeof p256);
    put_bits(&info, point, sizeof point);
    nest(out, SEQUENCE, &info);
}

// "SHA1 (04 + Public Key X&Y)" (table 3-1)
static void key_id(const uint8_t pub[64], uint8_t id[KEY_ID])
{
    uint8_t point[65] = {0x04};
    memcpy(point + 1, pub, 64);
    SHA1(point, sizeof point, id);
}

// SN source A (section 2.7.2)
static void serial_number(const lp_cs_cert_t *c, uint8_t serial[SERIAL])
{
    uint8_t in[64 + sizeof c->dates];
    uint8_t digest[32];
    memcpy(in, c->pub, 64);
    memcpy(in + 64, c->dates, sizeof c->dates);
    lp_cs_sha(in, sizeof in, digest);
    memcpy(serial, digest, SERIAL);
    serial[0] = (uint8_t)((serial[0] & 0x3F) | 0x40);
}

// ---- extensions -------------------------------------------------------------

// 2.5.29.`id`
static void put_extension(lp_cs_der_t *out, uint8_t id, bool critical, const void *value,
                          size_t len)
{
    static const uint8_t yes[] = {0x01, 0x01, 0xFF};
    const uint8_t oid[] = {0x06, 0x03, 0x55, 0x1D, id};
    lp_cs_der_t one = {.len = 0};
    raw(&one, oid, sizeof oid);
    raw(&one, yes, critical ? sizeof yes : 0);
    put(&one, OCTET_STRING, value, len);
    nest(out, SEQUENCE, &one);
}

static void put_extensions(lp_cs_der_t *out, const lp_cs_cert_t *c)
{
    static const uint8_t no_ca[] = {0x30, 0x00};
    static const uint8_t ca_0[] = {0x30, 0x06, 0x01, 0x01, 0xFF, 0x02, 0x01, 0x00};
    static const uint8_t ca_1[] = {0x30, 0x06, 0x01, 0x01, 0xFF, 0x02, 0x01, 0x01};
    static const uint8_t sign_and_agree[] = {0x03, 0x02, 0x03, 0x88};
    static const uint8_t sign_certs_and_crls[] = {0x03, 0x02, 0x01, 0x06};
    bool is_device = c->kind == LP_CHIPSIM_CERT_DEVICE;
    uint8_t subject_id[2 + KEY_ID] = {OCTET_STRING, KEY_ID};
    uint8_t authority_id[4 + KEY_ID] = {SEQUENCE, 2 + KEY_ID, 0x80, KEY_ID};
    lp_cs_der_t list = {.len = 0};
    lp_cs_der_t sequence = {.len = 0};
    key_id(c->pub, subject_id + 2);
    key_id(c->authority, authority_id + 4);
    if (is_device) {
        put_extension(&list, 19, true, no_ca, sizeof no_ca);
    } else {
        put_extension(&list, 19, true, c->kind == LP_CHIPSIM_CERT_SIGNER ? ca_0 : ca_1,
                      sizeof ca_0);
    }
    put_extension(&list, 15, true, is_device ? sign_and_agree : sign_certs_and_crls,
                  sizeof sign_and_agree);
    put_extension(&list, 14, false, subject_id, sizeof subject_id);
    put_extension(&list, 35, false, authority_id, sizeof authority_id);
    nest(&sequence, SEQUENCE, &list);
    nest(out, CONTEXT_3, &sequence);
}

// ---- the whole --------------------------------------------------------------

static lp_chipsim_cert_t issuer_of(lp_chipsim_cert_t kind)
{
    return kind == LP_CHIPSIM_CERT_DEVICE ? LP_CHIPSIM_CERT_SIGNER : LP_CHIPSIM_CERT_ROOT;
}

void lp_cs_cert_tbs(const lp_cs_cert_t *c, lp_cs_der_t *out)
{
    static const uint8_t version_3[] = {INTEGER, 0x01, 0x02};
    uint8_t serial[SERIAL];
    char name[64];
    lp_cs_der_t tbs = {.len = 0};
    serial_number(c, serial);
    put(&tbs, CONTEXT_0, version_3, sizeof version_3);
    put(&tbs, INTEGER, serial, SERIAL);
    put_algorithm(&tbs);
    name_of(c, issuer_of(c->kind), name);
    put_name(&tbs, name);
    put_validity(&tbs, c->dates);
    name_of(c, c->kind, name);
    put_name(&tbs, name);
    put_public_key(&tbs, c->pub);
    put_extensions(&tbs, c);
    out->len = 0;
    nest(out, SEQUENCE, &tbs);
}

void lp_cs_cert_whole(const lp_cs_cert_t *c, const uint8_t rs[64], lp_cs_der_t *out)
{
    lp_cs_der_t body = {.len = 0};
    lp_cs_der_t pair = {.len = 0};
    lp_cs_der_t signature = {.len = 0};
    lp_cs_cert_tbs(c, &body);
    put_algorithm(&body);
    put_integer(&pair, rs, 32);
    put_integer(&pair, rs + 32, 32);
    nest(&signature, SEQUENCE, &pair);
    put_bits(&body, signature.bytes, signature.len);
    out->len = 0;
    nest(out, SEQUENCE, &body);
}
