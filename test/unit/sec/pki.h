// SPDX-License-Identifier: Apache-2.0
// Certificates made on the spot with OpenSSL, so that no key material and no expiry date is in the
// tree.
#ifndef SEC_PKI_H
#define SEC_PKI_H

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PKI_NOW_S = 1767225600, PKI_DAY_S = 86400 }; // 2026-01-01: the tests' present

typedef struct {
    EVP_PKEY *key;
    X509 *cert;
} pki_id_t;

typedef struct {
    const char *cn;
    const char *san; // OpenSSL's syntax, "DNS:localhost,IP:127.0.0.1"; null: none
    const char *eku; // "serverAuth"; null: none
    bool is_ca;
    int from_day; // relative to PKI_NOW_S; both 0: one day ago to ten years ahead
    int to_day;
    const char *digest; // null: SHA256
} pki_spec_t;

EVP_PKEY *pki_key_p256(void);
EVP_PKEY *pki_key_ec(const char *group);
EVP_PKEY *pki_key_rsa(int bits);
// A key pair from OpenSSL for `private_key` of 32 bytes.
EVP_PKEY *pki_key_from_bytes(const uint8_t private_key[32]);
// X then Y.
void pki_public(EVP_PKEY *key, uint8_t pub[64]);
EVP_PKEY *pki_from_public(const uint8_t pub[64]);

// Takes `key` over. `issuer` null: self-signed.
pki_id_t pki_issue(EVP_PKEY *key, const pki_spec_t *spec, const pki_id_t *issuer);
void pki_free(pki_id_t *id);

// Appends a certificate in PEM to text[cap].
void pki_pem(const pki_id_t *id, char *text, size_t cap);

#endif
