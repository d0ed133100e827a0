// SPDX-License-Identifier: Apache-2.0
// limpet/sigv4.h - checks AWS Signature Version 4 of a request. Pure: no store, no clock of its
// own.
// @source AWS General Reference, "Signature Version 4 signing process".
#ifndef LIMPET_SIGV4_H
#define LIMPET_SIGV4_H

#include <stdbool.h>
#include <stddef.h>

#include "limpet/http_request.h"

typedef enum {
    LP_SIGV4_OK,
    LP_SIGV4_MISSING,    // no signature at all
    LP_SIGV4_INCOMPLETE, // there is one, but parts are missing or malformed
    LP_SIGV4_UNSIGNED,   // a header that must be signed is not
    LP_SIGV4_SKEW,  // its time is more than five minutes from ours, or its scope is of another day
    LP_SIGV4_TOKEN, // the session token is not the key's
    LP_SIGV4_MISMATCH, // the signature is another
} lp_sigv4_result_t;

// What a request says of its signature.
typedef struct {
    char access_key[129];
    char date[9]; // of the scope, YYYYMMDD
    char region[33];
    char service[33];
    char time[17]; // YYYYMMDDTHHMMSSZ
    char signature[65];
    char signed_headers[1024];
    long expires; // seconds, of a presigned URL; 0: signed by header
    bool presigned;
} lp_sigv4_t;

// Reads the signature of a request, from its Authorization header or its query (presigned).
lp_sigv4_result_t lp_sigv4_parse(const lp_http_request_t *request, lp_sigv4_t *sig);

// Compares with what the secret gives. token: the key's session token, "" for none. now: seconds
// since 1970. why (size bytes) has AWS's words for a refusal.
lp_sigv4_result_t lp_sigv4_verify(const lp_http_request_t *request, const lp_sigv4_t *sig,
                                  const char *secret, const char *token, long long now, char *why,
                                  size_t size);

// The hex signature of a request for given scope and signed headers; false: malformed request or no
// memory. Exposed for the test vectors.
bool lp_sigv4_sign(const lp_http_request_t *request, const lp_sigv4_t *scope, const char *secret,
                   char signature[65]);

#endif
