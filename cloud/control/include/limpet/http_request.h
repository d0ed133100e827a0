// SPDX-License-Identifier: Apache-2.0
// limpet/http_request.h - a request as it came: nothing decoded, nothing normalised.
#ifndef LIMPET_HTTP_REQUEST_H
#define LIMPET_HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

enum { LP_HTTP_HEADERS_MAX = 64, LP_HTTP_BODY_MAX = 512 * 1024 };

typedef struct {
    const char *name;
    const char *value;
} lp_http_header_t;

// All texts are borrowed.
typedef struct {
    const char *method;
    const char *target; // path?query, still percent-encoded
    lp_http_header_t header[LP_HTTP_HEADERS_MAX];
    size_t header_count;
    const char *body; // null where body_len is 0
    size_t body_len;
} lp_http_request_t;

// The value of the first header of that name (compared without case), or null.
const char *lp_http_header(const lp_http_request_t *request, const char *name);

// Decodes %XX. False: malformed, contains a zero byte, or does not fit.
bool lp_http_decode(const char *text, size_t len, char *out, size_t size);

// The decoded value of a query parameter; false: it is not there or malformed.
bool lp_http_query(const lp_http_request_t *request, const char *name, char *out, size_t size);

#endif
