// SPDX-License-Identifier: Apache-2.0
// P-256 for mbedTLS by our own arithmetic: the functions that its driver wrappers call where the
// library carries p256-m. What is no P-256 key goes on to mbedTLS's own code.
//
// The names are the wrappers'. A private key is 32 bytes, a public one 0x04 X Y.
#include <psa/crypto.h>
#include <string.h>

#include "../3rdparty/p256-m/p256-m_driver_entrypoints.h"
#include "limpet/p256.h"
#include "limpet/span.h"
#include "tls_internal.h"

enum { BITS = 256, POINT_BYTES = 1 + LP_P256_POINT_BYTES, UNCOMPRESSED = 4 };

const bool lp_tls_has_software_p256 = true;

bool lp_tls_p256_is_point(const uint8_t point[LP_KEY_PUBLIC_BYTES])
{
    return lp_p256_check_public(point) == LP_OK;
}

static const psa_key_type_t pair = PSA_KEY_TYPE_ECC_KEY_PAIR(PSA_ECC_FAMILY_SECP_R1);
static const psa_key_type_t public_key = PSA_KEY_TYPE_ECC_PUBLIC_KEY(PSA_ECC_FAMILY_SECP_R1);

static psa_status_t status_of(lp_err_t err)
{
    if (err == LP_OK) {
        return PSA_SUCCESS;
    }
    return err == LP_E_DENIED ? PSA_ERROR_INVALID_SIGNATURE : PSA_ERROR_INVALID_ARGUMENT;
}

static psa_status_t check(psa_key_type_t type, const uint8_t *data, size_t len)
{
    if (type == pair) {
        return len == LP_P256_SCALAR_BYTES ? status_of(lp_p256_check_private(data))
                                           : PSA_ERROR_INVALID_ARGUMENT;
    }
    if (len != POINT_BYTES || data[0] != UNCOMPRESSED) {
        return PSA_ERROR_INVALID_ARGUMENT;
    }
    return status_of(lp_p256_check_public(data + 1));
}

// Without a size in the attributes the length of the data tells whether it is a key of this curve.
psa_status_t p256_transparent_import_key(const psa_key_attributes_t *attributes,
                                         const uint8_t *data, size_t data_length,
                                         uint8_t *key_buffer, size_t key_buffer_size,
                                         size_t *key_buffer_length, size_t *bits)
{
    psa_key_type_t type = psa_get_key_type(attributes);
    bool is_ours = type == pair || type == public_key;
    size_t ours = type == pair ? LP_P256_SCALAR_BYTES : POINT_BYTES;
    if (!is_ours || (*bits != BITS && (*bits != 0 || data_length != ours))) {
        return PSA_ERROR_NOT_SUPPORTED;
    }
    psa_status_t status = check(type, data, data_length);
    if (status == PSA_SUCCESS && key_buffer_size < data_length) {
        status = PSA_ERROR_BUFFER_TOO_SMALL;
    }
    if (status == PSA_SUCCESS) {
        memcpy(key_buffer, data, data_length);
        *key_buffer_length = data_length;
        *bits = BITS;
    }
    return status;
}

psa_status_t p256_transparent_export_public_key(const psa_key_attributes_t *attributes,
                                                const uint8_t *key_buffer, size_t key_buffer_size,
                                                uint8_t *data, size_t data_size,
                                                size_t *data_length)
{
    if (psa_get_key_type(attributes) != pair || psa_get_key_bits(attributes) != BITS) {
        return PSA_ERROR_NOT_SUPPORTED;
    }
    if (key_buffer_size != LP_P256_SCALAR_BYTES) {
        return PSA_ERROR_CORRUPTION_DETECTED;
    }
    if (data_size < POINT_BYTES) {
        return PSA_ERROR_BUFFER_TOO_SMALL;
    }
    data[0] = UNCOMPRESSED;
    *data_length = POINT_BYTES;
    return status_of(lp_p256_public(key_buffer, data + 1));
}

// A number that is no key comes once in 2^32; what is drawn again is not biased.
psa_status_t p256_transparent_generate_key(const psa_key_attributes_t *attributes,
                                           uint8_t *key_buffer, size_t key_buffer_size,
                                           size_t *key_buffer_length)
{
    (void)attributes;
    psa_status_t status;
    if (key_buffer_size < LP_P256_SCALAR_BYTES) {
        return PSA_ERROR_BUFFER_TOO_SMALL;
    }
    do {
        status = psa_generate_random(key_buffer, LP_P256_SCALAR_BYTES);
    } while (status == PSA_SUCCESS && lp_p256_check_private(key_buffer) != LP_OK);
    if (status == PSA_SUCCESS) {
        *key_buffer_length = LP_P256_SCALAR_BYTES;
    }
    return status;
}

psa_status_t p256_transparent_key_agreement(const psa_key_attributes_t *attributes,
                                            const uint8_t *key_buffer, size_t key_buffer_size,
                                            psa_algorithm_t alg, const uint8_t *peer_key,
                                            size_t peer_key_length, uint8_t *shared_secret,
                                            size_t shared_secret_size, size_t *shared_secret_length)
{
    (void)attributes;
    (void)alg;
    if (key_buffer_size != LP_P256_SCALAR_BYTES || peer_key_length != POINT_BYTES ||
        peer_key[0] != UNCOMPRESSED) {
        return PSA_ERROR_INVALID_ARGUMENT;
    }
    if (shared_secret_size < LP_P256_SCALAR_BYTES) {
        return PSA_ERROR_BUFFER_TOO_SMALL;
    }
    *shared_secret_length = LP_P256_SCALAR_BYTES;
    return status_of(lp_p256_ecdh(key_buffer, peer_key + 1, shared_secret));
}

// The leftmost 256 bits of a digest; a shorter one is a number with zeros in front.
// @source FIPS 186-5, 6.4.1
static void leftmost(uint8_t out[LP_P256_SCALAR_BYTES], const uint8_t *hash, size_t len)
{
    size_t used = len < LP_P256_SCALAR_BYTES ? len : LP_P256_SCALAR_BYTES;
    memset(out, 0, LP_P256_SCALAR_BYTES);
    memcpy(out + LP_P256_SCALAR_BYTES - used, hash, used);
}

psa_status_t p256_transparent_sign_hash(const psa_key_attributes_t *attributes,
                                        const uint8_t *key_buffer, size_t key_buffer_size,
                                        psa_algorithm_t alg, const uint8_t *hash,
                                        size_t hash_length, uint8_t *signature,
                                        size_t signature_size, size_t *signature_length)
{
    (void)attributes;
    (void)alg;
    uint8_t digest[LP_P256_SCALAR_BYTES], extra[LP_P256_SCALAR_BYTES];
    if (key_buffer_size != LP_P256_SCALAR_BYTES) {
        return PSA_ERROR_CORRUPTION_DETECTED;
    }
    if (signature_size < LP_P256_SIGNATURE_BYTES) {
        return PSA_ERROR_BUFFER_TOO_SMALL;
    }
    leftmost(digest, hash, hash_length);
    psa_status_t status = psa_generate_random(extra, sizeof extra);
    if (status == PSA_SUCCESS) {
        *signature_length = LP_P256_SIGNATURE_BYTES;
        status = status_of(lp_p256_sign(key_buffer, digest, extra, sizeof extra, signature));
    }
    lp_wipe(extra, sizeof extra);
    return status;
}

psa_status_t p256_transparent_verify_hash(const psa_key_attributes_t *attributes,
                                          const uint8_t *key_buffer, size_t key_buffer_size,
                                          psa_algorithm_t alg, const uint8_t *hash,
                                          size_t hash_length, const uint8_t *signature,
                                          size_t signature_length)
{
    (void)alg;
    uint8_t digest[LP_P256_SCALAR_BYTES];
    if (psa_get_key_type(attributes) != public_key || key_buffer_size != POINT_BYTES) {
        return PSA_ERROR_NOT_SUPPORTED;
    }
    if (signature_length != LP_P256_SIGNATURE_BYTES) {
        return PSA_ERROR_INVALID_SIGNATURE;
    }
    leftmost(digest, hash, hash_length);
    lp_tls_t *tls = lp_tls_engine_owner();
    if (tls != NULL && lp_tls_session_verifies_in_chip(tls)) {
        return lp_tls_p256_verify_in_chip(key_buffer + 1, digest, signature);
    }
    return status_of(lp_tls_p256_verify(key_buffer + 1, digest, signature));
}
