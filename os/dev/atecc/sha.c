// SPDX-License-Identifier: Apache-2.0
// SHA-256 of a whole message. Each block needs the context that the one before left in the chip, so
// a lost context starts the message again. @source DS20005927A 9.17
#include "internal.h"

enum { BLOCK = 64, DIGEST_LEN = 32, SHA_START = 0, SHA_UPDATE = 1, SHA_END = 2 };

enum phase { START, NEXT, DIGEST };

static lp_err_t step(lp_atecc_t *chip, lp_atecc_req_t *req, lp_err_t last)
{
    if (last != LP_OK) {
        return last;
    }
    switch ((enum phase)req->phase_) {
    case START:
        req->phase_ = NEXT;
        req->mark_ = 0; // bytes hashed
        lp_atecc_cmd_begin(chip, OP_SHA, SHA_START, 0, REPLY_STATUS);
        return LP_E_AGAIN;
    case NEXT:
        break;
    case DIGEST:
        memcpy(req->out_, lp_atecc_reply(chip), DIGEST_LEN);
        return LP_OK;
    }
    const size_t done = req->mark_;
    const size_t left = req->in_[0].len - done;
    const size_t len = left < BLOCK ? left : BLOCK;
    const bool is_last = left < BLOCK;
    lp_atecc_cmd_begin(chip, OP_SHA, is_last ? SHA_END : SHA_UPDATE, (uint16_t)len,
                       is_last ? DIGEST_LEN : REPLY_STATUS);
    lp_atecc_cmd_put(chip, lp_span(req->in_[0].ptr + done, len));
    // A repeated block would be hashed twice: on a doubt, the whole message again.
    chip->cmd_.is_dependent = true;
    chip->cmd_.is_fragile = true;
    req->mark_ = (uint32_t)(done + len);
    req->phase_ = is_last ? DIGEST : NEXT;
    return LP_E_AGAIN;
}

lp_err_t lp_atecc_sha256(lp_atecc_t *chip, lp_atecc_req_t *req, lp_span_t message,
                         uint8_t digest[32], lp_atecc_done_fn *done, void *ctx)
{
    if (digest == NULL || (message.ptr == NULL && message.len > 0) || message.len > UINT32_MAX) {
        return LP_E_INVALID;
    }
    const lp_atecc_args_t args = {
        .step = step, .in = {message}, .out = digest, .out_len = DIGEST_LEN};
    return lp_atecc_submit(chip, req, &args, done, ctx);
}
