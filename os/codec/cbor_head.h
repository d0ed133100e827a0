// SPDX-License-Identifier: Apache-2.0
// Private: the head of a data item (RFC 8949, section 3).
//
//   byte 0: major type (3 bits) | additional information (5 bits)
//   0..23: the argument itself; 24..27: it follows in 1, 2, 4, 8 bytes; 28..30: reserved;
//   31: indefinite length, or the break
#ifndef LP_CODEC_CBOR_HEAD_H
#define LP_CODEC_CBOR_HEAD_H

#include "limpet/span.h"

typedef enum {
    MAJOR_UINT,
    MAJOR_NINT,
    MAJOR_BYTES,
    MAJOR_TEXT,
    MAJOR_ARRAY,
    MAJOR_MAP,
    MAJOR_TAG,
    MAJOR_SIMPLE,
} cbor_major_t;

enum {
    INFO_1_BYTE = 24,
    INFO_2_BYTES = 25,
    INFO_4_BYTES = 26,
    INFO_8_BYTES = 27,
    INFO_INDEFINITE = 31,
    CBOR_BREAK = 0xff,
    SIMPLE_FALSE = 20,
    SIMPLE_TRUE = 21,
    SIMPLE_NULL = 22,
    SIMPLE_UNDEFINED = 23,
};

typedef struct {
    cbor_major_t major;
    uint8_t info;
    uint64_t arg;
    size_t len; // of the head itself
} cbor_head_t;

// False: truncated, or not well-formed by itself. A break is a head here.
bool lp_cbor_head(lp_span_t s, cbor_head_t *h);

static inline bool cbor_is_string(const cbor_head_t *h)
{
    return h->major == MAJOR_BYTES || h->major == MAJOR_TEXT;
}

static inline lp_span_t cbor_after(lp_span_t s, size_t len)
{
    return lp_span(s.ptr + len, s.len - len);
}

#endif
