// SPDX-License-Identifier: Apache-2.0
// limpet/json.h - JSON without allocation: a strict reader over the text itself, and a writer.
//
// lp_json_parse() checks the whole text once; after that a value is a view of the text (borrows it:
// keep the text as long as its values) and the accessors cannot meet malformed input.
//
// Strict means RFC 8259 to the letter: UTF-8 without a byte order mark, no lone surrogates, no
// trailing commas, no comments, nothing but white space behind the value. Depth is bounded.
// Duplicate keys: parsing accepts them, as the RFC does, but lp_json_get() refuses a key that
// occurs twice, so that two readers can never see two different values. Keys compare after
// unescaping.
// @source RFC 8259
// @context any
#ifndef LIMPET_JSON_H
#define LIMPET_JSON_H

#include "limpet/err.h"
#include "limpet/span.h"

enum { LP_JSON_DEPTH_MAX = 32 };

typedef enum {
    LP_JSON_NONE, // no value: what a zeroed lp_json_t is
    LP_JSON_NULL,
    LP_JSON_BOOL,
    LP_JSON_NUMBER,
    LP_JSON_STRING,
    LP_JSON_ARRAY,
    LP_JSON_OBJECT,
} lp_json_type_t;

// One value: its own text, without white space around it.
typedef struct {
    lp_span_t raw; // read it, do not make one by hand
} lp_json_t;

// Checks `text` as one JSON value and yields it.
// LP_E_FORMAT: malformed; LP_E_RANGE: nested deeper than LP_JSON_DEPTH_MAX.
lp_err_t lp_json_parse(lp_span_t text, lp_json_t *root);

// The same for a value at the start of `text`; `rest` is what follows it, white space included.
lp_err_t lp_json_parse_prefix(lp_span_t text, lp_json_t *root, lp_span_t *rest);

lp_json_type_t lp_json_type(lp_json_t v);
bool lp_json_is_null(lp_json_t v);

// The member `key` of an object. LP_E_INVALID: not an object; LP_E_NOT_FOUND; LP_E_EXISTS: the key
// occurs more than once.
lp_err_t lp_json_get(lp_json_t object, const char *key, lp_json_t *out);

// The same along a dotted path, "a.b.c". Keys that contain a dot cannot be reached this way.
lp_err_t lp_json_find(lp_json_t v, const char *path, lp_json_t *out);

// Walks the elements of an array or the members of an object, in their order.
typedef struct {
    lp_span_t rest_;
    bool is_object_;
} lp_json_iter_t;

// LP_E_INVALID: neither array nor object.
lp_err_t lp_json_iter(lp_json_t container, lp_json_iter_t *it);
// False at the end. `key` (may be null) is LP_JSON_NONE in arrays.
bool lp_json_next(lp_json_iter_t *it, lp_json_t *key, lp_json_t *value);
// Elements or members; 0 for other types.
size_t lp_json_count(lp_json_t container);

// LP_E_INVALID: not a bool.
lp_err_t lp_json_bool(lp_json_t v, bool *out);

// A whole number within min..max. LP_E_INVALID: not a number; LP_E_RANGE: outside, or written with
// a fraction or an exponent.
lp_err_t lp_json_int(lp_json_t v, int64_t min, int64_t max, int64_t *out);
lp_err_t lp_json_u32(lp_json_t v, uint32_t max, uint32_t *out);

// A number with up to `decimals` (0..9) digits after the point, times ten to the `decimals`; more
// digits are LP_E_RANGE, as are exponents. "21.5" with 2 decimals is 2150.
lp_err_t lp_json_fixed(lp_json_t v, unsigned decimals, int64_t *out);

// Appends the unescaped string. LP_E_INVALID: not a string; LP_E_NOSPACE: nothing was appended.
lp_err_t lp_json_str(lp_json_t v, lp_buf_t *out);
// The same as a terminated C string in dst[cap]; a string that contains U+0000 is LP_E_FORMAT.
lp_err_t lp_json_cstr(lp_json_t v, char *dst, size_t cap);
// Whether `v` is a string that unescapes to exactly `s`.
bool lp_json_equal_str(lp_json_t v, const char *s);

// Gives the `n` bytes of a text from `at` on.
typedef lp_err_t lp_json_read_fn(void *ctx, size_t at, uint8_t *to, size_t n);

// The writer. Errors are sticky: write everything, ask lp_json_done() once. Output is one line.
typedef struct {
    lp_buf_t *out_; // borrows
    size_t start_;
    uint32_t object_bits_; // one bit a level: object or array
    uint8_t depth_;
    bool has_sibling_;
    bool has_key_;
    bool is_complete_;
    lp_err_t err_;
} lp_json_writer_t;

// Appends to `out`, which must live until lp_json_done().
void lp_json_init(lp_json_writer_t *w, lp_buf_t *out);
// LP_OK: exactly one complete value was appended. Otherwise `out` is as it was before init:
// LP_E_NOSPACE, LP_E_STATE (calls in an order that makes no JSON), LP_E_RANGE (too deep),
// LP_E_FORMAT (a string that is not UTF-8).
lp_err_t lp_json_done(lp_json_writer_t *w);

void lp_json_put_object(lp_json_writer_t *w);
void lp_json_put_object_end(lp_json_writer_t *w);
void lp_json_put_array(lp_json_writer_t *w);
void lp_json_put_array_end(lp_json_writer_t *w);
void lp_json_put_key(lp_json_writer_t *w, const char *key);
void lp_json_put_key_span(lp_json_writer_t *w, lp_span_t key);
void lp_json_put_null(lp_json_writer_t *w);
void lp_json_put_bool(lp_json_writer_t *w, bool v);
void lp_json_put_int(lp_json_writer_t *w, int64_t v);
void lp_json_put_uint(lp_json_writer_t *w, uint64_t v);
// `v` divided by ten to the `decimals` (0..9): 2150 with 2 decimals is 21.50.
void lp_json_put_fixed(lp_json_writer_t *w, int64_t v, unsigned decimals);
void lp_json_put_str(lp_json_writer_t *w, const char *s);
void lp_json_put_span(lp_json_writer_t *w, lp_span_t utf8);
// A string of `len` bytes that is nowhere whole: `read` gives it piece by piece. Its error is the
// writer's.
void lp_json_put_read(lp_json_writer_t *w, size_t len, lp_json_read_fn *read, void *ctx);
// A string of lower-case hex digits.
void lp_json_put_hex(lp_json_writer_t *w, lp_span_t bytes);
// A value copied as it is written elsewhere; one that does not exist is written as null.
void lp_json_put_value(lp_json_writer_t *w, lp_json_t v);

#endif
