// SPDX-License-Identifier: Apache-2.0
// One HMAC-DRBG (SHA-256) for everything. It is seeded from the port's entropy and stirred before
// every handshake with more of it and with the chip's Random, so that neither source alone decides
// what comes out.
// @source NIST SP 800-90A, 10.1.2
#include <string.h>

#include "limpet/drbg.h"
#include "limpet/port/system.h"
#include "tls_internal.h"

enum {
    SEED_BYTES = 48, // of entropy: as strong as SHA-256, and a nonce of half of it
    STIR_BYTES = 32,
    MORE_BYTES = 64,
    FILLS_MAX = 10000, // before there must be fresh entropy
};

static lp_drbg_t drbg;
static bool is_seeded;
static unsigned fills;

lp_err_t lp_tls_rng_init(void)
{
    static const char purpose[] = "limpet tls";
    uint8_t seed[SEED_BYTES + sizeof purpose - 1];
    is_seeded = lp_port_entropy(seed, SEED_BYTES) == LP_OK;
    if (is_seeded) {
        memcpy(seed + SEED_BYTES, purpose, sizeof purpose - 1);
        lp_drbg_init(&drbg, lp_span(seed, sizeof seed));
        fills = 0;
    }
    lp_wipe(seed, sizeof seed);
    return is_seeded ? LP_OK : LP_E_IO;
}

void lp_tls_rng_deinit(void)
{
    lp_wipe(&drbg, sizeof drbg);
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
        lp_drbg_reseed(&drbg, lp_span(pool, STIR_BYTES + more.len));
        fills = 0;
    }
    lp_wipe(pool, sizeof pool);
    return err;
}

int lp_tls_rng_fill(void *ctx, unsigned char *out, size_t len)
{
    (void)ctx;
    if (!is_seeded || (fills >= FILLS_MAX && lp_tls_rng_stir(lp_span(NULL, 0)) != LP_OK)) {
        return LP_TLS_RNG_FAILED;
    }
    fills++;
    lp_drbg_fill(&drbg, out, len);
    return 0;
}
