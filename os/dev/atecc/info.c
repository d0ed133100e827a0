// SPDX-License-Identifier: Apache-2.0
// Info. @source DS20005927A 9.9
#include "internal.h"

enum { INFO_LEN = 4 };

static lp_err_t step(lp_atecc_t *chip, lp_atecc_req_t *req, lp_err_t last)
{
    if (last != LP_OK) {
        return last;
    }
    if (req->phase_++ == 0) {
        lp_atecc_cmd_begin(chip, OP_INFO, req->mode_, req->param_, INFO_LEN);
        return LP_E_AGAIN;
    }
    memcpy(req->out_, lp_atecc_reply(chip), INFO_LEN);
    return LP_OK;
}

lp_err_t lp_atecc_info(lp_atecc_t *chip, lp_atecc_req_t *req, lp_atecc_info_t mode, uint16_t param,
                       uint8_t out[4], lp_atecc_done_fn *done, void *ctx)
{
    if (out == NULL) {
        return LP_E_INVALID;
    }
    const lp_atecc_args_t args = {
        .step = step, .mode = (uint8_t)mode, .param = param, .out = out, .out_len = INFO_LEN};
    return lp_atecc_submit(chip, req, &args, done, ctx);
}
