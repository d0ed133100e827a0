// SPDX-License-Identifier: Apache-2.0
// Import of a private key: Nonce, GenDig, PrivWrite with MAC.
#include "sealed.h"

enum phase { NONCE, DIG, WRITE, DONE };

static lp_err_t step(lp_atecc_t *chip, lp_atecc_req_t *req, lp_err_t last)
{
    enum { PAD = 4 };
    lp_atecc_sealed_t *op = req->aux_;
    const enum phase phase = (enum phase)req->phase_++;
    if (last != LP_OK || phase == DONE) {
        return last;
    }
    if (phase == NONCE) {
        return lp_atecc_sealed_nonce(chip, op);
    }
    if (phase == DIG) {
        lp_atecc_sealed_take_nonce(chip, op);
        return lp_atecc_sealed_gendig(chip, op);
    }
    memset(op->data_, 0, PAD);
    memcpy(op->data_ + PAD, op->in_, BLOCK);
    lp_atecc_calc_seal_key(&op->tk_, op->secret_.serial, op->slot_, op->data_, op->mac_);
    lp_atecc_cmd_begin(chip, OP_PRIVWRITE, FLAG_ENCRYPTED, op->slot_, REPLY_STATUS);
    lp_atecc_cmd_put(chip, lp_span(op->data_, sizeof op->data_));
    lp_atecc_cmd_put(chip, lp_span(op->mac_, sizeof op->mac_));
    chip->cmd_.is_dependent = true;
    return LP_E_AGAIN;
}

lp_err_t lp_atecc_sealed_import(lp_atecc_t *chip, lp_atecc_sealed_t *op,
                                const lp_atecc_secret_t *secret, uint8_t slot,
                                const uint8_t key[32], lp_atecc_done_fn *done, void *ctx)
{
    if (!lp_atecc_secret_is_whole(secret) || key == NULL || slot >= LP_ATECC_SLOTS) {
        return LP_E_INVALID;
    }
    const lp_atecc_sealed_t fresh = {.secret_ = *secret, .slot_ = slot, .in_ = key};
    return lp_atecc_sealed_start(chip, op, &fresh, step, done, ctx);
}
