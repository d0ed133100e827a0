// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "bench.h"
#include "limpet/p256.h"
#include "numbers.h"

const char bench_library[] = "limpet";

static uint8_t pub[64], peer[64], secret[32], signature[64];

bool bench_prepare(void)
{
    return lp_p256_public(bench_e, peer) == LP_OK;
}

bool bench_keygen(void)
{
    return lp_p256_public(bench_d, pub) == LP_OK;
}

bool bench_ecdh(void)
{
    return lp_p256_ecdh(bench_d, peer, secret) == LP_OK;
}

bool bench_sign(void)
{
    return lp_p256_sign(bench_d, bench_digest, NULL, 0, signature) == LP_OK;
}

bool bench_verify(void)
{
    return lp_p256_verify(pub, bench_digest, signature) == LP_OK;
}
