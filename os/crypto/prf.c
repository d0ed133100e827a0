// SPDX-License-Identifier: Apache-2.0
// P_hash: A(0) = label + seed, A(i) = HMAC(A(i-1)); the output is HMAC(A(i) + label + seed) for i
// from 1 on.
#include "limpet/prf.h"

#include <string.h>

#include "limpet/hmac.h"

lp_err_t lp_prf_sha256(lp_span_t secret, lp_span_t label, lp_span_t seed, uint8_t *out, size_t len)
{
    uint8_t a[LP_SHA256_LEN], block[LP_SHA256_LEN];
    lp_hmac_t keyed, m;
    if (secret.len > LP_PRF_SECRET_MAX) {
        return LP_E_RANGE;
    }
    lp_hmac_sha256_init_short(&keyed, secret);
    m = keyed;
    lp_hmac_sha256_update(&m, label);
    lp_hmac_sha256_update(&m, seed);
    lp_hmac_sha256_final(&m, a);
    while (len > 0) {
        const size_t n = len < sizeof block ? len : sizeof block;
        m = keyed;
        lp_hmac_sha256_update(&m, lp_span(a, sizeof a));
        lp_hmac_sha256_update(&m, label);
        lp_hmac_sha256_update(&m, seed);
        lp_hmac_sha256_final(&m, block);
        memcpy(out, block, n);
        out += n;
        len -= n;
        m = keyed;
        lp_hmac_sha256_update(&m, lp_span(a, sizeof a));
        lp_hmac_sha256_final(&m, a);
    }
    lp_wipe(&keyed, sizeof keyed);
    lp_wipe(a, sizeof a);
    lp_wipe(block, sizeof block);
    return LP_OK;
}
