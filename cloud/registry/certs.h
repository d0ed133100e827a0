// SPDX-License-Identifier: Apache-2.0
// Private: what the certificate calls share with the CA calls and provisioning.
#ifndef LP_REGISTRY_CERTS_H
#define LP_REGISTRY_CERTS_H

#include "pki.h"

typedef struct {
    const char *status;
    const char *ca_id; // customer's CA, null: none
    bool sni_only;
    bool with_pem; // certificatePem in the answer
} lp_cert_insert_t;

lp_reg_err_t lp_cert_insert(lp_registry_t *reg, const lp_scope_t *scope, X509 *cert,
                            const lp_cert_insert_t *how, cJSON **doc);
// Null: the registry's error says why. Caller frees.
X509 *lp_cert_parse(lp_registry_t *reg, const char *pem);
// Null becomes INACTIVE; anything but ACTIVE and INACTIVE is refused.
lp_reg_err_t lp_cert_register_status(lp_registry_t *reg, const char **status);
bool lp_status_settable(const char *status);
char *lp_csr_pem(X509_REQ *req);

#endif
