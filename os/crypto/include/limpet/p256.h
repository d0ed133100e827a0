// SPDX-License-Identifier: Apache-2.0
// limpet/p256.h - NIST P-256 in software: key pairs, ECDH, ECDSA.
//
// Points are 64 bytes, X then Y; scalars and digests 32 bytes, all big-endian. What depends on a
// secret takes the same time and touches the same memory whatever the secret is; verification
// works on public data and does not. Nothing here allocates; the deepest call uses about 3 KB of
// stack, which is wiped where it held secrets.
// @source SEC 1 2.0; FIPS 186-5; RFC 6979; the curve: SP 800-186, 3.2.1.3
// @context loop, fiber; a call takes 1 to 7 million instructions on a core with a 16-bit multiplier
#ifndef LIMPET_P256_H
#define LIMPET_P256_H

#include <stddef.h>
#include <stdint.h>

#include "limpet/err.h"

enum { LP_P256_SCALAR_BYTES = 32, LP_P256_POINT_BYTES = 64, LP_P256_SIGNATURE_BYTES = 64 };

// LP_OK when 1 <= d < n, so when `d` may be a private key; else LP_E_RANGE.
lp_err_t lp_p256_check_private(const uint8_t d[LP_P256_SCALAR_BYTES]);

// The public key d*G. LP_E_RANGE: `d` is no private key.
lp_err_t lp_p256_public(const uint8_t d[LP_P256_SCALAR_BYTES], uint8_t pub[LP_P256_POINT_BYTES]);

// LP_OK when `pub` is a point of the curve with both coordinates below p; else LP_E_INVALID.
lp_err_t lp_p256_check_public(const uint8_t pub[LP_P256_POINT_BYTES]);

// The X coordinate of d*peer. LP_E_RANGE: `d` is no private key. LP_E_INVALID: `peer` is no point.
lp_err_t lp_p256_ecdh(const uint8_t d[LP_P256_SCALAR_BYTES],
                      const uint8_t peer[LP_P256_POINT_BYTES],
                      uint8_t secret[LP_P256_SCALAR_BYTES]);

// The signature (r, s) of a digest. The nonce is derived from key, digest and `extra` as in
// RFC 6979, 3.6. `extra` (borrowed, may be empty) is fresh randomness: with it a fault that is
// injected twice into the same signature does not give the key away; without it the signature is
// RFC 6979's own. Nothing is ever signed with a nonce that a random number generator alone chose.
// LP_E_RANGE: `d` is no private key, or extra_len > 32.
lp_err_t lp_p256_sign(const uint8_t d[LP_P256_SCALAR_BYTES],
                      const uint8_t digest[LP_P256_SCALAR_BYTES], const uint8_t *extra,
                      size_t extra_len, uint8_t signature[LP_P256_SIGNATURE_BYTES]);

// LP_E_INVALID: `pub` is no point of the curve. LP_E_DENIED: the signature is not this key's over
// this digest.
lp_err_t lp_p256_verify(const uint8_t pub[LP_P256_POINT_BYTES],
                        const uint8_t digest[LP_P256_SCALAR_BYTES],
                        const uint8_t signature[LP_P256_SIGNATURE_BYTES]);

#endif
