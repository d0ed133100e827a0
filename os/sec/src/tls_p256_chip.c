// SPDX-License-Identifier: Apache-2.0
// Instead of tls_p256.c in an image that has no elliptic curve in software: everything is for the
// chip.
//
// What is not checked here, because it takes the curve: that a server's point is one. The chip
// looks at points itself, and an ECDHE key serves one handshake, so a point off the curve would
// tell something about a key that is gone. Signatures: see docs/memory.md, "Chip only".
#include <psa/crypto.h>
#include <string.h>

#include "../3rdparty/p256-m/p256-m_driver_entrypoints.h"
#include "tls_internal.h"

enum { BITS = 256, POINT_BYTES = 1 + LP_KEY_PUBLIC_BYTES, UNCOMPRESSED = 4 };

static const psa_key_type_t public_key = PSA_KEY_TYPE_ECC_PUBLIC_KEY(PSA_ECC_FAMILY_SECP_R1);

const bool lp_tls_has_software_p256 = false;

bool lp_tls_p256_is_point(const uint8_t point[LP_KEY_PUBLIC_BYTES])
{
    (void)point;
    return true;
}

// Public keys of the server only.
psa_status_t p256_transparent_import_key(const psa_key_attributes_t *attributes,
                                         const uint8_t *data, size_t data_length,
                                         uint8_t *key_buffer, size_t key_buffer_size,
                                         size_t *key_buffer_length, size_t *bits)
{
    if (psa_get_key_type(attributes) != public_key || (*bits != BITS && *bits != 0)) {
        return PSA_ERROR_NOT_SUPPORTED;
    }
    if (data_length != POINT_BYTES || data[0] != UNCOMPRESSED) {
        return PSA_ERROR_INVALID_ARGUMENT;
    }
    if (key_buffer_size < data_length) {
        return PSA_ERROR_BUFFER_TOO_SMALL;
    }
    memcpy(key_buffer, data, data_length);
    *key_buffer_length = data_length;
    *bits = BITS;
    return PSA_SUCCESS;
}

psa_status_t p256_transparent_export_public_key(const psa_key_attributes_t *attributes,
                                                const uint8_t *key_buffer, size_t key_buffer_size,
                                                uint8_t *data, size_t data_size,
                                                size_t *data_length)
{
    (void)attributes;
    (void)key_buffer;
    (void)key_buffer_size;
    (void)data;
    (void)data_size;
    (void)data_length;
    return PSA_ERROR_NOT_SUPPORTED;
}

psa_status_t p256_transparent_generate_key(const psa_key_attributes_t *attributes,
                                           uint8_t *key_buffer, size_t key_buffer_size,
                                           size_t *key_buffer_length)
{
    (void)attributes;
    (void)key_buffer;
    (void)key_buffer_size;
    (void)key_buffer_length;
    return PSA_ERROR_NOT_SUPPORTED;
}

psa_status_t p256_transparent_key_agreement(const psa_key_attributes_t *attributes,
                                            const uint8_t *key_buffer, size_t key_buffer_size,
                                            psa_algorithm_t alg, const uint8_t *peer_key,
                                            size_t peer_key_length, uint8_t *shared_secret,
                                            size_t shared_secret_size, size_t *shared_secret_length)
{
    (void)attributes;
    (void)key_buffer;
    (void)key_buffer_size;
    (void)alg;
    (void)peer_key;
    (void)peer_key_length;
    (void)shared_secret;
    (void)shared_secret_size;
    (void)shared_secret_length;
    return PSA_ERROR_NOT_SUPPORTED;
}

psa_status_t p256_transparent_sign_hash(const psa_key_attributes_t *attributes,
                                        const uint8_t *key_buffer, size_t key_buffer_size,
                                        psa_algorithm_t alg, const uint8_t *hash,
                                        size_t hash_length, uint8_t *signature,
                                        size_t signature_size, size_t *signature_length)
{
    (void)attributes;
    (void)key_buffer;
    (void)key_buffer_size;
    (void)alg;
    (void)hash;
    (void)hash_length;
    (void)signature;
    (void)signature_size;
    (void)signature_length;
    return PSA_ERROR_NOT_SUPPORTED;
}

psa_status_t p256_transparent_verify_hash(const psa_key_attributes_t *attributes,
                                          const uint8_t *key_buffer, size_t key_buffer_size,
                                          psa_algorithm_t alg, const uint8_t *hash,
                                          size_t hash_length, const uint8_t *signature,
                                          size_t signature_length)
{
    (void)alg;
    if (psa_get_key_type(attributes) != public_key || key_buffer_size != POINT_BYTES ||
        hash_length != LP_KEY_DIGEST_BYTES) { // SHA-256 is all that the profile has
        return PSA_ERROR_NOT_SUPPORTED;
    }
    if (signature_length != LP_KEY_SIGNATURE_BYTES) {
        return PSA_ERROR_INVALID_SIGNATURE;
    }
    return lp_tls_p256_verify_in_chip(key_buffer + 1, hash, signature);
}
