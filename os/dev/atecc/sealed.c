// SPDX-License-Identifier: Apache-2.0
// The beginning that all sealed operations share: a nonce from both sides, then the shared secret
// mixed in (GenDig), while the host follows each step. And the end: the workspace is wiped before
// `done`.
#include "sealed.h"

static void on_done(void *ctx, lp_err_t err)
{
    lp_atecc_sealed_t *op = ctx;
    lp_atecc_done_fn *done = op->done_;
    void *done_ctx = op->ctx_;
    if (err != LP_OK && op->pub_ != NULL) {
        lp_wipe(op->pub_, 64);
    }
    lp_wipe(&op->tk_, sizeof op->tk_);
    lp_wipe(op->data_, sizeof op->data_);
    lp_wipe(op->mac_, sizeof op->mac_);
    done(done_ctx, err);
}

bool lp_atecc_secret_is_whole(const lp_atecc_secret_t *s)
{
    return s != NULL && s->key != NULL && s->serial != NULL && s->num_in != NULL &&
           s->slot < LP_ATECC_SLOTS;
}

lp_err_t lp_atecc_sealed_start(lp_atecc_t *chip, lp_atecc_sealed_t *op,
                               const lp_atecc_sealed_t *fresh, lp_atecc_step_fn *step,
                               lp_atecc_done_fn *done, void *ctx)
{
    if (chip == NULL || op == NULL || done == NULL) {
        return LP_E_INVALID;
    }
    if (op->req.is_queued_) {
        return LP_E_BUSY;
    }
    *op = *fresh;
    op->done_ = done;
    op->ctx_ = ctx;
    const lp_atecc_args_t args = {
        .step = step, .out = op->out_, .out_len = op->out_len_, .aux = op};
    return lp_atecc_submit(chip, &op->req, &args, on_done, op);
}

lp_err_t lp_atecc_sealed_nonce(lp_atecc_t *chip, lp_atecc_sealed_t *op)
{
    lp_atecc_cmd_begin(chip, OP_NONCE, 0, 0, BLOCK);
    lp_atecc_cmd_put(chip, lp_span(op->secret_.num_in, 20));
    return LP_E_AGAIN;
}

void lp_atecc_sealed_take_nonce(lp_atecc_t *chip, lp_atecc_sealed_t *op)
{
    lp_atecc_calc_nonce_random(&op->tk_, lp_atecc_reply(chip), op->secret_.num_in);
}

lp_err_t lp_atecc_sealed_gendig(lp_atecc_t *chip, lp_atecc_sealed_t *op)
{
    lp_atecc_cmd_begin(chip, OP_GENDIG, LP_ATECC_DATA, op->secret_.slot, REPLY_STATUS);
    chip->cmd_.is_dependent = true;
    chip->cmd_.is_fragile = true;
    lp_atecc_calc_gendig(&op->tk_, op->secret_.serial, LP_ATECC_DATA, op->secret_.slot,
                         op->secret_.key);
    return LP_E_AGAIN;
}
