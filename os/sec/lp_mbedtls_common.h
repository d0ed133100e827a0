// SPDX-License-Identifier: Apache-2.0
// What every profile of mbedTLS shares: where its memory, time and random numbers come from.
#ifndef LP_MBEDTLS_COMMON_H
#define LP_MBEDTLS_COMMON_H

#include <stdint.h>

#include "lp_mbedtls_platform.h"

// Platform: memory from one static arena, time and entropy from the port.
#define MBEDTLS_PLATFORM_C
#define MBEDTLS_PLATFORM_MEMORY
#define MBEDTLS_PLATFORM_CALLOC_MACRO lp_tls_calloc
#define MBEDTLS_PLATFORM_FREE_MACRO   lp_tls_free
#define MBEDTLS_HAVE_TIME
#define MBEDTLS_HAVE_TIME_DATE
#define MBEDTLS_PLATFORM_TIME_TYPE_MACRO int64_t
#define MBEDTLS_PLATFORM_TIME_MACRO      lp_tls_time
#define MBEDTLS_PLATFORM_GMTIME_R_ALT
#define MBEDTLS_PLATFORM_MS_TIME_ALT
#define MBEDTLS_NO_PLATFORM_ENTROPY
#define MBEDTLS_PSA_CRYPTO_EXTERNAL_RNG

#endif
