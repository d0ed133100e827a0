// SPDX-License-Identifier: Apache-2.0
// SHA: the context of a digest under way (608). @source DS40002138A 5.1.8.3
#include "internal.h"
#include "limpet/atecc_raw.h"

enum { READ_CONTEXT = 6, CONTEXT_MIN = 40, CONTEXT_MAX = 99 };

static lp_err_t step(lp_atecc_t *chip, lp_atecc_req_t *req, lp_err_t last)
{
    if (last != LP_OK) {
        return last;
    }
    if (req->phase_++ == 0) {
        lp_atecc_cmd_begin(chip, OP_SHA, READ_CONTEXT, 0, CONTEXT_MAX);
        chip->cmd_.is_short = true;
        return LP_E_AGAIN;
    }
    const size_t len = chip->rx_[0] - 3u; // without count and CRC
    if (len < CONTEXT_MIN) {
        return LP_E_FORMAT;
    }
    memcpy(req->out_, lp_atecc_reply(chip), len);
    *(size_t *)req->aux_ = len;
    return LP_OK;
}

lp_err_t lp_atecc_sha_context(lp_atecc_t *chip, lp_atecc_req_t *req, uint8_t out[99], size_t *len,
                              lp_atecc_done_fn *done, void *ctx)
{
    if (chip == NULL || out == NULL || len == NULL) {
        return LP_E_INVALID;
    }
    if (lp_atecc_is_508(chip)) {
        return LP_E_UNSUPPORTED;
    }
    const lp_atecc_args_t args = {.step = step, .out = out, .out_len = CONTEXT_MAX, .aux = len};
    return lp_atecc_submit(chip, req, &args, done, ctx);
}
