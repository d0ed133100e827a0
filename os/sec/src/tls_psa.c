// SPDX-License-Identifier: Apache-2.0
// Keys of the key store as opaque PSA keys: what the patched driver wrappers of mbedTLS call.
#include "tls_psa.h"

#include <string.h>

#include "lp_psa_driver.h"
#include "tls_internal.h"

typedef struct {
    bool is_ephemeral; // the ECDHE key of the handshake under way
    lp_key_id_t id;
    uint8_t pub[LP_KEY_PUBLIC_BYTES];
} ref_t;

_Static_assert(sizeof(ref_t) <= LP_PSA_KEY_BUFFER_SIZE, "a reference fits into a PSA key buffer");

enum { POINT_BYTES = 1 + LP_KEY_PUBLIC_BYTES, POINT_UNCOMPRESSED = 4 };

static psa_status_t status_of(lp_err_t err)
{
    if (err == LP_OK) {
        return PSA_SUCCESS;
    }
    return err == LP_E_STATE ? PSA_ERROR_BAD_STATE : PSA_ERROR_HARDWARE_FAILURE;
}

static bool load_ref(const uint8_t *buffer, size_t size, ref_t *ref)
{
    if (size < sizeof *ref) {
        return false;
    }
    memcpy(ref, buffer, sizeof *ref);
    return true;
}

static bool is_p256(const psa_key_attributes_t *attributes)
{
    return psa_get_key_type(attributes) == PSA_KEY_TYPE_ECC_KEY_PAIR(PSA_ECC_FAMILY_SECP_R1) &&
           psa_get_key_bits(attributes) == 256;
}

static const char *group_name(const psa_key_attributes_t *attributes)
{
    if (psa_get_key_type(attributes) == PSA_KEY_TYPE_ECC_KEY_PAIR(PSA_ECC_FAMILY_MONTGOMERY)) {
        return "X25519";
    }
    return psa_get_key_bits(attributes) == 256 ? "P-256" : "P-384";
}

psa_key_lifetime_t lp_psa_ecdhe_lifetime(const psa_key_attributes_t *attributes)
{
    lp_tls_t *tls = lp_tls_engine_owner();
    bool in_chip = tls != NULL &&
                   lp_tls_session_ecdhe_in_chip(tls, is_p256(attributes), group_name(attributes));
    return in_chip ? LP_PSA_LIFETIME : PSA_KEY_LIFETIME_VOLATILE;
}

lp_err_t lp_tls_psa_refer(lp_key_id_t id, const uint8_t pub[LP_KEY_PUBLIC_BYTES], psa_key_id_t *key)
{
    ref_t ref = {.id = id};
    memcpy(ref.pub, pub, sizeof ref.pub);
    psa_key_attributes_t attributes = PSA_KEY_ATTRIBUTES_INIT;
    psa_set_key_type(&attributes, PSA_KEY_TYPE_ECC_KEY_PAIR(PSA_ECC_FAMILY_SECP_R1));
    psa_set_key_bits(&attributes, 256);
    psa_set_key_usage_flags(&attributes, PSA_KEY_USAGE_SIGN_HASH);
    psa_set_key_algorithm(&attributes, PSA_ALG_ECDSA(PSA_ALG_ANY_HASH));
    psa_set_key_lifetime(&attributes, LP_PSA_LIFETIME);
    psa_status_t status = psa_import_key(&attributes, (const uint8_t *)&ref, sizeof ref, key);
    return status == PSA_SUCCESS ? LP_OK : LP_E_NOSPACE;
}

psa_status_t lp_psa_import_key(const psa_key_attributes_t *attributes, const uint8_t *data,
                               size_t data_len, uint8_t *key_buffer, size_t key_buffer_size,
                               size_t *key_buffer_length, size_t *bits)
{
    if (!is_p256(attributes) || data_len != sizeof(ref_t) || key_buffer_size < data_len) {
        return PSA_ERROR_INVALID_ARGUMENT;
    }
    memcpy(key_buffer, data, data_len);
    *key_buffer_length = data_len;
    *bits = 256;
    return PSA_SUCCESS;
}

psa_status_t lp_psa_generate_key(const psa_key_attributes_t *attributes, uint8_t *key_buffer,
                                 size_t key_buffer_size, size_t *key_buffer_length)
{
    if (!is_p256(attributes) || key_buffer_size < sizeof(ref_t)) {
        return PSA_ERROR_NOT_SUPPORTED;
    }
    ref_t ref = {.is_ephemeral = true, .id = {.place = LP_KEY_IN_CHIP}};
    lp_tls_t *tls = lp_tls_engine_owner();
    const lp_key_op_kind_t kind = tls != NULL && lp_tls_session_seals(tls)
                                      ? LP_KEY_OP_ECDHE_SEALED
                                      : LP_KEY_OP_ECDHE_GENERATE;
    lp_err_t err = lp_tls_engine_key(kind, ref.id, NULL, 0, ref.pub, sizeof ref.pub);
    if (err == LP_OK) {
        memcpy(key_buffer, &ref, sizeof ref);
        *key_buffer_length = sizeof ref;
    }
    return status_of(err);
}

psa_status_t lp_psa_export_public_key(const psa_key_attributes_t *attributes,
                                      const uint8_t *key_buffer, size_t key_buffer_size,
                                      uint8_t *data, size_t data_size, size_t *data_length)
{
    (void)attributes;
    ref_t ref;
    if (!load_ref(key_buffer, key_buffer_size, &ref)) {
        return PSA_ERROR_CORRUPTION_DETECTED;
    }
    if (data_size < POINT_BYTES) {
        return PSA_ERROR_BUFFER_TOO_SMALL;
    }
    data[0] = POINT_UNCOMPRESSED;
    memcpy(data + 1, ref.pub, sizeof ref.pub);
    *data_length = POINT_BYTES;
    return PSA_SUCCESS;
}

// ECDSA over P-256 takes the leftmost 256 bits of a longer digest, so SHA-384 needs nothing
// special.
// @source FIPS 186-5, 6.4.1
psa_status_t lp_psa_sign_hash(const psa_key_attributes_t *attributes, const uint8_t *key_buffer,
                              size_t key_buffer_size, psa_algorithm_t alg, const uint8_t *hash,
                              size_t hash_length, uint8_t *signature, size_t signature_size,
                              size_t *signature_length)
{
    (void)attributes;
    ref_t ref;
    if (!load_ref(key_buffer, key_buffer_size, &ref) || ref.is_ephemeral) {
        return PSA_ERROR_CORRUPTION_DETECTED;
    }
    if (!PSA_ALG_IS_ECDSA(alg) || hash_length < LP_KEY_DIGEST_BYTES) {
        return PSA_ERROR_NOT_SUPPORTED;
    }
    if (signature_size < LP_KEY_SIGNATURE_BYTES) {
        return PSA_ERROR_BUFFER_TOO_SMALL;
    }
    lp_err_t err = lp_tls_engine_key(LP_KEY_OP_SIGN, ref.id, hash, LP_KEY_DIGEST_BYTES, signature,
                                     LP_KEY_SIGNATURE_BYTES);
    if (err == LP_OK) {
        *signature_length = LP_KEY_SIGNATURE_BYTES;
    }
    return status_of(err);
}

// The chip is not asked to multiply with what is no point of the curve, whatever it would say to
// it.
psa_status_t lp_psa_key_agreement(const psa_key_attributes_t *attributes, const uint8_t *key_buffer,
                                  size_t key_buffer_size, psa_algorithm_t alg,
                                  const uint8_t *peer_key, size_t peer_key_length,
                                  uint8_t *shared_secret, size_t shared_secret_size,
                                  size_t *shared_secret_length)
{
    (void)attributes;
    ref_t ref;
    if (!load_ref(key_buffer, key_buffer_size, &ref) || !ref.is_ephemeral) {
        return PSA_ERROR_CORRUPTION_DETECTED;
    }
    if (!PSA_ALG_IS_ECDH(alg) || peer_key_length != POINT_BYTES ||
        peer_key[0] != POINT_UNCOMPRESSED || !lp_tls_p256_is_point(peer_key + 1)) {
        return PSA_ERROR_INVALID_ARGUMENT;
    }
    if (shared_secret_size < LP_KEY_SECRET_BYTES) {
        return PSA_ERROR_BUFFER_TOO_SMALL;
    }
    lp_err_t err = lp_tls_engine_key(LP_KEY_OP_ECDHE_AGREE, ref.id, peer_key + 1,
                                     LP_KEY_PUBLIC_BYTES, shared_secret, LP_KEY_SECRET_BYTES);
    if (err == LP_OK) {
        *shared_secret_length = LP_KEY_SECRET_BYTES;
    }
    return status_of(err);
}

int32_t lp_tls_p256_verify_in_chip(const uint8_t pub[LP_KEY_PUBLIC_BYTES],
                                   const uint8_t digest[LP_KEY_DIGEST_BYTES],
                                   const uint8_t signature[LP_KEY_SIGNATURE_BYTES])
{
    lp_key_check_t check;
    memcpy(check.pub, pub, sizeof check.pub);
    memcpy(check.signature, signature, sizeof check.signature);
    lp_err_t err = lp_tls_engine_verify(digest, &check);
    if (err == LP_OK) {
        return PSA_SUCCESS;
    }
    return err == LP_E_CHIP_MISMATCH ? PSA_ERROR_INVALID_SIGNATURE : PSA_ERROR_HARDWARE_FAILURE;
}
