// SPDX-License-Identifier: Apache-2.0
// The PSA driver of keys that live in a key store: what third_party/patches/mbedtls calls.
//
// The PSA key buffer of such a key holds a reference and the public key, never a secret. The
// functions start an operation of the key store and yield the handshake's fiber until it is done;
// called from anywhere else than that fiber they fail with PSA_ERROR_BAD_STATE instead of blocking.
#ifndef LP_PSA_DRIVER_H
#define LP_PSA_DRIVER_H

#include <stddef.h>
#include <stdint.h>

#include "psa/crypto.h"

// A vendor location (PSA_KEY_LOCATION_VENDOR_FLAG set).
#define LP_PSA_LOCATION ((psa_key_location_t)0x804c50u)
#define LP_PSA_LIFETIME                                                                            \
    PSA_KEY_LIFETIME_FROM_PERSISTENCE_AND_LOCATION(PSA_KEY_PERSISTENCE_VOLATILE, LP_PSA_LOCATION)
#define LP_PSA_KEY_BUFFER_SIZE 128u

// Where the ECDHE key with these attributes is to be made: LP_PSA_LIFETIME or
// PSA_KEY_LIFETIME_VOLATILE.
psa_key_lifetime_t lp_psa_ecdhe_lifetime(const psa_key_attributes_t *attributes);

// "Imports" a reference to a key: LP_PSA_KEY_BUFFER_SIZE bytes as made by tls_psa.c.
psa_status_t lp_psa_import_key(const psa_key_attributes_t *attributes, const uint8_t *data,
                               size_t data_len, uint8_t *key_buffer, size_t key_buffer_size,
                               size_t *key_buffer_length, size_t *bits);

// Makes a fresh ECDHE key in the chip.
psa_status_t lp_psa_generate_key(const psa_key_attributes_t *attributes, uint8_t *key_buffer,
                                 size_t key_buffer_size, size_t *key_buffer_length);

psa_status_t lp_psa_export_public_key(const psa_key_attributes_t *attributes,
                                      const uint8_t *key_buffer, size_t key_buffer_size,
                                      uint8_t *data, size_t data_size, size_t *data_length);

psa_status_t lp_psa_sign_hash(const psa_key_attributes_t *attributes, const uint8_t *key_buffer,
                              size_t key_buffer_size, psa_algorithm_t alg, const uint8_t *hash,
                              size_t hash_length, uint8_t *signature, size_t signature_size,
                              size_t *signature_length);

psa_status_t lp_psa_key_agreement(const psa_key_attributes_t *attributes, const uint8_t *key_buffer,
                                  size_t key_buffer_size, psa_algorithm_t alg,
                                  const uint8_t *peer_key, size_t peer_key_length,
                                  uint8_t *shared_secret, size_t shared_secret_size,
                                  size_t *shared_secret_length);

#endif
