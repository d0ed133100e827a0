// SPDX-License-Identifier: Apache-2.0
// Sign in every mode, of what is in the chip. @source DS20005927A 9.18
#include "internal.h"
#include "limpet/atecc_raw.h"

lp_err_t lp_atecc_sign_mode(lp_atecc_t *chip, lp_atecc_req_t *req, uint8_t mode, uint8_t slot,
                            uint8_t sig[64], lp_atecc_done_fn *done, void *ctx)
{
    if (sig == NULL || slot >= LP_ATECC_SLOTS) {
        return LP_E_INVALID;
    }
    const lp_atecc_simple_t s = {.opcode = OP_SIGN,
                                 .mode = mode,
                                 .param = slot,
                                 .out = sig,
                                 .out_len = 64,
                                 .is_once = true}; // the message is used up
    return lp_atecc_simple(chip, req, &s, done, ctx);
}
