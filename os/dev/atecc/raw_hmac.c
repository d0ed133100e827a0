// SPDX-License-Identifier: Apache-2.0
// HMAC (508A). @source DS20005927A 9.8
#include "internal.h"
#include "limpet/atecc_raw.h"

lp_err_t lp_atecc_hmac(lp_atecc_t *chip, lp_atecc_req_t *req, uint8_t mode, uint16_t key_id,
                       uint8_t out[32], lp_atecc_done_fn *done, void *ctx)
{
    if (chip == NULL || out == NULL) {
        return LP_E_INVALID;
    }
    if (lp_atecc_is_608(chip)) {
        return LP_E_UNSUPPORTED;
    }
    const lp_atecc_simple_t s = {.opcode = OP_HMAC,
                                 .mode = mode,
                                 .param = key_id,
                                 .out = out,
                                 .out_len = 32,
                                 .is_once = true};
    return lp_atecc_simple(chip, req, &s, done, ctx);
}
