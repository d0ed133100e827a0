// SPDX-License-Identifier: Apache-2.0
// Key pairs and ECDH.
#include <string.h>

#include "limpet/p256.h"
#include "limpet/span.h"
#include "p256_mult.h"
#include "p256_range.h"

lp_err_t lp_p256_check_private(const uint8_t d[LP_P256_SCALAR_BYTES])
{
    return lp_p256_is_scalar(d) ? LP_OK : LP_E_RANGE;
}

lp_err_t lp_p256_public(const uint8_t d[LP_P256_SCALAR_BYTES], uint8_t pub[LP_P256_POINT_BYTES])
{
    lp_affine_t point;
    if (!lp_p256_is_scalar(d)) {
        return LP_E_RANGE;
    }
    lp_p256_mult_base(&point, d);
    lp_affine_to_bytes(pub, &point);
    return LP_OK;
}

lp_err_t lp_p256_check_public(const uint8_t pub[LP_P256_POINT_BYTES])
{
    lp_affine_t point;
    return lp_affine_from_bytes(&point, pub);
}

lp_err_t lp_p256_ecdh(const uint8_t d[LP_P256_SCALAR_BYTES],
                      const uint8_t peer[LP_P256_POINT_BYTES], uint8_t secret[LP_P256_SCALAR_BYTES])
{
    lp_affine_t point;
    if (!lp_p256_is_scalar(d)) {
        return LP_E_RANGE;
    }
    lp_err_t err = lp_affine_from_bytes(&point, peer);
    if (err != LP_OK) {
        return err;
    }
    lp_p256_mult(&point, d, &point);
    lp_fe_to_bytes(secret, &point.x);
    lp_wipe(&point, sizeof point);
    return LP_OK;
}
