// SPDX-License-Identifier: Apache-2.0
// Sign an external digest: Nonce loads it into TempKey, Sign uses it. @source DS20005927A 9.18
#include "internal.h"

enum { DIGEST_LEN = 32, SIG_LEN = 64 };

static lp_err_t step(lp_atecc_t *chip, lp_atecc_req_t *req, lp_err_t last)
{
    if (last != LP_OK) {
        return last;
    }
    switch (req->phase_++) {
    case 0:
        lp_atecc_cmd_begin(chip, OP_NONCE, NONCE_PASS_THROUGH, 0, REPLY_STATUS);
        lp_atecc_cmd_put(chip, req->in_[0]);
        return LP_E_AGAIN;
    case 1:
        lp_atecc_cmd_begin(chip, OP_SIGN, SIGN_EXTERNAL, req->param_, SIG_LEN);
        chip->cmd_.is_dependent = true;
        return LP_E_AGAIN;
    default:
        memcpy(req->out_, lp_atecc_reply(chip), SIG_LEN);
        return LP_OK;
    }
}

lp_err_t lp_atecc_sign(lp_atecc_t *chip, lp_atecc_req_t *req, uint8_t slot,
                       const uint8_t digest[32], uint8_t sig[64], lp_atecc_done_fn *done, void *ctx)
{
    if (slot >= LP_ATECC_SLOTS || digest == NULL || sig == NULL) {
        return LP_E_INVALID;
    }
    const lp_atecc_args_t args = {.step = step,
                                  .param = slot,
                                  .in = {lp_span(digest, DIGEST_LEN)},
                                  .out = sig,
                                  .out_len = SIG_LEN};
    return lp_atecc_submit(chip, req, &args, done, ctx);
}
