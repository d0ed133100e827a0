// SPDX-License-Identifier: Apache-2.0
// limpet/der.h - the part of DER that certificates need: a strict reader and a writer.
//
// Strict means: low tag numbers only, definite lengths in the shortest form, minimal integers.
// @source ITU-T X.690, sections 8.1, 8.3 and 10.1
// @context any
#ifndef LIMPET_DER_H
#define LIMPET_DER_H

#include "limpet/err.h"
#include "limpet/span.h"

enum {
    LP_DER_BOOLEAN = 0x01,
    LP_DER_INTEGER = 0x02,
    LP_DER_BIT_STRING = 0x03,
    LP_DER_OCTET_STRING = 0x04,
    LP_DER_NULL = 0x05,
    LP_DER_OID = 0x06,
    LP_DER_UTF8_STRING = 0x0c,
    LP_DER_PRINTABLE_STRING = 0x13,
    LP_DER_IA5_STRING = 0x16,
    LP_DER_UTC_TIME = 0x17,
    LP_DER_GENERALIZED_TIME = 0x18,
    LP_DER_SEQUENCE = 0x30,
    LP_DER_SET = 0x31,
    LP_DER_CONTEXT_0 = 0xa0, // constructed; + n for [n]
};

typedef struct {
    uint8_t tag;
    lp_span_t value; // contents
    lp_span_t whole; // tag and length included
} lp_der_t;

// Takes the next element off the front of *in. LP_E_NOT_FOUND: *in is empty; LP_E_FORMAT.
lp_err_t lp_der_next(lp_span_t *in, lp_der_t *out);
// The same, and it must have this tag, else LP_E_FORMAT and *in stays. `out` may be null.
lp_err_t lp_der_expect(lp_span_t *in, uint8_t tag, lp_der_t *out);
// Whether an element with this tag comes next.
bool lp_der_peek(lp_span_t in, uint8_t tag);
// Takes a non-negative INTEGER as big-endian bytes without leading zeros (empty for 0).
lp_err_t lp_der_uint(lp_span_t *in, lp_span_t *magnitude);
// Takes a BIT STRING without unused bits.
lp_err_t lp_der_bits(lp_span_t *in, lp_span_t *bytes);

// The writer: errors are sticky in `err`. Constructed elements nest by begin and end.
typedef struct {
    lp_buf_t *out; // borrows
    lp_err_t err;
} lp_der_writer_t;

// Opens a constructed element; give the result to lp_der_end().
size_t lp_der_begin(lp_der_writer_t *w, uint8_t tag);
void lp_der_end(lp_der_writer_t *w, size_t mark);
void lp_der_put(lp_der_writer_t *w, uint8_t tag, lp_span_t value);
// Copies bytes that are DER already.
void lp_der_put_raw(lp_der_writer_t *w, lp_span_t der);
// A non-negative INTEGER from big-endian bytes, leading zeros allowed.
void lp_der_put_uint(lp_der_writer_t *w, lp_span_t magnitude);
// A BIT STRING of whole bytes.
void lp_der_put_bits(lp_der_writer_t *w, lp_span_t bytes);

// ECDSA-Sig-Value for P-256 to and from r||s, 32 bytes each, big-endian.
// @source RFC 3279, section 2.2.3
enum { LP_ECDSA_RAW_LEN = 64, LP_ECDSA_DER_MAX = 72 };
// LP_E_RANGE: r or s is zero; LP_E_NOSPACE. Nothing was appended then.
lp_err_t lp_ecdsa_to_der(lp_buf_t *out, const uint8_t raw[LP_ECDSA_RAW_LEN]);
// LP_E_FORMAT: not exactly one such structure; LP_E_RANGE: r or s zero or above 256 bits.
lp_err_t lp_ecdsa_from_der(lp_span_t der, uint8_t raw[LP_ECDSA_RAW_LEN]);

#endif
