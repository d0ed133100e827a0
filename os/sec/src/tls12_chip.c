// SPDX-License-Identifier: Apache-2.0
// Instead of tls12_p256.c in an image that has no elliptic curve in software: everything is for the
// chip.
//
// What is not checked here, because it takes the curve: that a server's point is one. The chip
// looks at points itself, and an ECDHE key serves one handshake, so a point off the curve would
// tell something about a key that is gone. Signatures: see docs/memory.md, "Chip only".
#include "tls12.h"

const bool lp_tls_has_software_p256 = false;

bool lp_tls_p256_is_point(const uint8_t point[LP_KEY_PUBLIC_BYTES])
{
    (void)point;
    return true;
}

lp_err_t lp_tls12_p256_make(uint8_t secret[32], uint8_t pub[LP_KEY_PUBLIC_BYTES])
{
    (void)secret;
    (void)pub;
    return LP_E_UNSUPPORTED;
}

lp_err_t lp_tls12_p256_agree(const uint8_t secret[32], const uint8_t peer[LP_KEY_PUBLIC_BYTES],
                             uint8_t shared[LP_KEY_SECRET_BYTES])
{
    (void)secret;
    (void)peer;
    (void)shared;
    return LP_E_UNSUPPORTED;
}

lp_err_t lp_tls12_p256_verify(const uint8_t pub[LP_KEY_PUBLIC_BYTES],
                              const uint8_t digest[LP_KEY_DIGEST_BYTES],
                              const uint8_t signature[LP_KEY_SIGNATURE_BYTES])
{
    (void)pub;
    (void)digest;
    (void)signature;
    return LP_E_UNSUPPORTED;
}
