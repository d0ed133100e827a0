// SPDX-License-Identifier: Apache-2.0
// limpet/http_response.h - HTTP/1.1 responses as a client receives them, without any I/O.
//
// Bytes in, events out; bodies are handed on in pieces and never kept. Strict where two readers
// could disagree on where a response ends: lines end in CR LF and nothing else, no folded fields,
// no space before a colon, one Content-Length of digits, "chunked" and no other Transfer-Encoding,
// never both. Interim responses (1xx) are passed over.
// @source RFC 9110, RFC 9112
// @context any
#ifndef LIMPET_HTTP_RESPONSE_H
#define LIMPET_HTTP_RESPONSE_H

#include "limpet/http_codec.h"

enum {
    LP_HTTP_INTERIM_MAX = 8, // 1xx before the response
    LP_HTTP_SIZE_DIGITS = 8, // of a chunk, without leading zeros
};

typedef enum {
    LP_HTTP_RSP_MORE,  // everything was taken; feed more
    LP_HTTP_RSP_FIELD, // `name` and `value`
    LP_HTTP_RSP_HEAD,  // all fields have come: `status`, `has_length`, `length`, `is_last`
    LP_HTTP_RSP_BODY,  // `piece` of the body, borrowed from the input
    LP_HTTP_RSP_DONE,  // the response is whole; nothing more is taken
    LP_HTTP_RSP_BAD,   // malformed, or beyond a limit: `err`. Nothing more is taken
} lp_http_rsp_event_t;

typedef struct {
    unsigned status;
    lp_span_t name, value; // borrowed until the next call
    lp_span_t piece;
    bool has_length; // Content-Length was given, and counts
    uint32_t length;
    bool is_last;    // no further response comes on this connection
    bool is_upgrade; // 101: what follows is another protocol
    lp_err_t err;    // LP_E_FORMAT, or LP_E_RANGE: too long

    uint32_t max_length_, body_len_, left_;
    size_t head_len_;
    size_t line_len_;
    uint8_t fields_;
    uint8_t interim_;
    uint8_t state_;
    bool is_head_, is_v10_, has_cr_, is_chunked_, has_encoding_, has_connection_;
    uint8_t line_[LP_HTTP_LINE_MAX];
} lp_http_response_t;

// `is_head`: the answer to a HEAD request has no body, whatever it says. Bodies longer than
// max_length bytes are refused.
void lp_http_response_init(lp_http_response_t *r, bool is_head, uint32_t max_length);

// Takes bytes from the front of `in` up to the next event.
lp_http_rsp_event_t lp_http_response_feed(lp_http_response_t *r, lp_span_t *in);

// The connection has ended. LP_OK: the response is whole (one without a length ends like this);
// LP_E_CLOSED: it was cut.
lp_err_t lp_http_response_end(lp_http_response_t *r);

// Whether a byte of it has come.
bool lp_http_response_is_begun(const lp_http_response_t *r);

#endif
