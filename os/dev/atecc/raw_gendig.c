// SPDX-License-Identifier: Apache-2.0
// GenDig. @source DS20005927A 9.6
#include "internal.h"
#include "limpet/atecc_raw.h"

lp_err_t lp_atecc_gendig(lp_atecc_t *chip, lp_atecc_req_t *req, lp_atecc_dig_t zone,
                         uint16_t key_id, lp_span_t other, lp_atecc_done_fn *done, void *ctx)
{
    const bool is_length_good = other.len == 0 || other.len == 4 || other.len == 32;
    if (!is_length_good || (zone == LP_ATECC_DIG_SHARED_NONCE && other.len != 32)) {
        return LP_E_INVALID;
    }
    // A second run would mix twice.
    const lp_atecc_simple_t s = {.opcode = OP_GENDIG,
                                 .mode = (uint8_t)zone,
                                 .param = key_id,
                                 .in = {other},
                                 .is_once = true};
    return lp_atecc_simple(chip, req, &s, done, ctx);
}
