// SPDX-License-Identifier: Apache-2.0
// limpet/front_http.h - HTTP/1.1 requests out of a stream of bytes, for the few calls of devices.
// Pure. Only what cannot be misunderstood is taken: no chunked bodies, no folded or doubled headers
// that matter, no Upgrade.
// @source RFC 9110, RFC 9112
#ifndef LIMPET_FRONT_HTTP_H
#define LIMPET_FRONT_HTTP_H

#include "limpet/http_request.h"
#include "limpet/span.h"

enum { LP_FRONT_HTTP_HEAD_MAX = 16 * 1024, LP_FRONT_HTTP_BODY_MAX = 256 * 1024 };

// Everything points into the copy of the head that the parser made.
typedef struct {
    lp_http_request_t request; // body: borrowed from the input
    size_t used;               // bytes of the input
    bool keeps_open;           // the client wants to go on
    char *head_;
} lp_front_http_t;

// 0: a whole request is in *out (lp_front_http_free()); -1: more bytes are needed; else the HTTP
// status of the refusal, after which the connection ends.
int lp_front_http_parse(lp_span_t in, lp_front_http_t *out);
void lp_front_http_free(lp_front_http_t *http);

#endif
