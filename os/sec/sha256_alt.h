// SPDX-License-Identifier: Apache-2.0
// What mbedTLS takes for its SHA-256 in the chip-only image: the one that is there anyway,
// os/base's. See src/tls_sha256.c.
#ifndef LP_SHA256_ALT_H
#define LP_SHA256_ALT_H

#include "limpet/sha256.h"

typedef lp_sha256_t mbedtls_sha256_context;

#endif
