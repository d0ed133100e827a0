// SPDX-License-Identifier: Apache-2.0
// What the comparison needs of mbedTLS, with its defaults otherwise.
#define MBEDTLS_BIGNUM_C
#define MBEDTLS_ECP_C
#define MBEDTLS_ECP_DP_SECP256R1_ENABLED
#define MBEDTLS_ECP_NIST_OPTIM
#define MBEDTLS_ECDH_C
#define MBEDTLS_ECDSA_C
#define MBEDTLS_ASN1_PARSE_C
#define MBEDTLS_ASN1_WRITE_C
#define MBEDTLS_HAVE_ASM
#define MBEDTLS_PLATFORM_C
#define MBEDTLS_PLATFORM_MEMORY
#define MBEDTLS_PLATFORM_CALLOC_MACRO bench_calloc
#define MBEDTLS_PLATFORM_FREE_MACRO   bench_free
#include <stddef.h>
void *bench_calloc(size_t count, size_t size);
void bench_free(void *ptr);
