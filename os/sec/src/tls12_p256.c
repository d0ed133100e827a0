// SPDX-License-Identifier: Apache-2.0
// P-256 in software for the small TLS.
#include "limpet/p256.h"
#include "tls12.h"

const bool lp_tls_has_software_p256 = true;

bool lp_tls_p256_is_point(const uint8_t point[LP_KEY_PUBLIC_BYTES])
{
    return lp_p256_check_public(point) == LP_OK;
}

// A number that is no key comes once in 2^32; what is drawn again is not biased.
lp_err_t lp_tls12_p256_make(uint8_t secret[32], uint8_t pub[LP_KEY_PUBLIC_BYTES])
{
    do {
        if (lp_tls_rng_fill(NULL, secret, LP_P256_SCALAR_BYTES) != 0) {
            return LP_E_IO;
        }
    } while (lp_p256_check_private(secret) != LP_OK);
    return lp_p256_public(secret, pub);
}

lp_err_t lp_tls12_p256_agree(const uint8_t secret[32], const uint8_t peer[LP_KEY_PUBLIC_BYTES],
                             uint8_t shared[LP_KEY_SECRET_BYTES])
{
    return lp_p256_ecdh(secret, peer, shared);
}

lp_err_t lp_tls12_p256_verify(const uint8_t pub[LP_KEY_PUBLIC_BYTES],
                              const uint8_t digest[LP_KEY_DIGEST_BYTES],
                              const uint8_t signature[LP_KEY_SIGNATURE_BYTES])
{
    return lp_p256_verify(pub, digest, signature);
}
