// SPDX-License-Identifier: Apache-2.0
// DeriveKey with a fresh nonce, and the key that comes of it on the host's side.
#include "sealed.h"

enum phase { NONCE, DERIVE, DONE };

static lp_err_t step(lp_atecc_t *chip, lp_atecc_req_t *req, lp_err_t last)
{
    lp_atecc_sealed_t *op = req->aux_;
    const enum phase phase = (enum phase)req->phase_++;
    const lp_atecc_secret_t *s = &op->secret_;
    if (last != LP_OK || phase == DONE) {
        return last;
    }
    if (phase == NONCE) {
        return lp_atecc_sealed_nonce(chip, op);
    }
    lp_atecc_sealed_take_nonce(chip, op);
    lp_atecc_calc_derived_key(s->serial, 0, op->slot_, s->key, op->tk_.value, op->out_);
    lp_atecc_cmd_begin(chip, OP_DERIVEKEY, 0, op->slot_, REPLY_STATUS);
    if (req->mode_ != 0) {
        lp_atecc_calc_derive_mac(s->serial, 0, op->slot_, s->key, op->mac_);
        lp_atecc_cmd_put(chip, lp_span(op->mac_, BLOCK));
    }
    chip->cmd_.is_dependent = true;
    chip->cmd_.is_once = true;
    return LP_E_AGAIN;
}

lp_err_t lp_atecc_derive(lp_atecc_t *chip, lp_atecc_sealed_t *op, const lp_atecc_secret_t *secret,
                         uint8_t slot, bool with_mac, uint8_t key_out[32], lp_atecc_done_fn *done,
                         void *ctx)
{
    if (!lp_atecc_secret_is_whole(secret) || key_out == NULL || slot >= LP_ATECC_SLOTS) {
        return LP_E_INVALID;
    }
    const lp_atecc_sealed_t fresh = {
        .secret_ = *secret, .slot_ = slot, .out_ = key_out, .out_len_ = BLOCK};
    const lp_err_t err = lp_atecc_sealed_start(chip, op, &fresh, step, done, ctx);
    if (err == LP_OK) {
        op->req.mode_ = with_mac ? 1 : 0;
    }
    return err;
}
