// SPDX-License-Identifier: Apache-2.0
#include "limpet/der.h"

#include <string.h>

// --- Reader -------------------------------------------------------------------------------------

// Reads the length octets at s[1..]; header_len counts tag and length. X.690 10.1: shortest form.
static lp_err_t read_length(lp_span_t s, size_t *header_len, size_t *value_len)
{
    if (s.len < 2) {
        return LP_E_FORMAT;
    }
    uint8_t first = s.ptr[1];
    if (first < 0x80) {
        *header_len = 2;
        *value_len = first;
        return LP_OK;
    }
    size_t octets = first & 0x7fu;
    if (octets == 0 || octets > 4 || s.len < 2 + octets || s.ptr[2] == 0) {
        return LP_E_FORMAT;
    }
    uint32_t len = 0;
    for (size_t i = 0; i < octets; i++) {
        len = len << 8 | s.ptr[2 + i];
    }
    if (len < 0x80) {
        return LP_E_FORMAT;
    }
    *header_len = 2 + octets;
    *value_len = len;
    return LP_OK;
}

lp_err_t lp_der_next(lp_span_t *in, lp_der_t *out)
{
    if (in->len == 0) {
        return LP_E_NOT_FOUND;
    }
    size_t header_len = 0;
    size_t value_len = 0;
    bool is_low_tag = (in->ptr[0] & 0x1f) != 0x1f && in->ptr[0] != 0;
    if (!is_low_tag || read_length(*in, &header_len, &value_len) != LP_OK ||
        value_len > in->len - header_len) {
        return LP_E_FORMAT;
    }
    size_t whole_len = header_len + value_len;
    out->tag = in->ptr[0];
    out->value = lp_span(in->ptr + header_len, value_len);
    out->whole = lp_span(in->ptr, whole_len);
    *in = lp_span(in->ptr + whole_len, in->len - whole_len);
    return LP_OK;
}

bool lp_der_peek(lp_span_t in, uint8_t tag)
{
    return in.len > 0 && in.ptr[0] == tag;
}

lp_err_t lp_der_expect(lp_span_t *in, uint8_t tag, lp_der_t *out)
{
    lp_der_t element = {0};
    if (!lp_der_peek(*in, tag) || lp_der_next(in, &element) != LP_OK) {
        return LP_E_FORMAT;
    }
    if (out != NULL) {
        *out = element;
    }
    return LP_OK;
}

// X.690 8.3: at least one octet, the first nine bits not all equal; here also not negative.
static bool is_minimal_uint(lp_span_t v)
{
    if (v.len == 0 || (v.ptr[0] & 0x80) != 0) {
        return false;
    }
    return v.len == 1 || v.ptr[0] != 0 || (v.ptr[1] & 0x80) != 0;
}

lp_err_t lp_der_uint(lp_span_t *in, lp_span_t *magnitude)
{
    lp_span_t rest = *in;
    lp_der_t element;
    if (lp_der_expect(&rest, LP_DER_INTEGER, &element) != LP_OK ||
        !is_minimal_uint(element.value)) {
        return LP_E_FORMAT;
    }
    size_t zeros = element.value.ptr[0] == 0 ? 1 : 0;
    *magnitude = lp_span(element.value.ptr + zeros, element.value.len - zeros);
    *in = rest;
    return LP_OK;
}

lp_err_t lp_der_bits(lp_span_t *in, lp_span_t *bytes)
{
    lp_span_t rest = *in;
    lp_der_t element;
    if (lp_der_expect(&rest, LP_DER_BIT_STRING, &element) != LP_OK || element.value.len == 0 ||
        element.value.ptr[0] != 0) {
        return LP_E_FORMAT;
    }
    *bytes = lp_span(element.value.ptr + 1, element.value.len - 1);
    *in = rest;
    return LP_OK;
}

// --- Writer -------------------------------------------------------------------------------------

static void put(lp_der_writer_t *w, lp_span_t bytes)
{
    if (w->err == LP_OK) {
        w->err = lp_buf_put(w->out, bytes);
    }
}

// Length octets for len, shortest form; returns how many.
static size_t length_octets(uint8_t octets[5], size_t len)
{
    if (len < 0x80) {
        octets[0] = (uint8_t)len;
        return 1;
    }
    size_t count = 0;
    for (size_t rest = len; rest > 0; rest >>= 8) {
        count++;
    }
    octets[0] = (uint8_t)(0x80 | count);
    for (size_t i = count; i > 0; i--) {
        octets[i] = (uint8_t)len;
        len >>= 8;
    }
    return count + 1;
}

// One length octet is kept free at first; lp_der_end() moves the contents when more are needed.
size_t lp_der_begin(lp_der_writer_t *w, uint8_t tag)
{
    uint8_t head[2] = {tag, 0};
    put(w, lp_span(head, sizeof head));
    return w->out->len;
}

void lp_der_end(lp_der_writer_t *w, size_t mark)
{
    if (w->err != LP_OK) {
        return;
    }
    uint8_t octets[5];
    size_t len = w->out->len - mark;
    if (len > UINT32_MAX) {
        w->err = LP_E_RANGE;
        return;
    }
    size_t count = length_octets(octets, len);
    if (count - 1 > w->out->cap - w->out->len) {
        w->err = LP_E_NOSPACE;
        return;
    }
    uint8_t *contents = w->out->ptr + mark;
    memmove(contents + count - 1, contents, len);
    memcpy(contents - 1, octets, count);
    w->out->len += count - 1;
}

void lp_der_put(lp_der_writer_t *w, uint8_t tag, lp_span_t value)
{
    size_t mark = lp_der_begin(w, tag);
    put(w, value);
    lp_der_end(w, mark);
}

void lp_der_put_raw(lp_der_writer_t *w, lp_span_t der)
{
    put(w, der);
}

void lp_der_put_uint(lp_der_writer_t *w, lp_span_t magnitude)
{
    static const uint8_t zero = 0;
    while (magnitude.len > 0 && magnitude.ptr[0] == 0) {
        magnitude = lp_span(magnitude.ptr + 1, magnitude.len - 1);
    }
    size_t mark = lp_der_begin(w, LP_DER_INTEGER);
    if (magnitude.len == 0 || (magnitude.ptr[0] & 0x80) != 0) {
        put(w, lp_span(&zero, 1));
    }
    put(w, magnitude);
    lp_der_end(w, mark);
}

void lp_der_put_bits(lp_der_writer_t *w, lp_span_t bytes)
{
    static const uint8_t unused_bits = 0;
    size_t mark = lp_der_begin(w, LP_DER_BIT_STRING);
    put(w, lp_span(&unused_bits, 1));
    put(w, bytes);
    lp_der_end(w, mark);
}

// --- ECDSA signatures ---------------------------------------------------------------------------

enum { HALF = LP_ECDSA_RAW_LEN / 2 };

static bool is_zero(const uint8_t half[HALF])
{
    static const uint8_t zero[HALF] = {0};
    return memcmp(half, zero, HALF) == 0;
}

lp_err_t lp_ecdsa_to_der(lp_buf_t *out, const uint8_t raw[LP_ECDSA_RAW_LEN])
{
    if (is_zero(raw) || is_zero(raw + HALF)) {
        return LP_E_RANGE;
    }
    size_t start = out->len;
    lp_der_writer_t w = {.out = out};
    size_t mark = lp_der_begin(&w, LP_DER_SEQUENCE);
    lp_der_put_uint(&w, lp_span(raw, HALF));
    lp_der_put_uint(&w, lp_span(raw + HALF, HALF));
    lp_der_end(&w, mark);
    if (w.err != LP_OK) {
        out->len = start;
    }
    return w.err;
}

lp_err_t lp_ecdsa_from_der(lp_span_t der, uint8_t raw[LP_ECDSA_RAW_LEN])
{
    lp_der_t sequence;
    lp_span_t r;
    lp_span_t s;
    if (lp_der_expect(&der, LP_DER_SEQUENCE, &sequence) != LP_OK || der.len != 0 ||
        lp_der_uint(&sequence.value, &r) != LP_OK || lp_der_uint(&sequence.value, &s) != LP_OK ||
        sequence.value.len != 0) {
        return LP_E_FORMAT;
    }
    if (r.len == 0 || r.len > HALF || s.len == 0 || s.len > HALF) {
        return LP_E_RANGE;
    }
    memset(raw, 0, LP_ECDSA_RAW_LEN);
    memcpy(raw + HALF - r.len, r.ptr, r.len);
    memcpy(raw + LP_ECDSA_RAW_LEN - s.len, s.ptr, s.len);
    return LP_OK;
}
