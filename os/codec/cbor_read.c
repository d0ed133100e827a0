// SPDX-License-Identifier: Apache-2.0
// The accessors. Their input has been checked, so heads are read without asking twice.
#include <string.h>

#include "cbor_head.h"
#include "limpet/cbor.h"

#define UNTIL_BREAK UINT64_MAX

static lp_cbor_type_t simple_type(const cbor_head_t *h)
{
    if (h->info >= INFO_2_BYTES) {
        return LP_CBOR_FLOAT;
    }
    switch (h->arg) {
    case SIMPLE_FALSE:
    case SIMPLE_TRUE:
        return LP_CBOR_BOOL;
    case SIMPLE_NULL:
        return LP_CBOR_NULL;
    case SIMPLE_UNDEFINED:
        return LP_CBOR_UNDEFINED;
    default:
        return LP_CBOR_SIMPLE;
    }
}

static lp_cbor_type_t classify(lp_cbor_t v, cbor_head_t *h)
{
    if (!lp_cbor_head(v.raw, h)) {
        return LP_CBOR_NONE;
    }
    switch (h->major) {
    case MAJOR_UINT:
        return LP_CBOR_UINT;
    case MAJOR_NINT:
        return LP_CBOR_NINT;
    case MAJOR_BYTES:
        return LP_CBOR_BYTES;
    case MAJOR_TEXT:
        return LP_CBOR_TEXT;
    case MAJOR_ARRAY:
        return LP_CBOR_ARRAY;
    case MAJOR_MAP:
        return LP_CBOR_MAP;
    case MAJOR_TAG:
        return LP_CBOR_TAG;
    case MAJOR_SIMPLE:
        break;
    }
    return simple_type(h);
}

lp_cbor_type_t lp_cbor_type(lp_cbor_t v)
{
    cbor_head_t h;
    return classify(v, &h);
}

lp_err_t lp_cbor_iter(lp_cbor_t container, lp_cbor_iter_t *it)
{
    cbor_head_t h;
    lp_cbor_type_t type = classify(container, &h);
    if (type != LP_CBOR_ARRAY && type != LP_CBOR_MAP) {
        return LP_E_INVALID;
    }
    *it = (lp_cbor_iter_t){
        .rest_ = cbor_after(container.raw, h.len),
        .left_ = h.info == INFO_INDEFINITE ? UNTIL_BREAK : h.arg,
        .is_map_ = type == LP_CBOR_MAP,
    };
    return LP_OK;
}

bool lp_cbor_next(lp_cbor_iter_t *it, lp_cbor_t *key, lp_cbor_t *value)
{
    lp_cbor_t k = {0};
    if (it->left_ == 0 || it->rest_.len == 0 || it->rest_.ptr[0] == CBOR_BREAK) {
        return false;
    }
    if (it->is_map_ && lp_cbor_parse_prefix(it->rest_, &k, &it->rest_) != LP_OK) {
        return false;
    }
    if (lp_cbor_parse_prefix(it->rest_, value, &it->rest_) != LP_OK) {
        return false;
    }
    if (it->left_ != UNTIL_BREAK) {
        it->left_--;
    }
    if (key != NULL) {
        *key = k;
    }
    return true;
}

size_t lp_cbor_count(lp_cbor_t container)
{
    lp_cbor_iter_t it;
    lp_cbor_t v;
    size_t n = 0;
    if (lp_cbor_iter(container, &it) == LP_OK) {
        while (lp_cbor_next(&it, NULL, &v)) {
            n++;
        }
    }
    return n;
}

lp_err_t lp_cbor_get(lp_cbor_t map, const char *key, lp_cbor_t *out)
{
    lp_cbor_iter_t it;
    lp_cbor_t k;
    lp_cbor_t v;
    lp_cbor_t found = {0};
    if (lp_cbor_type(map) != LP_CBOR_MAP || lp_cbor_iter(map, &it) != LP_OK) {
        return LP_E_INVALID;
    }
    while (lp_cbor_next(&it, &k, &v)) {
        if (!lp_cbor_equal_str(k, key)) {
            continue;
        }
        if (found.raw.len > 0) {
            return LP_E_EXISTS;
        }
        found = v;
    }
    if (found.raw.len == 0) {
        return LP_E_NOT_FOUND;
    }
    *out = found;
    return LP_OK;
}

lp_err_t lp_cbor_untag(lp_cbor_t v, uint64_t *number, lp_cbor_t *inner)
{
    cbor_head_t h;
    if (classify(v, &h) != LP_CBOR_TAG) {
        return LP_E_INVALID;
    }
    *number = h.arg;
    inner->raw = cbor_after(v.raw, h.len);
    return LP_OK;
}

lp_err_t lp_cbor_bool(lp_cbor_t v, bool *out)
{
    cbor_head_t h;
    if (classify(v, &h) != LP_CBOR_BOOL) {
        return LP_E_INVALID;
    }
    *out = h.arg == SIMPLE_TRUE;
    return LP_OK;
}

lp_err_t lp_cbor_int(lp_cbor_t v, int64_t min, int64_t max, int64_t *out)
{
    cbor_head_t h;
    lp_cbor_type_t type = classify(v, &h);
    if (type != LP_CBOR_UINT && type != LP_CBOR_NINT) {
        return LP_E_INVALID;
    }
    if (h.arg > INT64_MAX) {
        return LP_E_RANGE;
    }
    int64_t n = type == LP_CBOR_UINT ? (int64_t)h.arg : -1 - (int64_t)h.arg;
    if (n < min || n > max) {
        return LP_E_RANGE;
    }
    *out = n;
    return LP_OK;
}

lp_err_t lp_cbor_magnitude(lp_cbor_t v, uint64_t *out)
{
    cbor_head_t h;
    lp_cbor_type_t type = classify(v, &h);
    if (type != LP_CBOR_UINT && type != LP_CBOR_NINT && type != LP_CBOR_SIMPLE) {
        return LP_E_INVALID;
    }
    *out = h.arg;
    return LP_OK;
}

// The double that equals a smaller float of `exponent` and `mantissa` bits: sign, exponent and
// mantissa move to their new places; numbers without a leading one get it.
static uint64_t widen(uint64_t bits, unsigned exponent_bits, unsigned mantissa_bits)
{
    uint64_t sign = bits >> (exponent_bits + mantissa_bits) & 1;
    uint64_t special = ((uint64_t)1 << exponent_bits) - 1;
    uint64_t exponent = bits >> mantissa_bits & special;
    uint64_t mantissa = (bits & (((uint64_t)1 << mantissa_bits) - 1)) << (52 - mantissa_bits);
    uint64_t shift = 1023 - special / 2;
    if (exponent == special) {
        exponent = 2047;
    } else if (exponent > 0) {
        exponent += shift;
    } else if (mantissa != 0) {
        exponent = shift + 1;
        while ((mantissa & ((uint64_t)1 << 52)) == 0) {
            mantissa <<= 1;
            exponent--;
        }
        mantissa &= ((uint64_t)1 << 52) - 1;
    }
    return sign << 63 | exponent << 52 | mantissa;
}

lp_err_t lp_cbor_float_bits(lp_cbor_t v, uint64_t *bits)
{
    cbor_head_t h;
    if (classify(v, &h) != LP_CBOR_FLOAT) {
        return LP_E_INVALID;
    }
    *bits = h.info == INFO_2_BYTES   ? widen(h.arg, 5, 10)
            : h.info == INFO_4_BYTES ? widen(h.arg, 8, 23)
                                     : h.arg;
    return LP_OK;
}

// The next piece of a string's content; false at its end. *rest starts as the whole item.
static bool next_chunk(lp_span_t *rest, lp_span_t *chunk)
{
    cbor_head_t h;
    if (rest->len > 0 && rest->ptr[0] != CBOR_BREAK && lp_cbor_head(*rest, &h) &&
        h.info == INFO_INDEFINITE) {
        *rest = cbor_after(*rest, h.len);
    }
    if (rest->len == 0 || rest->ptr[0] == CBOR_BREAK || !lp_cbor_head(*rest, &h)) {
        return false;
    }
    *chunk = lp_span(rest->ptr + h.len, (size_t)h.arg);
    *rest = cbor_after(*rest, h.len + chunk->len);
    return true;
}

static bool is_content(lp_cbor_t v)
{
    lp_cbor_type_t type = lp_cbor_type(v);
    return type == LP_CBOR_BYTES || type == LP_CBOR_TEXT;
}

lp_err_t lp_cbor_content(lp_cbor_t v, lp_buf_t *out)
{
    lp_span_t rest = v.raw;
    lp_span_t chunk;
    size_t start = out->len;
    if (!is_content(v)) {
        return LP_E_INVALID;
    }
    while (next_chunk(&rest, &chunk)) {
        if (lp_buf_put(out, chunk) != LP_OK) {
            out->len = start;
            return LP_E_NOSPACE;
        }
    }
    return LP_OK;
}

size_t lp_cbor_content_len(lp_cbor_t v)
{
    lp_span_t rest = v.raw;
    lp_span_t chunk;
    size_t len = 0;
    while (is_content(v) && next_chunk(&rest, &chunk)) {
        len += chunk.len;
    }
    return len;
}

lp_err_t lp_cbor_cstr(lp_cbor_t v, char *dst, size_t cap)
{
    if (lp_cbor_type(v) != LP_CBOR_TEXT) {
        return LP_E_INVALID;
    }
    size_t len = lp_cbor_content_len(v);
    if (len >= cap) {
        return LP_E_NOSPACE;
    }
    lp_buf_t b = lp_buf(dst, cap - 1);
    lp_err_t err = lp_cbor_content(v, &b);
    if (err == LP_OK && len > 0 && memchr(dst, 0, len) != NULL) {
        err = LP_E_FORMAT;
    }
    dst[err == LP_OK ? len : 0] = '\0';
    return err;
}

bool lp_cbor_equal_str(lp_cbor_t v, const char *s)
{
    lp_span_t rest = v.raw;
    lp_span_t chunk;
    size_t left = strlen(s);
    if (lp_cbor_type(v) != LP_CBOR_TEXT) {
        return false;
    }
    while (next_chunk(&rest, &chunk)) {
        if (chunk.len > left || (chunk.len > 0 && memcmp(chunk.ptr, s, chunk.len) != 0)) {
            return false;
        }
        s += chunk.len;
        left -= chunk.len;
    }
    return left == 0;
}
