// SPDX-License-Identifier: Apache-2.0
// limpet/seal.h - content that only who has the key can read or make, bound to a name and a
// version.
//
//   "LPS1" | version u32, little endian | salt, 16 random bytes | cipher text | tag, 16 bytes
//
// AES-256-GCM. Each sealing has a key of its own, HMAC-SHA256(key, "limpet seal" | salt | version |
// name), used once, so that no nonce is ever used twice with a key. What is in front of the cipher
// text, and the name, are authenticated too.
// @source NIST SP 800-38D
// @context loop
#ifndef LIMPET_SEAL_H
#define LIMPET_SEAL_H

#include "limpet/err.h"
#include "limpet/span.h"

enum {
    LP_SEAL_KEY_BYTES = 32,
    LP_SEAL_SALT_BYTES = 16,
    LP_SEAL_HEAD_BYTES = 8 + LP_SEAL_SALT_BYTES,
    LP_SEAL_EXTRA_BYTES = LP_SEAL_HEAD_BYTES + 16, // longer than the plain text by this
};

// Appends the sealed content. Needs lp_tls_init(): its memory is used. `salt` is new random bytes.
// LP_E_NOSPACE, LP_E_IO: nothing was appended.
lp_err_t lp_seal(const uint8_t key[LP_SEAL_KEY_BYTES], const char *name, uint32_t version,
                 const uint8_t salt[LP_SEAL_SALT_BYTES], lp_span_t plain, lp_buf_t *out);

// Appends the plain text and tells the version. LP_E_FORMAT: that is no sealed content.
// LP_E_VERIFY: another key or name, or it was altered. LP_E_NOSPACE, LP_E_IO. Nothing was appended.
lp_err_t lp_unseal(const uint8_t key[LP_SEAL_KEY_BYTES], const char *name, lp_span_t sealed,
                   uint32_t *version, lp_buf_t *out);

#endif
