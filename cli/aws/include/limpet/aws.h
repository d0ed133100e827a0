// SPDX-License-Identifier: Apache-2.0
// limpet/aws.h - a client of AWS IoT's control plane, or of anything that speaks like it.
//
// Requests are signed with SigV4 by libcurl (docs/adr/0007-sigv4.md). Throttling, 5xx answers and
// broken connections are tried again with full jitter; a call that must not happen twice is not,
// unless it surely did not happen. Answers are hostile input: bounded in size, parsed, checked.
#ifndef LIMPET_AWS_H
#define LIMPET_AWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "limpet/fault.h"

struct cJSON;

// Owned strings; never printed; wiped by lp_aws_config_deinit().
typedef struct {
    char *access_key_id;
    char *secret_access_key;
    char *session_token; // may be null
    char source[160];    // for people: "environment", "profile \"default\""
} lp_aws_credentials_t;

typedef struct {
    const char *profile;        // --aws-profile, or null
    const char *region;         // --aws-region, or null
    const char *endpoint_url;   // --endpoint-url, or null
    const char *ca_bundle;      // --ca-bundle, or null
    const char *proxy;          // --proxy, or null: HTTPS_PROXY and NO_PROXY, as of curl
    bool is_plain_http_allowed; // to other machines too
} lp_aws_flags_t;

typedef struct {
    lp_aws_credentials_t credentials;
    char profile[128];
    char region[64];
    char endpoint_url[256]; // control plane; never ends in '/'
    char data_url[256];     // data plane; "" until DescribeEndpoint said so
    char sts_url[256];
    bool is_custom;       // not AWS itself
    char ca_bundle[1024]; // "" for the system's
    char proxy[300];      // "" for the environment's
    int max_tries;
    int retry_base_ms;
    int retry_cap_ms;
    int timeout_ms; // for one try
} lp_aws_config_t;

// Finds region, endpoint and credentials by the usual chain: flags, environment, shared credentials
// file, credential_process, config file. Nothing is prompted for. Errors: aws-no-credentials,
// aws-expired, aws-no-region, aws-profile, credential-process, usage. `config` is to be deinit'ed
// in any case.
lp_exit_t lp_aws_config_load(const lp_aws_flags_t *flags, lp_aws_config_t *config, lp_fault_t *f);
void lp_aws_config_deinit(lp_aws_config_t *config);

// Parses what a credential_process printed. Fills `c` (source apart), or f. For the loader and the
// tests.
lp_exit_t lp_aws_credentials_parse_process(const char *json, size_t len, int64_t now_s,
                                           lp_aws_credentials_t *c, lp_fault_t *f);
void lp_aws_credentials_wipe(lp_aws_credentials_t *c);

typedef struct {
    const char *action;    // "CreateThing": for messages
    const char *service;   // "iot", "iotdata", "sts": part of the signature
    const char *base_url;  // "https://host:port"
    const char *method;    // "GET" ...
    const char *path;      // each segment percent-encoded once
    const char *query;     // encoded and sorted by name; "" for none
    const char *principal; // x-amzn-principal, or null
    const char *body;      // or null
    bool is_form;          // body is form-encoded and the answer is XML (STS)
    bool is_once;          // must not happen twice
} lp_aws_request_t;

typedef enum {
    LP_AWS_OK,
    LP_AWS_NOT_FOUND, // 404 ResourceNotFoundException
    LP_AWS_CONFLICT,  // 409
    LP_AWS_UNKNOWN,   // only with is_once: the call may or may not have happened
    LP_AWS_FAILED,    // anything else
} lp_aws_result_t;

// On LP_AWS_OK *answer (may be null) gets the JSON object (owned by the caller; an empty object for
// an empty body), or for is_form a string item with the text. Otherwise f says what happened.
lp_aws_result_t lp_aws_call(const lp_aws_config_t *config, const lp_aws_request_t *request,
                            struct cJSON **answer, lp_fault_t *f);

// The time in seconds since 1970: this computer's, corrected when a server refused it and said
// its own.
int64_t lp_aws_now_s(void);

// Percent-encodes for a path segment or a query value (RFC 3986 unreserved characters stay). False:
// does not fit.
bool lp_aws_encode(char *out, size_t cap, const char *in);

// "https://example.org:8443" from a URL; the path must be empty or "/". False: not http(s), or
// malformed.
bool lp_aws_base_url(char *out, size_t cap, const char *url);
// Whether a base URL names this computer.
bool lp_aws_is_loopback(const char *base_url);

#endif
