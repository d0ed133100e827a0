// SPDX-License-Identifier: Apache-2.0
// A registry in a folder of its own, with a scope, an access key and a device's key.
#ifndef LP_TEST_CLOUD_FIXTURE_H
#define LP_TEST_CLOUD_FIXTURE_H

#include <openssl/evp.h>

#include "limpet/registry.h"

#define FIXTURE_ACCOUNT "123456789012"
#define FIXTURE_KEY     "AKIAIOSFODNN7EXAMPLE"
#define FIXTURE_SECRET  "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"

typedef struct {
    char folder[64];
    lp_registry_t *reg;
    lp_scope_t scope; // us-east-1
} fixture_t;

int fixture_setup(void **state);
int fixture_teardown(void **state);

// A CSR in PEM over a fresh key of the OpenSSL group or, null, RSA of `bits`. Caller frees.
char *fixture_csr(const char *group, int bits);

// A certificate made from a fresh CSR: its id and ARN.
typedef struct {
    char id[LP_REG_ID_SIZE];
    char arn[LP_REG_ARN_SIZE];
} fixture_cert_t;
fixture_cert_t fixture_cert(fixture_t *f, bool active);

// A self-signed certificate in PEM, or one signed by the key of `issuer_pem` when given. Caller
// frees.
typedef struct {
    EVP_PKEY *key;
    char *pem;
} fixture_own_t;
fixture_own_t fixture_own(const char *common_name, bool is_ca, const fixture_own_t *issuer);
void fixture_own_free(fixture_own_t *own);

// A member of a document, "" when missing.
const char *fixture_text(const cJSON *doc, const char *name);

#endif
