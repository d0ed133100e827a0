// SPDX-License-Identifier: Apache-2.0
// Private: X.509 with OpenSSL's libcrypto: reading, signing, identifying.
#ifndef LP_REGISTRY_X509_H
#define LP_REGISTRY_X509_H

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>

#include "limpet/registry.h"

// One certificate in PEM, or null. Caller frees.
X509 *lp_x509_from_pem(const char *pem);
// Caller frees with free(); null: out of memory.
char *lp_x509_pem(X509 *cert);
char *lp_key_pem(EVP_PKEY *key, bool private_part);
// Adds "keyPair" with both parts in PEM, as AWS answers. Nothing is in it when memory is short.
void lp_key_pair_add(struct cJSON *doc, EVP_PKEY *key);
// Lower-case SHA-256 of the DER form.
bool lp_x509_id(X509 *cert, char id[LP_REG_ID_SIZE]);
// Seconds since 1970.
double lp_x509_time(const ASN1_TIME *t);
// RSA of 2048 bits or more, P-256, P-384 or P-521.
bool lp_key_acceptable(EVP_PKEY *key);
EVP_PKEY *lp_key_new_p256(void);
EVP_PKEY *lp_key_new_rsa2048(void);

// Names and extensions of a certificate to be made.
typedef struct {
    const char *common_name; // null: take `subject`
    const X509_NAME *subject;
    const char *organization; // null: none
    const char *alt_names;    // OpenSSL's notation "DNS:localhost,IP:127.0.0.1", null: none
    const char *usage;        // extended key usage, null: none
    bool is_ca;
    long long not_before, not_after; // seconds since 1970
} lp_x509_config_t;

// A certificate over `key`, signed with SHA-256 by the issuer (null: itself). Null: it failed.
X509 *lp_x509_make(const lp_x509_config_t *config, EVP_PKEY *key, X509 *issuer,
                   EVP_PKEY *issuer_key);

// Signs a CSR's own key: checks the CSR's signature and key first. `why` has the words of a
// refusal.
X509 *lp_x509_from_csr(const char *csr_pem, X509 *issuer, EVP_PKEY *issuer_key, const char **why);

#endif
