// SPDX-License-Identifier: Apache-2.0
// limpet/gcm.h - AES-128 in Galois/counter mode, as records of TLS need it, in little code.
//
// Its time depends on lengths, and on a core with a cache also on the key: S-box and multiplication
// read tables, as those of mbedTLS do. The cores that use it have no data cache.
// @source FIPS 197; NIST SP 800-38D, sections 6 and 7
// @context any
#ifndef LIMPET_GCM_H
#define LIMPET_GCM_H

#include "limpet/span.h"

enum { LP_GCM_KEY_BYTES = 16, LP_GCM_NONCE_BYTES = 12, LP_GCM_TAG_BYTES = 16 };

// What both sides know beside the message; all borrowed.
typedef struct {
    const uint8_t *key;   // LP_GCM_KEY_BYTES
    const uint8_t *nonce; // LP_GCM_NONCE_BYTES, never twice with one key
    lp_span_t extra;      // authenticated, not encrypted
} lp_gcm_t;

// Encrypts plain.len bytes to `out`, which may be plain.ptr and else must not overlap it.
void lp_gcm_seal(const lp_gcm_t *with, lp_span_t plain, uint8_t *out,
                 uint8_t tag[LP_GCM_TAG_BYTES]);
// Decrypts sealed.len bytes to `out`, under the same rule. LP_E_DENIED: the tag is another one, and
// nothing was written.
lp_err_t lp_gcm_open(const lp_gcm_t *with, lp_span_t sealed, const uint8_t tag[LP_GCM_TAG_BYTES],
                     uint8_t *out);

#endif
