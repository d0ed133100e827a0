// SPDX-License-Identifier: Apache-2.0
// One HMAC-DRBG (SHA-256) for everything. It is seeded from the port's entropy and stirred before
// every handshake with more of it and with the chip's Random, so that neither source alone decides
// what comes out.
// @source NIST SP 800-90A, 10.1.2
#include <mbedtls/hmac_drbg.h>
#include <mbedtls/psa_util.h>
#include <psa/crypto.h>
#include <string.h>

#include "limpet/port/system.h"
#include "tls_internal.h"

enum { STIR_BYTES = 32, MORE_BYTES = 64 };

static mbedtls_hmac_drbg_context drbg;
static bool is_seeded;

static int port_entropy(void *ctx, unsigned char *out, size_t len)
{
    (void)ctx;
    return lp_port_entropy(out, len) == LP_OK ? 0 : MBEDTLS_ERR_HMAC_DRBG_ENTROPY_SOURCE_FAILED;
}

lp_err_t lp_tls_rng_init(void)
{
    static const unsigned char purpose[] = "limpet tls";
    mbedtls_hmac_drbg_init(&drbg);
    const mbedtls_md_info_t *sha256 = mbedtls_md_info_from_type(MBEDTLS_MD_SHA256);
    int ret =
        mbedtls_hmac_drbg_seed(&drbg, sha256, port_entropy, NULL, purpose, sizeof purpose - 1);
    is_seeded = ret == 0;
    if (ret == 0) {
        return LP_OK;
    }
    mbedtls_hmac_drbg_free(&drbg);
    return ret == MBEDTLS_ERR_HMAC_DRBG_ENTROPY_SOURCE_FAILED ? LP_E_IO : LP_E_NOSPACE;
}

void lp_tls_rng_deinit(void)
{
    mbedtls_hmac_drbg_free(&drbg);
    is_seeded = false;
}

lp_err_t lp_tls_rng_stir(lp_span_t more)
{
    uint8_t pool[STIR_BYTES + MORE_BYTES];
    if (more.len > MORE_BYTES) {
        return LP_E_INVALID;
    }
    lp_err_t err = is_seeded ? lp_port_entropy(pool, STIR_BYTES) : LP_E_STATE;
    if (err == LP_OK) {
        if (more.len > 0) {
            memcpy(pool + STIR_BYTES, more.ptr, more.len);
        }
        err = mbedtls_hmac_drbg_update(&drbg, pool, STIR_BYTES + more.len) == 0 ? LP_OK : LP_E_IO;
    }
    lp_wipe(pool, sizeof pool);
    return err;
}

int lp_tls_rng_fill(void *ctx, unsigned char *out, size_t len)
{
    (void)ctx;
    if (!is_seeded) {
        return MBEDTLS_ERR_HMAC_DRBG_ENTROPY_SOURCE_FAILED;
    }
    while (len > 0) {
        size_t part = len < MBEDTLS_HMAC_DRBG_MAX_REQUEST ? len : MBEDTLS_HMAC_DRBG_MAX_REQUEST;
        int ret = mbedtls_hmac_drbg_random(&drbg, out, part);
        if (ret != 0) {
            return ret;
        }
        out += part;
        len -= part;
    }
    return 0;
}

psa_status_t mbedtls_psa_external_get_random(mbedtls_psa_external_random_context_t *context,
                                             uint8_t *output, size_t output_size,
                                             size_t *output_length)
{
    (void)context;
    if (lp_tls_rng_fill(NULL, output, output_size) != 0) {
        return PSA_ERROR_INSUFFICIENT_ENTROPY;
    }
    *output_length = output_size;
    return PSA_SUCCESS;
}
