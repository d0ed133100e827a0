// SPDX-License-Identifier: Apache-2.0
// Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm, signatureValue BIT STRING }
// TBSCertificate ::= SEQUENCE { [0] version, serialNumber, signature, issuer, validity, subject,
//                               subjectPublicKeyInfo, [1] issuerUniqueID, [2] subjectUniqueID,
//                               [3] extensions }                               RFC 5280,
//                               section 4.1
#include "limpet/x509.h"

#include <string.h>

#include "limpet/civil.h"
#include "limpet/der.h"

enum { VERSION = 0xa0, ISSUER_ID = 0x81, SUBJECT_ID = 0x82, EXTENSIONS = 0xa3 };

// id-ecPublicKey with namedCurve secp256r1, then a BIT STRING that holds 04 || X || Y.
static const uint8_t p256_spki_head[] = {
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
    0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
};

_Static_assert(sizeof p256_spki_head + LP_P256_POINT_LEN == LP_P256_SPKI_LEN, "SPKI of P-256");

lp_err_t lp_p256_spki(lp_buf_t *out, const uint8_t point[LP_P256_POINT_LEN])
{
    if (out->cap - out->len < LP_P256_SPKI_LEN) {
        return LP_E_NOSPACE;
    }
    (void)lp_buf_put(out, lp_span(p256_spki_head, sizeof p256_spki_head));
    return lp_buf_put(out, lp_span(point, LP_P256_POINT_LEN));
}

// DER has one encoding for each value, so the head of a P-256 key is always these bytes.
static lp_span_t p256_point(lp_span_t spki)
{
    if (spki.len != LP_P256_SPKI_LEN ||
        memcmp(spki.ptr, p256_spki_head, sizeof p256_spki_head) != 0) {
        return lp_span(NULL, 0);
    }
    return lp_span(spki.ptr + sizeof p256_spki_head, LP_P256_POINT_LEN);
}

// --- Time ---------------------------------------------------------------------------------------

// Reads `count` fields of two digits; false when there is anything else.
static bool two_digit_fields(lp_span_t s, unsigned *fields, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        unsigned tens = s.ptr[2 * i] - (unsigned)'0';
        unsigned ones = s.ptr[2 * i + 1] - (unsigned)'0';
        if (tens > 9 || ones > 9) {
            return false;
        }
        fields[i] = tens * 10 + ones;
    }
    return true;
}

// Century, year, month, day, hour, minute, second, each of two digits.
enum { CENTURY, YEAR, MONTH, DAY, HOUR, MINUTE, SECOND, FIELDS };

// RFC 5280 4.1.2.5: YYMMDDHHMMSSZ up to 2049, YYYYMMDDHHMMSSZ from 2050, always Z and seconds.
static bool read_time_fields(const lp_der_t *e, unsigned f[FIELDS])
{
    bool is_utc = e->tag == LP_DER_UTC_TIME;
    size_t skip = is_utc ? 1 : 0; // UTCTime has no century
    size_t len = 2 * (FIELDS - skip) + 1;
    if ((!is_utc && e->tag != LP_DER_GENERALIZED_TIME) || e->value.len != len ||
        e->value.ptr[len - 1] != 'Z' || !two_digit_fields(e->value, f + skip, FIELDS - skip)) {
        return false;
    }
    if (is_utc) {
        f[CENTURY] = f[YEAR] >= 50 ? 19 : 20;
    }
    return true;
}

static lp_err_t read_time(lp_span_t *in, int64_t *seconds)
{
    lp_der_t e;
    unsigned f[FIELDS] = {0};
    if (lp_der_next(in, &e) != LP_OK || !read_time_fields(&e, f)) {
        return LP_E_FORMAT;
    }
    int32_t year = (int32_t)(f[CENTURY] * 100 + f[YEAR]);
    if (!lp_civil_is_day(year, f[MONTH], f[DAY]) || f[HOUR] > 23 || f[MINUTE] > 59 ||
        f[SECOND] > 59) {
        return LP_E_FORMAT;
    }
    int64_t hours = (int64_t)lp_civil_days(year, f[MONTH], f[DAY]) * 24 + f[HOUR];
    *seconds = (hours * 60 + f[MINUTE]) * 60 + f[SECOND];
    return LP_OK;
}

static lp_err_t read_validity(lp_span_t *in, lp_x509_t *cert)
{
    lp_der_t validity;
    if (lp_der_expect(in, LP_DER_SEQUENCE, &validity) != LP_OK ||
        read_time(&validity.value, &cert->not_before) != LP_OK ||
        read_time(&validity.value, &cert->not_after) != LP_OK || validity.value.len != 0) {
        return LP_E_FORMAT;
    }
    return LP_OK;
}

// --- Certificate --------------------------------------------------------------------------------

static lp_err_t take_sequence(lp_span_t *in, lp_span_t *whole)
{
    lp_der_t e;
    if (lp_der_expect(in, LP_DER_SEQUENCE, &e) != LP_OK) {
        return LP_E_FORMAT;
    }
    *whole = e.whole;
    return LP_OK;
}

// Passes over an optional element.
static lp_err_t skip_optional(lp_span_t *in, uint8_t tag)
{
    return lp_der_peek(*in, tag) ? lp_der_expect(in, tag, NULL) : LP_OK;
}

// [3] EXPLICIT SEQUENCE SIZE (1..MAX) OF Extension
static lp_err_t read_tail(lp_span_t in, lp_x509_t *cert)
{
    lp_der_t wrapper, list;
    if (skip_optional(&in, ISSUER_ID) != LP_OK || skip_optional(&in, SUBJECT_ID) != LP_OK) {
        return LP_E_FORMAT;
    }
    if (in.len == 0) {
        return LP_OK;
    }
    if (lp_der_expect(&in, EXTENSIONS, &wrapper) != LP_OK || in.len != 0 ||
        lp_der_expect(&wrapper.value, LP_DER_SEQUENCE, &list) != LP_OK || wrapper.value.len != 0 ||
        list.value.len == 0) {
        return LP_E_FORMAT;
    }
    cert->extensions = list.value;
    return LP_OK;
}

// [0] EXPLICIT INTEGER, not there for the first version.
static lp_err_t read_version(lp_span_t *in, lp_x509_t *cert)
{
    lp_der_t wrapper;
    lp_span_t number = {0};
    cert->version = 1;
    if (!lp_der_peek(*in, VERSION)) {
        return LP_OK;
    }
    if (lp_der_expect(in, VERSION, &wrapper) != LP_OK ||
        lp_der_uint(&wrapper.value, &number) != LP_OK || wrapper.value.len != 0 ||
        number.len != 1 || number.ptr[0] > 2) {
        return LP_E_FORMAT;
    }
    cert->version = (uint8_t)(number.ptr[0] + 1);
    return LP_OK;
}

static lp_err_t read_tbs(lp_span_t in, lp_x509_t *cert)
{
    if (read_version(&in, cert) != LP_OK || lp_der_uint(&in, &cert->serial) != LP_OK ||
        take_sequence(&in, &cert->algorithm) != LP_OK ||
        take_sequence(&in, &cert->issuer) != LP_OK || read_validity(&in, cert) != LP_OK ||
        take_sequence(&in, &cert->subject) != LP_OK || take_sequence(&in, &cert->spki) != LP_OK) {
        return LP_E_FORMAT;
    }
    cert->p256 = p256_point(cert->spki);
    return read_tail(in, cert);
}

lp_err_t lp_x509_read(lp_span_t der, lp_x509_t *cert)
{
    lp_x509_t c = {0};
    lp_der_t outer;
    lp_der_t tbs;
    lp_span_t algorithm;
    if (lp_der_expect(&der, LP_DER_SEQUENCE, &outer) != LP_OK || der.len != 0) {
        return LP_E_FORMAT;
    }
    lp_span_t in = outer.value;
    if (lp_der_expect(&in, LP_DER_SEQUENCE, &tbs) != LP_OK ||
        take_sequence(&in, &algorithm) != LP_OK || lp_der_bits(&in, &c.signature) != LP_OK ||
        in.len != 0 || read_tbs(tbs.value, &c) != LP_OK || !lp_span_equal(algorithm, c.algorithm)) {
        return LP_E_FORMAT;
    }
    c.tbs = tbs.whole;
    *cert = c;
    return LP_OK;
}

// --- Names --------------------------------------------------------------------------------------

static bool is_string_tag(uint8_t tag)
{
    return tag == LP_DER_UTF8_STRING || tag == LP_DER_PRINTABLE_STRING || tag == LP_DER_IA5_STRING;
}

// RelativeDistinguishedName ::= SET OF SEQUENCE { type OID, value }
static lp_err_t scan_rdn(lp_span_t set, lp_span_t *cn, bool *is_found)
{
    static const uint8_t common_name[] = {0x55, 0x04, 0x03};
    while (set.len > 0) {
        lp_der_t pair;
        lp_der_t type;
        lp_der_t value;
        if (lp_der_expect(&set, LP_DER_SEQUENCE, &pair) != LP_OK ||
            lp_der_expect(&pair.value, LP_DER_OID, &type) != LP_OK ||
            lp_der_next(&pair.value, &value) != LP_OK || pair.value.len != 0) {
            return LP_E_FORMAT;
        }
        if (lp_span_equal(type.value, lp_span(common_name, sizeof common_name)) &&
            is_string_tag(value.tag)) {
            *cn = value.value;
            *is_found = true;
        }
    }
    return LP_OK;
}

lp_err_t lp_x509_common_name(lp_span_t name, lp_span_t *cn)
{
    lp_der_t sequence;
    lp_der_t rdn;
    lp_span_t found = {0};
    bool is_found = false;
    if (lp_der_expect(&name, LP_DER_SEQUENCE, &sequence) != LP_OK || name.len != 0) {
        return LP_E_FORMAT;
    }
    while (sequence.value.len > 0) {
        if (lp_der_expect(&sequence.value, LP_DER_SET, &rdn) != LP_OK ||
            scan_rdn(rdn.value, &found, &is_found) != LP_OK) {
            return LP_E_FORMAT;
        }
    }
    if (!is_found) {
        return LP_E_NOT_FOUND;
    }
    *cn = found;
    return LP_OK;
}
