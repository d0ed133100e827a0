// SPDX-License-Identifier: Apache-2.0
// The reference that stands for a key of the key store inside PSA.
#ifndef LP_SEC_TLS_PSA_H
#define LP_SEC_TLS_PSA_H

#include <psa/crypto.h>

#include "limpet/keystore.h"

// Makes a PSA key that signs with `id`. LP_E_NOSPACE: PSA has no room for another key.
lp_err_t lp_tls_psa_refer(lp_key_id_t id, const uint8_t pub[LP_KEY_PUBLIC_BYTES],
                          psa_key_id_t *key);

#endif
