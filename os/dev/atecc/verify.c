// SPDX-License-Identifier: Apache-2.0
// Verify with a public key from outside. @source DS20005927A 9.20
#include "internal.h"

enum { DIGEST_LEN = 32, SIG_LEN = 64, PUB_LEN = 64 };

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
        lp_atecc_cmd_begin(chip, OP_VERIFY, VERIFY_EXTERNAL, KEYTYPE_P256, REPLY_STATUS);
        lp_atecc_cmd_put(chip, req->in_[1]);
        lp_atecc_cmd_put(chip, req->in_[2]);
        chip->cmd_.is_dependent = true;
        return LP_E_AGAIN;
    default:
        return LP_OK;
    }
}

lp_err_t lp_atecc_verify(lp_atecc_t *chip, lp_atecc_req_t *req, const uint8_t digest[32],
                         const uint8_t sig[64], const uint8_t pub[64], lp_atecc_done_fn *done,
                         void *ctx)
{
    if (digest == NULL || sig == NULL || pub == NULL) {
        return LP_E_INVALID;
    }
    const lp_atecc_args_t args = {
        .step = step,
        .in = {lp_span(digest, DIGEST_LEN), lp_span(sig, SIG_LEN), lp_span(pub, PUB_LEN)}};
    return lp_atecc_submit(chip, req, &args, done, ctx);
}
