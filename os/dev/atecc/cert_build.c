// SPDX-License-Identifier: Apache-2.0
// Template and 72 bytes back to a certificate. @source DS20006367A, sections 2.7, 3.1 and 3.2
#include <string.h>

#include "limpet/atecc_cert.h"
#include "limpet/der.h"
#include "limpet/fmt.h"
#include "limpet/sha1.h"
#include "limpet/sha256.h"

enum { AT_DATES = 64, DATES_LEN = 3, HEADER_LEN = 4, UTC_LEN = 13, GENERALIZED_LEN = 15 };

typedef struct {
    const lp_atecc_cert_t *cert;
    const uint8_t *raw; // the 72 bytes
    const lp_atecc_cert_inputs_t *in;
} source_t;

// ---- one place each ----------------------------------------------------------------------------

static lp_err_t put_copy(uint8_t *to, size_t len, const uint8_t *from, size_t from_len)
{
    if (from == NULL) {
        return LP_E_INVALID;
    }
    if (len != from_len) {
        return LP_E_FORMAT;
    }
    memcpy(to, from, len);
    return LP_OK;
}

static lp_err_t put_time(uint8_t *to, size_t len, const lp_atecc_cert_dates_t *d, unsigned year)
{
    char text[GENERALIZED_LEN + 1];
    if (len != UTC_LEN && len != GENERALIZED_LEN) {
        return LP_E_FORMAT;
    }
    if (len == UTC_LEN && year >= 2050) {
        return LP_E_RANGE;
    }
    (void)lp_fmt_str(text, sizeof text, "%04u%02u%02u%02u0000Z", year, d->month, d->day, d->hour);
    memcpy(to, text + (GENERALIZED_LEN - len), len);
    return LP_OK;
}

// "No end" is the last moment that the format can say.
static lp_err_t put_not_after(uint8_t *to, size_t len, const lp_atecc_cert_dates_t *d)
{
    static const char never[] = "99991231235959Z";
    static const char never_utc[] = "491231235959Z";
    if (d->expire_years != 0) {
        return put_time(to, len, d, (unsigned)d->year + d->expire_years);
    }
    if (len != UTC_LEN && len != GENERALIZED_LEN) {
        return LP_E_FORMAT;
    }
    memcpy(to, len == UTC_LEN ? never_utc : never, len);
    return LP_OK;
}

static lp_err_t put_signer_id(uint8_t *to, size_t len, uint16_t id)
{
    char text[5];
    (void)lp_fmt_str(text, sizeof text, "%04X", id);
    return put_copy(to, len, (const uint8_t *)text, 4);
}

static lp_err_t put_device_serial(uint8_t *to, size_t len, const uint8_t *serial)
{
    char text[2 * LP_ATECC_SERIAL_LEN + 1];
    if (serial == NULL) {
        return LP_E_INVALID;
    }
    for (size_t i = 0; i < LP_ATECC_SERIAL_LEN; i++) {
        (void)lp_fmt_str(text + 2 * i, 3, "%02X", serial[i]);
    }
    return put_copy(to, len, (const uint8_t *)text, sizeof text - 1);
}

static lp_err_t put_key_id(uint8_t *to, size_t len, const uint8_t *pub)
{
    uint8_t point[65] = {0x04};
    uint8_t id[LP_SHA1_LEN];
    if (pub == NULL) {
        return LP_E_INVALID;
    }
    memcpy(point + 1, pub, 64);
    lp_sha1(lp_span(point, sizeof point), id);
    return put_copy(to, len, id, sizeof id);
}

// Positive and not to be shortened: the two highest bits are 01.
static void mark_serial(uint8_t *serial)
{
    serial[0] = (uint8_t)((serial[0] & 0x3F) | 0x40);
}

static lp_err_t put_hash(uint8_t *to, size_t len, const uint8_t *what, size_t what_len,
                         const uint8_t *raw)
{
    uint8_t digest[LP_SHA256_LEN];
    lp_sha256_t h;
    if (what == NULL) {
        return LP_E_INVALID;
    }
    if (len == 0 || len > LP_ATECC_CERT_SERIAL_MAX) {
        return LP_E_FORMAT;
    }
    lp_sha256_init(&h);
    lp_sha256_update(&h, lp_span(what, what_len));
    lp_sha256_update(&h, lp_span(raw + AT_DATES, DATES_LEN));
    lp_sha256_final(&h, digest);
    memcpy(to, digest, len);
    mark_serial(to);
    return LP_OK;
}

static lp_err_t put_prefixed(uint8_t *to, size_t len, const uint8_t *what, size_t what_len)
{
    if (len != what_len + 1) {
        return LP_E_FORMAT;
    }
    to[0] = 0x40;
    return put_copy(to + 1, len - 1, what, what_len);
}

static lp_err_t put_serial(uint8_t *to, size_t len, const source_t *s)
{
    const uint8_t id[2] = {(uint8_t)(s->cert->signer_id >> 8), (uint8_t)s->cert->signer_id};
    const lp_span_t stored = s->in->stored_serial;
    switch (s->cert->sn_source) {
    case LP_ATECC_SN_STORED:
    case LP_ATECC_SN_STORED_DYNAMIC:
        return put_copy(to, len, stored.ptr, stored.len);
    case LP_ATECC_SN_DEVICE:
        return put_prefixed(to, len, s->in->device_serial, LP_ATECC_SERIAL_LEN);
    case LP_ATECC_SN_SIGNER_ID:
        return put_prefixed(to, len, id, sizeof id);
    case LP_ATECC_SN_PUB_HASH:
        return put_hash(to, len, s->in->pub, 64, s->raw);
    case LP_ATECC_SN_DEVICE_HASH:
        return put_hash(to, len, s->in->device_serial, LP_ATECC_SERIAL_LEN, s->raw);
    default:
        return LP_E_UNSUPPORTED;
    }
}

static lp_err_t put_part(uint8_t *to, const lp_atecc_cert_place_t *p, const source_t *s)
{
    const lp_atecc_cert_dates_t *dates = &s->cert->dates;
    switch (p->part) {
    case LP_ATECC_CERT_PUBLIC_KEY:
        return put_copy(to, p->len, s->in->pub, 64);
    case LP_ATECC_CERT_SERIAL:
        return put_serial(to, p->len, s);
    case LP_ATECC_CERT_NOT_BEFORE:
        return put_time(to, p->len, dates, dates->year);
    case LP_ATECC_CERT_NOT_AFTER:
        return put_not_after(to, p->len, dates);
    case LP_ATECC_CERT_SIGNER_ID:
        return put_signer_id(to, p->len, s->cert->signer_id);
    case LP_ATECC_CERT_DEVICE_SERIAL:
        return put_device_serial(to, p->len, s->in->device_serial);
    case LP_ATECC_CERT_SUBJECT_KEY_ID:
        return put_key_id(to, p->len, s->in->pub);
    case LP_ATECC_CERT_AUTHORITY_KEY_ID:
        return put_key_id(to, p->len, s->in->authority_pub);
    }
    return LP_E_FORMAT;
}

// ---- the whole ---------------------------------------------------------------------------------

static bool is_template_good(const lp_atecc_cert_template_t *t)
{
    if (t->prefix.len < HEADER_LEN || t->prefix.ptr[0] != LP_DER_SEQUENCE ||
        t->prefix.ptr[1] != 0x82 || t->tbs_len > t->prefix.len - HEADER_LEN) {
        return false;
    }
    for (size_t i = 0; i < t->places_len; i++) {
        const lp_atecc_cert_place_t *p = &t->places[i];
        if (p->offset < HEADER_LEN || p->len > t->prefix.len ||
            p->offset > t->prefix.len - p->len) {
            return false;
        }
    }
    return true;
}

// The template with every place filled, appended to `out`; *cert gets the unpacked bytes.
static lp_err_t fill(const lp_atecc_cert_template_t *t, const uint8_t *raw,
                     const lp_atecc_cert_inputs_t *inputs, lp_buf_t *out, lp_atecc_cert_t *cert)
{
    lp_err_t err = lp_atecc_cert_unpack(raw, cert);
    if (err != LP_OK || !is_template_good(t)) {
        return LP_E_FORMAT;
    }
    if (cert->template_id != t->template_id || cert->chain_id != t->chain_id) {
        return LP_E_NOT_FOUND;
    }
    if (out->cap - out->len < t->prefix.len) {
        return LP_E_NOSPACE;
    }
    uint8_t *at = out->ptr + out->len;
    const source_t source = {.cert = cert, .raw = raw, .in = inputs};
    memcpy(at, t->prefix.ptr, t->prefix.len);
    for (size_t i = 0; i < t->places_len && err == LP_OK; i++) {
        err = put_part(at + t->places[i].offset, &t->places[i], &source);
    }
    return err;
}

lp_err_t lp_atecc_cert_build(const lp_atecc_cert_template_t *t, const uint8_t in[LP_ATECC_CERT_LEN],
                             const lp_atecc_cert_inputs_t *inputs, lp_buf_t *out)
{
    lp_atecc_cert_t cert;
    uint8_t der[LP_ECDSA_DER_MAX];
    lp_buf_t sig = lp_buf(der, sizeof der);
    const size_t start = out->len;
    lp_err_t err = fill(t, in, inputs, out, &cert);
    if (err != LP_OK) {
        return err;
    }
    if (lp_ecdsa_to_der(&sig, cert.signature) != LP_OK) {
        return LP_E_FORMAT;
    }
    lp_buf_t rest = *out;
    rest.len = start + t->prefix.len;
    lp_der_writer_t w = {.out = &rest};
    lp_der_put_bits(&w, lp_buf_span(&sig));
    if (w.err != LP_OK) {
        return w.err;
    }
    const size_t body = rest.len - start - HEADER_LEN;
    out->len = rest.len;
    out->ptr[start + 2] = (uint8_t)(body >> 8);
    out->ptr[start + 3] = (uint8_t)body;
    return LP_OK;
}

lp_err_t lp_atecc_cert_digest(const lp_atecc_cert_template_t *t,
                              const uint8_t in[LP_ATECC_CERT_LEN],
                              const lp_atecc_cert_inputs_t *inputs, lp_buf_t *work,
                              uint8_t digest[32])
{
    lp_atecc_cert_t cert;
    const lp_err_t err = fill(t, in, inputs, work, &cert);
    if (err == LP_OK) {
        lp_sha256(lp_span(work->ptr + work->len + HEADER_LEN, t->tbs_len), digest);
    }
    return err;
}
