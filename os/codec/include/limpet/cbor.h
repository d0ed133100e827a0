// SPDX-License-Identifier: Apache-2.0
// limpet/cbor.h - CBOR without allocation: a strict reader over the bytes themselves, and a writer.
//
// As with limpet/json.h, lp_cbor_parse() checks everything once; after that a value is a view of
// the bytes (borrows them: keep them as long as its values) and the accessors cannot meet malformed
// input.
//
// Strict means well-formed as RFC 8949 has it, text that is UTF-8, and nothing behind the value.
// Integers and lengths may be longer than they need be. Depth is bounded. Duplicate keys: parsing
// accepts them, but lp_cbor_get() refuses a key that occurs twice. Floating point is handed over as
// the 64 bits of an IEEE 754 double, so that machines without one need no library for it.
// @source RFC 8949
// @context any
#ifndef LIMPET_CBOR_H
#define LIMPET_CBOR_H

#include "limpet/err.h"
#include "limpet/span.h"

enum { LP_CBOR_DEPTH_MAX = 16 }; // arrays, maps and tags within each other

typedef enum {
    LP_CBOR_NONE, // no value: what a zeroed lp_cbor_t is
    LP_CBOR_UINT,
    LP_CBOR_NINT, // below zero
    LP_CBOR_BYTES,
    LP_CBOR_TEXT,
    LP_CBOR_ARRAY,
    LP_CBOR_MAP,
    LP_CBOR_TAG,
    LP_CBOR_BOOL,
    LP_CBOR_NULL,
    LP_CBOR_UNDEFINED,
    LP_CBOR_SIMPLE, // another simple value
    LP_CBOR_FLOAT,
} lp_cbor_type_t;

// One data item: exactly its own bytes.
typedef struct {
    lp_span_t raw; // read it, do not make one by hand
} lp_cbor_t;

// Checks `bytes` as one data item and yields it.
// LP_E_FORMAT: not well-formed; LP_E_RANGE: nested deeper than LP_CBOR_DEPTH_MAX.
lp_err_t lp_cbor_parse(lp_span_t bytes, lp_cbor_t *root);

// The same for an item at the start of `bytes`; `rest` is what follows it.
lp_err_t lp_cbor_parse_prefix(lp_span_t bytes, lp_cbor_t *root, lp_span_t *rest);

lp_cbor_type_t lp_cbor_type(lp_cbor_t v);

// The value of the text key `key` of a map. LP_E_INVALID: not a map; LP_E_NOT_FOUND; LP_E_EXISTS:
// the key occurs more than once.
lp_err_t lp_cbor_get(lp_cbor_t map, const char *key, lp_cbor_t *out);

// Walks the elements of an array or the pairs of a map, in their order.
typedef struct {
    lp_span_t rest_;
    uint64_t left_;
    bool is_map_;
} lp_cbor_iter_t;

// LP_E_INVALID: neither array nor map.
lp_err_t lp_cbor_iter(lp_cbor_t container, lp_cbor_iter_t *it);
// False at the end. `key` (may be null) is LP_CBOR_NONE in arrays.
bool lp_cbor_next(lp_cbor_iter_t *it, lp_cbor_t *key, lp_cbor_t *value);
// Elements or pairs; 0 for other types.
size_t lp_cbor_count(lp_cbor_t container);

// The tag's number and what is tagged. LP_E_INVALID: not a tag.
lp_err_t lp_cbor_untag(lp_cbor_t v, uint64_t *number, lp_cbor_t *inner);

// LP_E_INVALID: not a bool.
lp_err_t lp_cbor_bool(lp_cbor_t v, bool *out);
// A whole number within min..max. LP_E_INVALID: not an integer; LP_E_RANGE: outside.
lp_err_t lp_cbor_int(lp_cbor_t v, int64_t min, int64_t max, int64_t *out);
// The magnitude of an integer: n for a LP_CBOR_UINT, -1 - n for a LP_CBOR_NINT; the number of a
// simple value. LP_E_INVALID: none of these.
lp_err_t lp_cbor_magnitude(lp_cbor_t v, uint64_t *out);
// The bits of the double that equals a half, single or double. LP_E_INVALID: not a LP_CBOR_FLOAT.
lp_err_t lp_cbor_float_bits(lp_cbor_t v, uint64_t *bits);

// Appends the content of a text or byte string, chunks joined. LP_E_INVALID: neither;
// LP_E_NOSPACE: nothing was appended.
lp_err_t lp_cbor_content(lp_cbor_t v, lp_buf_t *out);
// The length of that content; 0 for other types.
size_t lp_cbor_content_len(lp_cbor_t v);
// A text as a terminated C string in dst[cap]. LP_E_INVALID: not a text; LP_E_FORMAT: it contains
// U+0000; LP_E_NOSPACE.
lp_err_t lp_cbor_cstr(lp_cbor_t v, char *dst, size_t cap);
// Whether `v` is a text that says exactly `s`.
bool lp_cbor_equal_str(lp_cbor_t v, const char *s);

// The writer. Errors are sticky: write everything, ask lp_cbor_done() once. Heads are the shortest
// possible and floats the shortest that lose nothing (RFC 8949, section 4.1); the order of a map's
// keys is the caller's.
typedef struct {
    lp_buf_t *out_; // borrows
    size_t start_;
    uint64_t left_[LP_CBOR_DEPTH_MAX]; // items still to come in each level
    uint8_t depth_;
    bool is_complete_;
    lp_err_t err_;
} lp_cbor_writer_t;

// Appends to `out`, which must live until lp_cbor_done().
void lp_cbor_init(lp_cbor_writer_t *w, lp_buf_t *out);
// LP_OK: exactly one complete item was appended. Otherwise `out` is as it was before init:
// LP_E_NOSPACE, LP_E_STATE (too many or too few items for the counts given), LP_E_RANGE (too deep),
// LP_E_FORMAT (a text that is not UTF-8).
lp_err_t lp_cbor_done(lp_cbor_writer_t *w);

// Containers say beforehand how many elements, or pairs of key and value, follow.
void lp_cbor_put_array(lp_cbor_writer_t *w, uint32_t elements);
void lp_cbor_put_map(lp_cbor_writer_t *w, uint32_t pairs);
// The next item is the one that is tagged.
void lp_cbor_put_tag(lp_cbor_writer_t *w, uint64_t number);
void lp_cbor_put_uint(lp_cbor_writer_t *w, uint64_t v);
void lp_cbor_put_int(lp_cbor_writer_t *w, int64_t v);
void lp_cbor_put_str(lp_cbor_writer_t *w, const char *s);
void lp_cbor_put_text(lp_cbor_writer_t *w, lp_span_t utf8);
void lp_cbor_put_bytes(lp_cbor_writer_t *w, lp_span_t bytes);
void lp_cbor_put_bool(lp_cbor_writer_t *w, bool v);
void lp_cbor_put_null(lp_cbor_writer_t *w);
void lp_cbor_put_float_bits(lp_cbor_writer_t *w, uint64_t bits);
// An item copied as it is written elsewhere; one that does not exist is written as null.
void lp_cbor_put_value(lp_cbor_writer_t *w, lp_cbor_t v);

#endif
