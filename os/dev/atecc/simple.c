// SPDX-License-Identifier: Apache-2.0
// A request of one command.
#include "internal.h"

enum { IS_ONCE = 0x100, IS_BYTE = 0x200 };

static lp_err_t step(lp_atecc_t *chip, lp_atecc_req_t *req, lp_err_t last)
{
    if (last != LP_OK) {
        return last;
    }
    if (req->phase_++ != 0) {
        if (req->out_ != NULL) {
            memcpy(req->out_, lp_atecc_reply(chip), req->out_len_);
        }
        return LP_OK;
    }
    const size_t reply_len = req->out_ != NULL ? req->out_len_ : REPLY_STATUS;
    lp_atecc_cmd_begin(chip, (uint8_t)req->mark_, req->mode_, req->param_, (uint8_t)reply_len);
    for (size_t i = 0; i < sizeof req->in_ / sizeof req->in_[0]; i++) {
        lp_atecc_cmd_put(chip, req->in_[i]);
    }
    chip->cmd_.is_once = (req->mark_ & IS_ONCE) != 0;
    chip->cmd_.is_byte = (req->mark_ & IS_BYTE) != 0;
    return LP_E_AGAIN;
}

lp_err_t lp_atecc_simple(lp_atecc_t *chip, lp_atecc_req_t *req, const lp_atecc_simple_t *simple,
                         lp_atecc_done_fn *done, void *ctx)
{
    const lp_atecc_args_t args = {
        .step = step,
        .mode = simple->mode,
        .param = simple->param,
        .mark =
            simple->opcode | (simple->is_once ? IS_ONCE : 0u) | (simple->is_byte ? IS_BYTE : 0u),
        .in = {simple->in[0], simple->in[1], simple->in[2]},
        .out = simple->out,
        .out_len = simple->out_len,
    };
    return lp_atecc_submit(chip, req, &args, done, ctx);
}
