// SPDX-License-Identifier: Apache-2.0
// In place of os/sec's: what third_party/patches/mbedtls asks. This mbedTLS has no keys elsewhere.
#ifndef LP_PSA_DRIVER_H
#define LP_PSA_DRIVER_H

#include "psa/crypto.h"

#define LP_PSA_LOCATION                   ((psa_key_location_t)0x804c50u)
#define LP_PSA_KEY_BUFFER_SIZE            128u
#define lp_psa_ecdhe_lifetime(attributes) PSA_KEY_LIFETIME_VOLATILE
#define lp_psa_import_key(...)            PSA_ERROR_NOT_SUPPORTED
#define lp_psa_generate_key(...)          PSA_ERROR_NOT_SUPPORTED
#define lp_psa_export_public_key(...)     PSA_ERROR_NOT_SUPPORTED
#define lp_psa_sign_hash(...)             PSA_ERROR_NOT_SUPPORTED
#define lp_psa_key_agreement(...)         PSA_ERROR_NOT_SUPPORTED

#endif
