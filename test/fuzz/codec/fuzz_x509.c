// SPDX-License-Identifier: Apache-2.0
// Any bytes as a certificate, as DER to walk, and as a signature.
#include <string.h>

#include "fuzz.h"
#include "limpet/der.h"
#include "limpet/x509.h"

enum { DEPTH = 16 };

static void within(lp_span_t part, lp_span_t whole)
{
    MUST(part.len == 0 || (part.ptr >= whole.ptr && part.ptr + part.len <= whole.ptr + whole.len));
}

// Walks and writes again: DER has one encoding for each value.
static void walk(lp_span_t in, lp_der_writer_t *w, unsigned depth)
{
    lp_der_t e;
    while (lp_der_next(&in, &e) == LP_OK) {
        within(e.value, e.whole);
        size_t mark = lp_der_begin(w, e.tag);
        if ((e.tag & 0x20) != 0 && depth < DEPTH) {
            walk(e.value, w, depth + 1);
        } else {
            lp_der_put_raw(w, e.value);
        }
        lp_der_end(w, mark);
    }
    lp_der_put_raw(w, in); // what is not DER any more
}

static void try_extensions(const lp_x509_t *c)
{
    lp_x509_ext_t ext;
    lp_x509_name_t name;
    within(c->extensions, c->tbs);
    within(c->algorithm, c->tbs);
    if (lp_x509_read_extensions(c->extensions, &ext) != LP_OK) {
        return;
    }
    within(ext.purposes, c->extensions);
    within(ext.names, c->extensions);
    lp_span_t names = ext.names;
    while (lp_x509_next_name(&names, &name)) {
        within(name.value, ext.names);
        // What a certificate names it is for.
        MUST(name.is_ip ? lp_x509_is_address(&ext, name.value)
                        : lp_x509_is_host(c, &ext, name.value));
    }
    (void)lp_x509_is_for(&ext, lp_span_str("x"));
    (void)lp_x509_is_host(c, &ext, lp_span_str("localhost"));
}

static void try_certificate(lp_span_t der)
{
    lp_x509_t c;
    lp_span_t cn;
    if (lp_x509_read(der, &c) != LP_OK) {
        return;
    }
    within(c.tbs, der);
    within(c.serial, c.tbs);
    within(c.spki, c.tbs);
    within(c.p256, c.spki);
    within(c.signature, der);
    try_extensions(&c);
    MUST(c.p256.len == 0 || c.p256.len == LP_P256_POINT_LEN);
    if (lp_x509_common_name(c.subject, &cn) == LP_OK) {
        within(cn, c.subject);
    }
    (void)lp_x509_common_name(c.issuer, &cn);
}

static void try_signature(lp_span_t der)
{
    uint8_t raw[LP_ECDSA_RAW_LEN];
    uint8_t mem[LP_ECDSA_DER_MAX];
    lp_buf_t b = lp_buf(mem, sizeof mem);
    if (lp_ecdsa_from_der(der, raw) == LP_OK) {
        MUST(lp_ecdsa_to_der(&b, raw) == LP_OK);
        MUST(lp_span_equal(lp_buf_span(&b), der));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t mem[1 << 16];
    lp_span_t in = lp_span(data, size);
    if (size > sizeof mem / 2) {
        return 0;
    }
    lp_buf_t b = lp_buf(mem, sizeof mem);
    lp_der_writer_t w = {.out = &b};
    walk(in, &w, 0);
    MUST(w.err == LP_OK && lp_span_equal(lp_buf_span(&b), in));
    try_certificate(in);
    try_signature(in);
    return 0;
}
