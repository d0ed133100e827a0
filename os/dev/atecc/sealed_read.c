// SPDX-License-Identifier: Apache-2.0
// Encrypted read: Nonce, GenDig, Read, all opened by the host.
#include "sealed.h"

enum phase { NONCE, DIG, READ, OPEN };

static lp_err_t step(lp_atecc_t *chip, lp_atecc_req_t *req, lp_err_t last)
{
    lp_atecc_sealed_t *op = req->aux_;
    const enum phase phase = (enum phase)req->phase_++;
    if (last != LP_OK) {
        return last;
    }
    switch (phase) {
    case NONCE:
        return lp_atecc_sealed_nonce(chip, op);
    case DIG:
        lp_atecc_sealed_take_nonce(chip, op);
        return lp_atecc_sealed_gendig(chip, op);
    case READ:
        lp_atecc_cmd_begin(chip, OP_READ, DATA_BLOCK, lp_atecc_address(op->at_), BLOCK);
        chip->cmd_.is_dependent = true;
        return LP_E_AGAIN;
    case OPEN:
        break;
    }
    memcpy(op->out_, lp_atecc_reply(chip), BLOCK);
    lp_atecc_calc_open(&op->tk_, op->out_);
    return LP_OK;
}

lp_err_t lp_atecc_sealed_read(lp_atecc_t *chip, lp_atecc_sealed_t *op,
                              const lp_atecc_secret_t *secret, lp_atecc_at_t at, uint8_t out[32],
                              lp_atecc_done_fn *done, void *ctx)
{
    if (!lp_atecc_secret_is_whole(secret) || out == NULL || at.zone != LP_ATECC_DATA ||
        at.offset % BLOCK != 0 || at.offset >= lp_atecc_area_len(at)) {
        return LP_E_INVALID;
    }
    const lp_atecc_sealed_t fresh = {.secret_ = *secret, .at_ = at, .out_ = out, .out_len_ = BLOCK};
    return lp_atecc_sealed_start(chip, op, &fresh, step, done, ctx);
}
