// SPDX-License-Identifier: Apache-2.0
// CertificationRequest ::= SEQUENCE { info, signatureAlgorithm, signature BIT STRING }
// CertificationRequestInfo ::= SEQUENCE { version 0, subject Name, subjectPKInfo, [0] attributes }
//                                                                              RFC 2986, section 4
#include "limpet/der.h"
#include "limpet/utf8.h"
#include "limpet/x509.h"

enum { NAME_CHARS_MAX = 64, ATTRIBUTES = 0xa0 };

static const uint8_t oid_common_name[] = {0x55, 0x04, 0x03};
static const uint8_t oid_serial_number[] = {0x55, 0x04, 0x05};
static const uint8_t oid_ecdsa_sha256[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};

// UTF-8 without control characters, 1..64 characters (RFC 5280, upper bound ub-common-name).
static bool is_common_name(lp_span_t s)
{
    size_t count = 0;
    while (s.len > 0) {
        uint32_t cp = 0;
        size_t len = lp_utf8_next(s, &cp);
        if (len == 0 || cp < 0x20 || (cp >= 0x7f && cp < 0xa0)) {
            return false;
        }
        s = lp_span(s.ptr + len, s.len - len);
        count++;
    }
    return count >= 1 && count <= NAME_CHARS_MAX;
}

static bool is_printable(uint8_t c)
{
    static const char others[] = " '()+,-./:=?";
    if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')) {
        return true;
    }
    for (size_t i = 0; i < sizeof others - 1; i++) {
        if (c == (uint8_t)others[i]) {
            return true;
        }
    }
    return false;
}

// PrintableString; empty means that there is none.
static bool is_serial_number(lp_span_t s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (!is_printable(s.ptr[i])) {
            return false;
        }
    }
    return s.len <= NAME_CHARS_MAX;
}

static void put_rdn(lp_der_writer_t *w, lp_span_t oid, uint8_t tag, lp_span_t value)
{
    size_t set = lp_der_begin(w, LP_DER_SET);
    size_t pair = lp_der_begin(w, LP_DER_SEQUENCE);
    lp_der_put(w, LP_DER_OID, oid);
    lp_der_put(w, tag, value);
    lp_der_end(w, pair);
    lp_der_end(w, set);
}

static void put_subject(lp_der_writer_t *w, const lp_csr_t *csr)
{
    size_t name = lp_der_begin(w, LP_DER_SEQUENCE);
    put_rdn(w, lp_span(oid_common_name, sizeof oid_common_name), LP_DER_UTF8_STRING,
            csr->common_name);
    if (csr->serial_number.len > 0) {
        put_rdn(w, lp_span(oid_serial_number, sizeof oid_serial_number), LP_DER_PRINTABLE_STRING,
                csr->serial_number);
    }
    lp_der_end(w, name);
}

static void put_spki(lp_der_writer_t *w, const uint8_t *point)
{
    if (w->err == LP_OK) {
        w->err = lp_p256_spki(w->out, point);
    }
}

lp_err_t lp_csr_build(lp_buf_t *out, const lp_csr_t *csr)
{
    if (csr->point == NULL || !is_common_name(csr->common_name) ||
        !is_serial_number(csr->serial_number)) {
        return LP_E_INVALID;
    }
    size_t start = out->len;
    lp_der_writer_t w = {.out = out};
    size_t info = lp_der_begin(&w, LP_DER_SEQUENCE);
    lp_der_put_uint(&w, lp_span(NULL, 0));
    put_subject(&w, csr);
    put_spki(&w, csr->point);
    lp_der_put(&w, ATTRIBUTES, lp_span(NULL, 0));
    lp_der_end(&w, info);
    if (w.err != LP_OK) {
        out->len = start;
    }
    return w.err;
}

static void put_algorithm(lp_der_writer_t *w)
{
    size_t algorithm = lp_der_begin(w, LP_DER_SEQUENCE);
    lp_der_put(w, LP_DER_OID, lp_span(oid_ecdsa_sha256, sizeof oid_ecdsa_sha256));
    lp_der_end(w, algorithm);
}

lp_err_t lp_csr_finish(lp_buf_t *out, lp_span_t info, const uint8_t signature[64])
{
    uint8_t der[LP_ECDSA_DER_MAX];
    lp_buf_t sig = lp_buf(der, sizeof der);
    lp_err_t err = lp_ecdsa_to_der(&sig, signature);
    if (err != LP_OK) {
        return err;
    }
    size_t start = out->len;
    lp_der_writer_t w = {.out = out};
    size_t request = lp_der_begin(&w, LP_DER_SEQUENCE);
    lp_der_put_raw(&w, info);
    put_algorithm(&w);
    lp_der_put_bits(&w, lp_buf_span(&sig));
    lp_der_end(&w, request);
    if (w.err != LP_OK) {
        out->len = start;
    }
    return w.err;
}
