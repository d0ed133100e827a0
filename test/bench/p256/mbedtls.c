// SPDX-License-Identifier: Apache-2.0
// mbedTLS as it comes, with its fast reduction for NIST primes.
#include <mbedtls/ecdh.h>
#include <mbedtls/ecdsa.h>
#include <string.h>

#include "bench.h"
#include "numbers.h"

const char bench_library[] = "mbedtls";

static mbedtls_ecp_group group;
static mbedtls_ecp_point pub, peer;
static mbedtls_mpi d, e, secret, r, s;

// For blinding only; not random, so that a run is like the other.
static int numbers(void *ctx, unsigned char *out, size_t len)
{
    static uint32_t state = 1;
    (void)ctx;
    for (size_t i = 0; i < len; i++) {
        state = state * 1103515245u + 12345u;
        out[i] = (unsigned char)(state >> 16);
    }
    return 0;
}

bool bench_prepare(void)
{
    mbedtls_ecp_group_init(&group);
    mbedtls_ecp_point_init(&pub);
    mbedtls_ecp_point_init(&peer);
    mbedtls_mpi_init(&d);
    mbedtls_mpi_init(&e);
    mbedtls_mpi_init(&secret);
    mbedtls_mpi_init(&r);
    mbedtls_mpi_init(&s);
    return mbedtls_ecp_group_load(&group, MBEDTLS_ECP_DP_SECP256R1) == 0 &&
           mbedtls_mpi_read_binary(&d, bench_d, sizeof bench_d) == 0 &&
           mbedtls_mpi_read_binary(&e, bench_e, sizeof bench_e) == 0 &&
           mbedtls_ecp_mul(&group, &peer, &e, &group.G, numbers, NULL) == 0;
}

bool bench_keygen(void)
{
    return mbedtls_ecp_mul(&group, &pub, &d, &group.G, numbers, NULL) == 0;
}

bool bench_ecdh(void)
{
    return mbedtls_ecdh_compute_shared(&group, &secret, &peer, &d, numbers, NULL) == 0;
}

bool bench_sign(void)
{
    return mbedtls_ecdsa_sign(&group, &r, &s, &d, bench_digest, sizeof bench_digest, numbers,
                              NULL) == 0;
}

bool bench_verify(void)
{
    return mbedtls_ecdsa_verify(&group, bench_digest, sizeof bench_digest, &pub, &r, &s) == 0;
}
