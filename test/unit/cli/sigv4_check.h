// SPDX-License-Identifier: Apache-2.0
// A verifier of SigV4, written from the public rules and apart from what signs: the judge in the
// tests.
#ifndef LP_TEST_SIGV4_CHECK_H
#define LP_TEST_SIGV4_CHECK_H

#include <stdbool.h>
#include <stddef.h>

enum { SIGV4_MAX_HEADERS = 40 };

typedef struct {
    char method[8];
    char target[2048]; // as on the wire: path and query
    struct {
        char name[64]; // lower case
        char value[1024];
    } headers[SIGV4_MAX_HEADERS];
    size_t n_headers;
    char *body;
    size_t body_len;
} http_request_t;

const char *http_header(const http_request_t *r, const char *name);

// The signature that `r` should carry for `signed_headers` ("a;b"), hex. scope is
// "20150830/us-east-1/service/aws4_request".
void sigv4_signature(const http_request_t *r, const char *secret, const char *scope,
                     const char *signed_headers, char out[65]);

// Whether the Authorization header of `r` is right for key_id and secret; host, x-amz-date and
// every x-amz* header must be signed. `why` gets words.
bool sigv4_check(const http_request_t *r, const char *key_id, const char *secret, char *why,
                 size_t cap);

#endif
