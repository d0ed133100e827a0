// SPDX-License-Identifier: Apache-2.0
// A TLS connection that waits no longer than it is told and heeds Ctrl-C.
#ifndef LP_OWN_TLS_H
#define LP_OWN_TLS_H

#include <openssl/ssl.h>

#include "broker.h"

typedef struct {
    SSL_CTX *ctx;
    SSL *ssl;
    int fd;
    const lp_broker_t *broker;
    // what the check of the broker's certificate said
    int verify_error; // X509_V_ERR_, 0 for none
    char ended[16];   // the date that was passed, or is not there yet
    char names[200];  // what the certificate is for
    int64_t cert_end_s;
} lp_tls_link_t;

typedef enum { LP_TLS_DONE, LP_TLS_LATER, LP_TLS_CLOSED } lp_tls_io_t;

// Connects and shakes hands. Errors: broker-unreachable, broker-tls, broker-refused, broker-silent.
lp_exit_t lp_tls_open(lp_tls_link_t *t, const lp_broker_t *broker, const lp_broker_self_t *self,
                      lp_fault_t *f);
void lp_tls_close(lp_tls_link_t *t);

lp_exit_t lp_tls_write(lp_tls_link_t *t, const uint8_t *data, size_t len, lp_fault_t *f);
// DONE: *got bytes; LATER: nothing within timeout_ms; CLOSED: *f says how (broker-refused where an
// alert about the certificate came, else broker-lost).
lp_tls_io_t lp_tls_read(lp_tls_link_t *t, uint8_t *data, size_t cap, int timeout_ms, size_t *got,
                        lp_fault_t *f);

#endif
