// SPDX-License-Identifier: Apache-2.0
// limpet/http_codec.h - HTTP/1.1 requests as a small server receives them, without any I/O.
//
// Bytes in, events out; bodies are handed on in pieces and never kept. Strict where two readers
// could disagree, because that is how requests are smuggled: lines end in CR LF and nothing else,
// no folded fields, no space before a colon, one Content-Length at most and of digits only, and no
// Transfer-Encoding at all. Fields that decide something may come once.
// @source RFC 9110, RFC 9112
// @context any
#ifndef LIMPET_HTTP_CODEC_H
#define LIMPET_HTTP_CODEC_H

#include "limpet/err.h"
#include "limpet/span.h"

enum {
    LP_HTTP_LINE_MAX = 768,  // request line, or one field
    LP_HTTP_HEAD_MAX = 4096, // all of them
    LP_HTTP_FIELDS_MAX = 40,
};

// Fields that a server may want to know. Each of these may come once in a request.
typedef enum {
    LP_HTTP_HOST,
    LP_HTTP_CONTENT_LENGTH,
    LP_HTTP_TRANSFER_ENCODING,
    LP_HTTP_CONTENT_TYPE,
    LP_HTTP_EXPECT,
    LP_HTTP_ORIGIN,
    LP_HTTP_AUTHORIZATION,
    LP_HTTP_UPGRADE,
    LP_HTTP_WS_KEY,
    LP_HTTP_WS_VERSION,
    LP_HTTP_SEC_FETCH_SITE,
    LP_HTTP_CONNECTION, // this and what follows may come more often
    LP_HTTP_OTHER,
} lp_http_field_t;

typedef enum {
    LP_HTTP_EV_MORE,  // everything was taken; feed more
    LP_HTTP_EV_LINE,  // `method` and `target` are known
    LP_HTTP_EV_FIELD, // `field` and `value`
    LP_HTTP_EV_HEAD,  // all fields have come; `length`, `is_last`, `is_upgrade` are known
    LP_HTTP_EV_BODY,  // `piece` of the body, borrowed from the input
    LP_HTTP_EV_DONE,  // the request is whole; the next call begins another
    LP_HTTP_EV_BAD,   // `status` is the answer, and nothing more can be read from this peer
} lp_http_event_t;

typedef struct {
    // Borrowed until the next call.
    lp_span_t method, target;
    lp_http_field_t field;
    lp_span_t value;
    lp_span_t piece;
    uint32_t length; // of the body
    bool is_last;    // the peer wants, or its version means, no further request
    bool is_upgrade; // Connection: upgrade
    unsigned status; // 400, 413, 414, 431, 501, 505

    uint32_t max_length_;
    uint32_t left_;
    uint32_t seen_; // one bit a field
    size_t head_len_;
    size_t line_len_;
    uint8_t fields_;
    uint8_t state_;
    bool is_v10_;
    bool has_cr_;
    uint8_t line_[LP_HTTP_LINE_MAX];
} lp_http_request_t;

// Bodies longer than max_length bytes are refused with 413.
void lp_http_request_init(lp_http_request_t *r, uint32_t max_length);

// Takes bytes from the front of `in` up to the next event. Call until LP_HTTP_EV_MORE.
lp_http_event_t lp_http_request_feed(lp_http_request_t *r, lp_span_t *in);

// Whether a request has begun and is not whole.
bool lp_http_request_is_begun(const lp_http_request_t *r);

// Words of a status line; "Error" for a number that is not known here. Static.
const char *lp_http_reason(unsigned status);

// Whether the list `value` ("keep-alive, Upgrade") has `word`, in any case.
bool lp_http_has_word(lp_span_t value, const char *word);

// Compares with a text in lower case, ignoring the case of `s`.
bool lp_http_equal_ci(lp_span_t s, const char *lower);

// -- Authorization: Digest

// The parameters, borrowed from the field's value and without quotes; those that were not given are
// empty.
typedef struct {
    lp_span_t username, realm, nonce, uri, response, algorithm, cnonce, qop, nc;
} lp_http_digest_t;

// LP_E_NOT_FOUND: another scheme; LP_E_FORMAT: malformed, a parameter twice, or a quoted string
// with a backslash or a control character in it (none of ours needs one).
// @source RFC 7616, 3.4
lp_err_t lp_http_digest_read(lp_span_t value, lp_http_digest_t *d);

#endif
