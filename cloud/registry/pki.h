// SPDX-License-Identifier: Apache-2.0
// Private: the device CA's key, as the certificate calls need it.
#ifndef LP_REGISTRY_PKI_H
#define LP_REGISTRY_PKI_H

#include "db.h"
#include "x509.h"

// Both are the caller's to free.
typedef struct {
    X509 *cert;
    EVP_PKEY *key;
} lp_issuer_t;

lp_reg_err_t lp_pki_issuer(lp_registry_t *reg, lp_issuer_t *issuer);
void lp_pki_issuer_free(lp_issuer_t *issuer);

// Adds a certificate to the folder whose contents the broker trusts as issuers of client
// certificates, or takes it out.
bool lp_pki_trust(lp_registry_t *reg, X509 *cert);
void lp_pki_distrust(lp_registry_t *reg, X509 *cert);

#endif
