// SPDX-License-Identifier: Apache-2.0
// The server's ECDH secret, which mbedTLS forgets with the handshake: the linker leads its calls
// through here (--wrap).
#include <mbedtls/ecdh.h>
#include <psa/crypto.h>
#include <string.h>

#include "peer.h"

enum { SECRET = 32 };

static uint8_t last[SECRET];
static bool has_last;

static void note(const uint8_t *bytes, size_t len)
{
    has_last = len == SECRET;
    memcpy(last, bytes, has_last ? SECRET : 0);
}

// TLS 1.2
int __real_other_mbedtls_ecdh_calc_secret(mbedtls_ecdh_context *ctx, size_t *len,
                                          unsigned char *bytes, size_t cap, mbedtls_f_rng_t *rng,
                                          void *rng_ctx);
int __wrap_other_mbedtls_ecdh_calc_secret(mbedtls_ecdh_context *ctx, size_t *len,
                                          unsigned char *bytes, size_t cap, mbedtls_f_rng_t *rng,
                                          void *rng_ctx);

int __wrap_other_mbedtls_ecdh_calc_secret(mbedtls_ecdh_context *ctx, size_t *len,
                                          unsigned char *bytes, size_t cap, mbedtls_f_rng_t *rng,
                                          void *rng_ctx)
{
    const int err = __real_other_mbedtls_ecdh_calc_secret(ctx, len, bytes, cap, rng, rng_ctx);
    note(bytes, err == 0 ? *len : 0);
    return err;
}

// TLS 1.3
psa_status_t __real_other_psa_raw_key_agreement(psa_algorithm_t alg, mbedtls_svc_key_id_t key,
                                                const uint8_t *peer, size_t peer_len,
                                                uint8_t *bytes, size_t cap, size_t *len);
psa_status_t __wrap_other_psa_raw_key_agreement(psa_algorithm_t alg, mbedtls_svc_key_id_t key,
                                                const uint8_t *peer, size_t peer_len,
                                                uint8_t *bytes, size_t cap, size_t *len);

psa_status_t __wrap_other_psa_raw_key_agreement(psa_algorithm_t alg, mbedtls_svc_key_id_t key,
                                                const uint8_t *peer, size_t peer_len,
                                                uint8_t *bytes, size_t cap, size_t *len)
{
    const psa_status_t status =
        __real_other_psa_raw_key_agreement(alg, key, peer, peer_len, bytes, cap, len);
    note(bytes, status == PSA_SUCCESS ? *len : 0);
    return status;
}

bool peer_secret(peer_t *peer, uint8_t secret[32])
{
    (void)peer;
    memcpy(secret, last, has_last ? SECRET : 0);
    return has_last;
}
