// SPDX-License-Identifier: Apache-2.0
// limpet/http_fields.h - what HTTP and WebSocket clients share of a request's head.
// @context any
#ifndef LIMPET_HTTP_FIELDS_H
#define LIMPET_HTTP_FIELDS_H

#include "limpet/http_client.h"

// Whether a text is a token, and so can be a name; and whether it may be a value: no line ends.
bool lp_http_is_field_name(const char *name);
bool lp_http_is_field_value(const char *value);

// A name that a caller may give; those that decide about the connection are made by the client.
bool lp_http_is_free_field(const char *name);

// "Host: example.com:8080". LP_E_NOSPACE.
lp_err_t lp_http_put_host(const lp_http_url_t *url, lp_buf_t *out);

#endif
