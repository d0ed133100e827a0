// SPDX-License-Identifier: Apache-2.0
// Extension ::= SEQUENCE { extnID OID, critical BOOLEAN DEFAULT FALSE, extnValue OCTET STRING }
//
// All that are understood are called 2.5.29.n. What is critical and not understood makes the whole
// certificate one that must not be used.
#include <string.h>

#include "limpet/der.h"
#include "limpet/x509.h"

enum { KEY_USAGE = 15, ALT_NAME = 17, BASIC = 19, EXT_KEY_USAGE = 37 };
enum { DNS_NAME = 0x82, IP_ADDRESS = 0x87, WILDCARD_MIN = 3 };

static lp_err_t read_flag(lp_span_t *in, bool *flag)
{
    lp_der_t e;
    if (!lp_der_peek(*in, LP_DER_BOOLEAN)) {
        return LP_OK;
    }
    if (lp_der_expect(in, LP_DER_BOOLEAN, &e) != LP_OK || e.value.len != 1) {
        return LP_E_FORMAT;
    }
    *flag = e.value.ptr[0] != 0;
    return LP_OK;
}

// BasicConstraints ::= SEQUENCE { cA BOOLEAN DEFAULT FALSE, pathLenConstraint INTEGER OPTIONAL }
static lp_err_t read_basic(lp_span_t in, lp_x509_ext_t *ext)
{
    lp_der_t e;
    lp_span_t len;
    if (lp_der_expect(&in, LP_DER_SEQUENCE, &e) != LP_OK || in.len != 0 ||
        read_flag(&e.value, &ext->is_ca) != LP_OK) {
        return LP_E_FORMAT;
    }
    if (e.value.len == 0) {
        return LP_OK;
    }
    if (lp_der_uint(&e.value, &len) != LP_OK || e.value.len != 0) {
        return LP_E_FORMAT;
    }
    ext->has_path_max = len.len <= 1; // more than 255 is as good as no limit
    ext->path_max = len.len == 1 ? len.ptr[0] : 0;
    return LP_OK;
}

// BIT STRING, the first bit in the highest place.
static lp_err_t read_usage(lp_span_t in, lp_x509_ext_t *ext)
{
    lp_der_t e;
    if (lp_der_expect(&in, LP_DER_BIT_STRING, &e) != LP_OK || in.len != 0 || e.value.len < 2 ||
        e.value.ptr[0] > 7) {
        return LP_E_FORMAT;
    }
    ext->has_usage = true;
    ext->usage = e.value.ptr[1];
    return LP_OK;
}

// A SEQUENCE that is not empty and holds whole elements.
static lp_err_t read_list(lp_span_t in, lp_span_t *list)
{
    lp_der_t e, item;
    if (lp_der_expect(&in, LP_DER_SEQUENCE, &e) != LP_OK || in.len != 0 || e.value.len == 0) {
        return LP_E_FORMAT;
    }
    *list = e.value;
    while (e.value.len > 0) {
        if (lp_der_next(&e.value, &item) != LP_OK) {
            return LP_E_FORMAT;
        }
    }
    return LP_OK;
}

static lp_err_t read_known(uint8_t number, lp_span_t value, lp_x509_ext_t *ext)
{
    switch (number) {
    case KEY_USAGE:
        return ext->has_usage ? LP_E_FORMAT : read_usage(value, ext);
    case ALT_NAME:
        return ext->names.len > 0 ? LP_E_FORMAT : read_list(value, &ext->names);
    case BASIC:
        if (ext->has_basic) {
            return LP_E_FORMAT;
        }
        ext->has_basic = true;
        return read_basic(value, ext);
    case EXT_KEY_USAGE:
        return ext->purposes.len > 0 ? LP_E_FORMAT : read_list(value, &ext->purposes);
    default:
        return LP_E_UNSUPPORTED;
    }
}

static lp_err_t read_one(lp_span_t in, lp_x509_ext_t *ext)
{
    static const uint8_t arc[] = {0x55, 0x1d}; // 2.5.29
    lp_der_t oid, value;
    bool is_critical = false;
    if (lp_der_expect(&in, LP_DER_OID, &oid) != LP_OK || read_flag(&in, &is_critical) != LP_OK ||
        lp_der_expect(&in, LP_DER_OCTET_STRING, &value) != LP_OK || in.len != 0) {
        return LP_E_FORMAT;
    }
    lp_err_t err = LP_E_UNSUPPORTED;
    if (oid.value.len == sizeof arc + 1 && memcmp(oid.value.ptr, arc, sizeof arc) == 0) {
        err = read_known(oid.value.ptr[sizeof arc], value.value, ext);
    }
    return err == LP_E_UNSUPPORTED && !is_critical ? LP_OK : err;
}

lp_err_t lp_x509_read_extensions(lp_span_t extensions, lp_x509_ext_t *ext)
{
    lp_x509_ext_t x = {0};
    while (extensions.len > 0) {
        lp_der_t e;
        if (lp_der_expect(&extensions, LP_DER_SEQUENCE, &e) != LP_OK) {
            return LP_E_FORMAT;
        }
        const lp_err_t err = read_one(e.value, &x);
        if (err != LP_OK) {
            return err;
        }
    }
    *ext = x;
    return LP_OK;
}

bool lp_x509_is_for(const lp_x509_ext_t *ext, lp_span_t purpose)
{
    static const uint8_t any[] = {0x55, 0x1d, 0x25, 0x00};
    lp_span_t list = ext->purposes;
    lp_der_t e;
    if (list.len == 0) {
        return true;
    }
    while (lp_der_next(&list, &e) == LP_OK) {
        if (e.tag == LP_DER_OID &&
            (lp_span_equal(e.value, purpose) || lp_span_equal(e.value, lp_span(any, sizeof any)))) {
            return true;
        }
    }
    return false;
}

// --- Names --------------------------------------------------------------------------------------

bool lp_x509_next_name(lp_span_t *names, lp_x509_name_t *name)
{
    lp_der_t e;
    while (lp_der_next(names, &e) == LP_OK) {
        if (e.tag == DNS_NAME || e.tag == IP_ADDRESS) {
            *name = (lp_x509_name_t){.is_ip = e.tag == IP_ADDRESS, .value = e.value};
            return true;
        }
    }
    return false;
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

static bool is_same_text(lp_span_t a, lp_span_t b)
{
    if (a.len != b.len) {
        return false;
    }
    for (size_t i = 0; i < a.len; i++) {
        if (lower(a.ptr[i]) != lower(b.ptr[i])) {
            return false;
        }
    }
    return true;
}

// "*.example.org" is for one label in front of ".example.org", whole and not empty.
static bool matches(lp_span_t pattern, lp_span_t host)
{
    if (is_same_text(pattern, host)) {
        return true;
    }
    if (pattern.len < WILDCARD_MIN || pattern.ptr[0] != '*' || pattern.ptr[1] != '.') {
        return false;
    }
    const uint8_t *dot = memchr(host.ptr, '.', host.len);
    const size_t label = dot != NULL ? (size_t)(dot - host.ptr) : 0;
    return label > 0 &&
           is_same_text(lp_span(pattern.ptr + 1, pattern.len - 1), lp_span(dot, host.len - label));
}

bool lp_x509_is_host(const lp_x509_t *cert, const lp_x509_ext_t *ext, lp_span_t host)
{
    lp_span_t names = ext->names, cn;
    lp_x509_name_t name;
    if (names.len == 0) {
        return lp_x509_common_name(cert->subject, &cn) == LP_OK && matches(cn, host);
    }
    while (lp_x509_next_name(&names, &name)) {
        if (!name.is_ip && matches(name.value, host)) {
            return true;
        }
    }
    return false;
}

bool lp_x509_is_address(const lp_x509_ext_t *ext, lp_span_t address)
{
    lp_span_t names = ext->names;
    lp_x509_name_t name;
    while (lp_x509_next_name(&names, &name)) {
        if (name.is_ip && lp_span_equal(name.value, address)) {
            return true;
        }
    }
    return false;
}
