// SPDX-License-Identifier: Apache-2.0
// The chip proves that it knows the secret: Nonce, MAC over it with the whole serial number.
#include "sealed.h"

enum { MODE = 0x41 }; // second block TempKey, whole serial number

enum phase { NONCE, MAC, COMPARE };

static lp_err_t step(lp_atecc_t *chip, lp_atecc_req_t *req, lp_err_t last)
{
    lp_atecc_sealed_t *op = req->aux_;
    const enum phase phase = (enum phase)req->phase_++;
    if (last != LP_OK) {
        return last;
    }
    if (phase == NONCE) {
        return lp_atecc_sealed_nonce(chip, op);
    }
    if (phase == MAC) {
        lp_atecc_sealed_take_nonce(chip, op);
        lp_atecc_cmd_begin(chip, OP_MAC, MODE, op->secret_.slot, BLOCK);
        chip->cmd_.is_dependent = true;
        return LP_E_AGAIN;
    }
    lp_atecc_calc_mac(op->secret_.serial, MODE, op->secret_.slot, op->secret_.key, op->tk_.value,
                      op->mac_);
    return lp_equal_ct(op->mac_, lp_atecc_reply(chip), BLOCK) ? LP_OK : LP_E_CHIP_MISMATCH;
}

lp_err_t lp_atecc_prove(lp_atecc_t *chip, lp_atecc_sealed_t *op, const lp_atecc_secret_t *secret,
                        lp_atecc_done_fn *done, void *ctx)
{
    if (!lp_atecc_secret_is_whole(secret)) {
        return LP_E_INVALID;
    }
    const lp_atecc_sealed_t fresh = {.secret_ = *secret};
    return lp_atecc_sealed_start(chip, op, &fresh, step, done, ctx);
}
