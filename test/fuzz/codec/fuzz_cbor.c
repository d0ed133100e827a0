// SPDX-License-Identifier: Apache-2.0
// Any bytes: reading either fails or yields values that all accessors agree about, and that survive
// being written and read again.
#include <string.h>

#include "fuzz.h"
#include "limpet/cbor.h"

enum { CAP = 1 << 16 };

static uint8_t content[CAP];
static uint8_t written[CAP];

static void copy(lp_cbor_writer_t *w, lp_cbor_t v, unsigned depth);

static void copy_container(lp_cbor_writer_t *w, lp_cbor_t v, unsigned depth)
{
    lp_cbor_iter_t it;
    lp_cbor_t key;
    lp_cbor_t value;
    size_t count = 0;
    bool is_map = lp_cbor_type(v) == LP_CBOR_MAP;
    if (is_map) {
        lp_cbor_put_map(w, (uint32_t)lp_cbor_count(v));
        (void)lp_cbor_get(v, "a", &value);
    } else {
        lp_cbor_put_array(w, (uint32_t)lp_cbor_count(v));
    }
    MUST(lp_cbor_iter(v, &it) == LP_OK);
    while (lp_cbor_next(&it, &key, &value)) {
        MUST(value.raw.ptr > v.raw.ptr);
        MUST(value.raw.ptr + value.raw.len <= v.raw.ptr + v.raw.len);
        MUST((lp_cbor_type(key) != LP_CBOR_NONE) == is_map);
        if (is_map) {
            copy(w, key, depth + 1);
        }
        copy(w, value, depth + 1);
        count++;
    }
    MUST(count == lp_cbor_count(v));
}

static void copy_string(lp_cbor_writer_t *w, lp_cbor_t v)
{
    char text[32];
    lp_buf_t b = lp_buf(content, sizeof content);
    MUST(lp_cbor_content(v, &b) == LP_OK && b.len == lp_cbor_content_len(v));
    if (lp_cbor_type(v) == LP_CBOR_BYTES) {
        lp_cbor_put_bytes(w, lp_buf_span(&b));
        return;
    }
    if (lp_cbor_cstr(v, text, sizeof text) == LP_OK) {
        MUST(lp_cbor_equal_str(v, text));
    }
    lp_cbor_put_text(w, lp_buf_span(&b));
}

static void copy_integer(lp_cbor_writer_t *w, lp_cbor_t v)
{
    int64_t n = 0;
    uint64_t magnitude = 0;
    MUST(lp_cbor_magnitude(v, &magnitude) == LP_OK);
    if (lp_cbor_int(v, INT64_MIN, INT64_MAX, &n) == LP_OK) {
        lp_cbor_put_int(w, n);
    } else {
        lp_cbor_put_value(w, v);
    }
}

static void copy(lp_cbor_writer_t *w, lp_cbor_t v, unsigned depth)
{
    uint64_t n = 0;
    bool b = false;
    lp_cbor_t inner;
    MUST(depth <= LP_CBOR_DEPTH_MAX);
    switch (lp_cbor_type(v)) {
    case LP_CBOR_NONE:
        abort();
    case LP_CBOR_UINT:
    case LP_CBOR_NINT:
        copy_integer(w, v);
        break;
    case LP_CBOR_BYTES:
    case LP_CBOR_TEXT:
        copy_string(w, v);
        break;
    case LP_CBOR_ARRAY:
    case LP_CBOR_MAP:
        copy_container(w, v, depth);
        break;
    case LP_CBOR_TAG:
        MUST(lp_cbor_untag(v, &n, &inner) == LP_OK);
        lp_cbor_put_tag(w, n);
        copy(w, inner, depth + 1);
        break;
    case LP_CBOR_BOOL:
        MUST(lp_cbor_bool(v, &b) == LP_OK);
        lp_cbor_put_bool(w, b);
        break;
    case LP_CBOR_FLOAT:
        MUST(lp_cbor_float_bits(v, &n) == LP_OK);
        lp_cbor_put_float_bits(w, n);
        break;
    case LP_CBOR_NULL:
        lp_cbor_put_null(w);
        break;
    case LP_CBOR_UNDEFINED:
    case LP_CBOR_SIMPLE:
        lp_cbor_put_value(w, v);
        break;
    }
}

// Writes `v` with the shortest heads; the result says the same when it is written once more. It is
// not longer, but for one byte where an end mark has become a number of 256 or more.
static lp_cbor_t rewrite(lp_cbor_t v, uint8_t *mem)
{
    lp_buf_t out = lp_buf(mem, CAP);
    lp_cbor_writer_t w;
    lp_cbor_t again;
    lp_cbor_init(&w, &out);
    copy(&w, v, 0);
    MUST(lp_cbor_done(&w) == LP_OK);
    MUST(out.len <= v.raw.len + v.raw.len / 256);
    MUST(lp_cbor_parse(lp_buf_span(&out), &again) == LP_OK);
    return again;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t twice[CAP];
    lp_cbor_t v;
    lp_span_t rest;
    if (size > CAP / 2 || lp_cbor_parse_prefix(lp_span(data, size), &v, &rest) != LP_OK) {
        return 0;
    }
    MUST(v.raw.len + rest.len == size);
    lp_cbor_t once = rewrite(v, written);
    lp_cbor_t again = rewrite(once, twice);
    MUST(lp_span_equal(once.raw, again.raw));
    return 0;
}
