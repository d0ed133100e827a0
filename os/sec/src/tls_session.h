// SPDX-License-Identifier: Apache-2.0
// One connection in mbedTLS's terms: what tls_session.c, tls_config.c, tls_verify.c and tls_error.c
// share.
#ifndef LP_SEC_TLS_SESSION_H
#define LP_SEC_TLS_SESSION_H

// The alert that the server sent and what is left to send have no public accessor in 3.6.
#define MBEDTLS_ALLOW_PRIVATE_ACCESS

#include <mbedtls/ssl.h>
#include <mbedtls/x509_crt.h>
#include <psa/crypto.h>

#include "tls_common.h"

// What only a handshake needs; given back after it.
typedef struct {
    mbedtls_x509_crt trust;
    mbedtls_x509_crt own;
    mbedtls_pk_context key;
    char host[LP_TLS_HOST_MAX];
} lp_tls_papers_t;

struct lp_tls_session {
    lp_tls_common_t c; // first
    mbedtls_ssl_context ssl;
    mbedtls_ssl_config conf;
    lp_tls_papers_t *papers;
    psa_key_id_t key_ref; // 0: none
    bool has_offered;     // one, whatever became of it
    bool has_ems;         // the extended master secret of RFC 7627
    uint32_t verify_flags;
    bool is_lower_dry; // its last read found nothing
    size_t unsent;     // application bytes that were taken and wait in mbedTLS's buffer
    const char *alpn_list[2];
};

// ---- tls_config.c -----------------------------------------------------------------------------

// Appends the certificates of a PEM text to `chain`. Those with algorithms that are not supported
// are kept as bytes when they are our own, and counted in *skipped else. LP_E_FORMAT: a damaged
// one, or none at all; LP_E_NOSPACE.
lp_err_t lp_tls_load_pem(mbedtls_x509_crt *chain, const lp_tls_pem_t *pem, bool is_own,
                         unsigned *skipped);

// ---- tls_verify.c -----------------------------------------------------------------------------

// mbedTLS's verify callback; ctx is the lp_tls_t. Notes the worst finding in report_.detail.
int lp_tls_verify(void *ctx, mbedtls_x509_crt *crt, int depth, uint32_t *flags);
lp_err_t lp_tls_verify_error(uint32_t flags);

// ---- tls_resume.c -----------------------------------------------------------------------------

// A certificate of the server's chain that was verified, the root included.
void lp_tls_resume_saw(const lp_tls_t *tls, const mbedtls_x509_crt *crt);

// ---- tls_error.c ------------------------------------------------------------------------------

// Our error for what mbedTLS returned; fills report_.err and, where empty, report_.detail.
lp_err_t lp_tls_fail(lp_tls_t *tls, int ret);

#endif
