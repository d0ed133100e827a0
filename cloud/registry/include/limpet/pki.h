// SPDX-License-Identifier: Apache-2.0
// limpet/pki.h - the keys and certificates of a local cloud, as files in its folder.
//
//   ca.pem, ca.key              the server CA: what clients trust (AWS_CA_BUNDLE)
//   server.pem, server.key      the control plane's and the broker's certificate
//   device-ca.pem, .key         signs device certificates
//   trust/HASH.N                issuers that the broker accepts, named as OpenSSL looks them up
// Keys are P-256, mode 0600.
#ifndef LIMPET_PKI_H
#define LIMPET_PKI_H

#include <stdbool.h>
#include <stddef.h>

// Makes what is missing; what is there stays. `endpoint` is a further name in the server's
// certificate. False: `why` (size bytes) says which file and what the system said.
bool lp_pki_setup(const char *folder, const char *endpoint, char *why, size_t size);

// Random text of `len` characters of the alphabet that AWS uses for keys; false: no random numbers.
bool lp_pki_random_text(char *out, size_t len, const char *alphabet);

#endif
