// SPDX-License-Identifier: Apache-2.0
// Private: the advisor's own certificate authority and the certificates of its cases.
#ifndef LP_ADVISOR_CERTS_H
#define LP_ADVISOR_CERTS_H

#include <openssl/ssl.h>

#include "limpet/advisor.h"

enum { ADV_CERTS = LP_ADVISOR_CERT_EXPIRED + 1, ADV_PATH_MAX = 1200 };

typedef struct {
    char ca_path[ADV_PATH_MAX];
    char *ca_pem;
    X509 *ca, *strange_ca;
    EVP_PKEY *ca_key, *strange_key;
    EVP_PKEY *key; // of all server certificates
    X509 *cert[ADV_CERTS];
} adv_certs_t;

// Reads or makes the CA in `dir` and makes the certificates. False: `why`.
bool adv_certs_open(adv_certs_t *c, const char *dir, const char *name, char *why, size_t cap);
void adv_certs_close(adv_certs_t *c);
// Gives the certificate and its chain to a context.
bool adv_certs_use(const adv_certs_t *c, lp_advisor_cert_t which, SSL_CTX *ctx);
bool adv_certs_make_device(const adv_certs_t *c, const char *prefix, const char *common_name,
                           char *why, size_t cap);

#endif
