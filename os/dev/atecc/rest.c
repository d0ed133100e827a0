// SPDX-License-Identifier: Apache-2.0
// Idle and sleep on demand. @source DS20005927A 6.3, 6.4
#include "internal.h"

static lp_err_t step(lp_atecc_t *chip, lp_atecc_req_t *req, lp_err_t last)
{
    if (req->phase_++ == 0) {
        chip->cmd_ = (lp_atecc_cmd_t){.rest = req->mode_, .wear_slot = LP_ATECC_TEMPKEY};
        return LP_E_AGAIN;
    }
    return last;
}

lp_err_t lp_atecc_rest(lp_atecc_t *chip, lp_atecc_req_t *req, lp_atecc_rest_t how,
                       lp_atecc_done_fn *done, void *ctx)
{
    if (how != LP_ATECC_IDLE && how != LP_ATECC_SLEEP) {
        return LP_E_INVALID;
    }
    const lp_atecc_args_t args = {.step = step, .mode = (uint8_t)how};
    return lp_atecc_submit(chip, req, &args, done, ctx);
}
