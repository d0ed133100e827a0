// SPDX-License-Identifier: Apache-2.0
// limpet/advisor_endpoint.h - the TCP and TLS that the advisor's cases are played through.
//
// TLS 1.2 and 1.3 with RSA certificates, as AWS IoT Core has them; every client certificate is
// taken as long as the device proves its key. One thread; a call blocks until its case is over.
#ifndef LIMPET_ADVISOR_ENDPOINT_H
#define LIMPET_ADVISOR_ENDPOINT_H

#include "limpet/advisor.h"

typedef struct {
    const char *dir;    // keeps ca.pem and ca.key, made when missing (mode 0700, 0600)
    const char *listen; // address; null: 127.0.0.1
    long port;          // 0: any free one
    const char *name;   // what the device calls the server, besides localhost; or null
} lp_advisor_endpoint_options_t;

typedef struct lp_advisor_endpoint lp_advisor_endpoint_t;

// Makes keys and certificates and listens. False: `why` says what the system said.
bool lp_advisor_endpoint_open(const lp_advisor_endpoint_options_t *options,
                              lp_advisor_endpoint_t **out, char *why, size_t cap);
void lp_advisor_endpoint_close(lp_advisor_endpoint_t *ep); // null is fine

int lp_advisor_endpoint_port(const lp_advisor_endpoint_t *ep);
const char *lp_advisor_endpoint_ca(const lp_advisor_endpoint_t *ep);     // path of ca.pem; lends
const char *lp_advisor_endpoint_ca_pem(const lp_advisor_endpoint_t *ep); // its text; lends
// SHA-256 of the certificate that a device showed last, 64 hex digits; "" if none did. Lends.
const char *lp_advisor_endpoint_device(const lp_advisor_endpoint_t *ep);
// A key and a certificate for a device that has none, written to PREFIX.pem and PREFIX.key; they
// stay when they are there. False: `why`.
bool lp_advisor_endpoint_make_device(const lp_advisor_endpoint_t *ep, const char *prefix,
                                     const char *common_name, char *why, size_t cap);

typedef struct {
    lp_advisor_verdict_t verdict; // RUNNING: stopped before the end
    char reason[LP_ADVISOR_REASON_MAX];
    uint64_t ms;
} lp_advisor_result_t;

typedef struct {
    void (*log)(void *ctx, const char *line);
    bool (*is_stopped)(void *ctx); // asked several times a second
    void *ctx;
} lp_advisor_watch_t;

// Refuses the connections that wait: made while nobody looked, they belong to no case. To be called
// when the device of before is off and before the next one begins, whose first try would be lost.
void lp_advisor_endpoint_clear(lp_advisor_endpoint_t *ep);

// Plays one case.
void lp_advisor_endpoint_play(lp_advisor_endpoint_t *ep, const lp_advisor_case_t *which,
                              const lp_advisor_params_t *params, const lp_advisor_watch_t *watch,
                              lp_advisor_result_t *result);

#endif
