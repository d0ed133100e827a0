// SPDX-License-Identifier: Apache-2.0
// Counter. @source DS20005927A 9.3
#include "internal.h"
#include "limpet/atecc_raw.h"

enum { COUNT_LEN = 4 };

static lp_err_t step(lp_atecc_t *chip, lp_atecc_req_t *req, lp_err_t last)
{
    if (last != LP_OK) {
        return last;
    }
    if (req->phase_++ == 0) {
        lp_atecc_cmd_begin(chip, OP_COUNTER, req->mode_, req->param_, COUNT_LEN);
        chip->cmd_.is_once = req->mode_ != 0;
        return LP_E_AGAIN;
    }
    const uint8_t *r = lp_atecc_reply(chip);
    *(uint32_t *)req->aux_ =
        r[0] | (uint32_t)r[1] << 8 | (uint32_t)r[2] << 16 | (uint32_t)r[3] << 24;
    return LP_OK;
}

lp_err_t lp_atecc_counter(lp_atecc_t *chip, lp_atecc_req_t *req, uint8_t id, bool increment,
                          uint32_t *value, lp_atecc_done_fn *done, void *ctx)
{
    if (value == NULL || id > 1) {
        return LP_E_INVALID;
    }
    const lp_atecc_args_t args = {
        .step = step, .mode = increment ? 1 : 0, .param = id, .aux = value};
    return lp_atecc_submit(chip, req, &args, done, ctx);
}
