// SPDX-License-Identifier: Apache-2.0
// BearSSL with its arithmetic for 16-bit multipliers.
#include <bearssl.h>
#include <string.h>

#include "bench.h"
#include "numbers.h"

const char bench_library[] = "bearssl";

static unsigned char pub[65], peer[65], point[65], signature[64];
static unsigned char d[32];
static const br_ec_private_key key = {.curve = BR_EC_secp256r1, .x = d, .xlen = sizeof d};

bool bench_prepare(void)
{
    memcpy(d, bench_d, sizeof d);
    return br_ec_p256_m15.mulgen(peer, bench_e, sizeof bench_e, BR_EC_secp256r1) == sizeof peer;
}

bool bench_keygen(void)
{
    return br_ec_p256_m15.mulgen(pub, d, sizeof d, BR_EC_secp256r1) == sizeof pub;
}

bool bench_ecdh(void)
{
    memcpy(point, peer, sizeof point);
    return br_ec_p256_m15.mul(point, sizeof point, d, sizeof d, BR_EC_secp256r1) == 1;
}

bool bench_sign(void)
{
    return br_ecdsa_i15_sign_raw(&br_ec_p256_m15, &br_sha256_vtable, bench_digest, &key,
                                 signature) == sizeof signature;
}

bool bench_verify(void)
{
    const br_ec_public_key public_key = {.curve = BR_EC_secp256r1, .q = pub, .qlen = sizeof pub};
    return br_ecdsa_i15_vrfy_raw(&br_ec_p256_m15, bench_digest, sizeof bench_digest, &public_key,
                                 signature, sizeof signature) == 1;
}
