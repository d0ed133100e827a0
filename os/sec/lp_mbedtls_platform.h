// SPDX-License-Identifier: Apache-2.0
// What mbedTLS gets from Limpet instead of from a C library. Implemented in
// os/sec/src/tls_platform.c.
#ifndef LP_MBEDTLS_PLATFORM_H
#define LP_MBEDTLS_PLATFORM_H

#include <stddef.h>
#include <stdint.h>

// Zeroed memory from the static arena; null when it is used up.
void *lp_tls_calloc(size_t count, size_t size);

// Wipes and gives back. Null is fine.
void lp_tls_free(void *ptr);

// Seconds since 1970 by the port's clock; 0 when it is unknown.
int64_t lp_tls_time(int64_t *out);

#endif
