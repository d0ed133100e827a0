// SPDX-License-Identifier: Apache-2.0
// ECDH of a 608 with the key in TempKey, its answer sealed with the I/O protection key.
// @source DS40002138A 5.2.1, 5.2.3
#include "sealed.h"

enum { PUB_LEN = 64, SEALED_LEN = 64, MODE_TEMPKEY_SEALED = 0x0F };

// aux_: the I/O protection key, only read.
static lp_err_t step(lp_atecc_t *chip, lp_atecc_req_t *req, lp_err_t last)
{
    if (last != LP_OK) {
        return last;
    }
    if (req->phase_++ != 0) {
        memcpy(req->out_, lp_atecc_reply(chip), BLOCK);
        lp_atecc_calc_unprotect(req->aux_, lp_atecc_reply(chip) + BLOCK, req->out_, BLOCK);
        return LP_OK;
    }
    if (req->mark_ != chip->tempkey_mark_) {
        return LP_E_STATE;
    }
    lp_atecc_cmd_begin(chip, OP_ECDH, MODE_TEMPKEY_SEALED, 0, SEALED_LEN);
    lp_atecc_cmd_put(chip, req->in_[0]);
    // The key in TempKey is used up: a second try cannot succeed.
    chip->cmd_.is_dependent = true;
    chip->cmd_.is_once = true;
    return LP_E_AGAIN;
}

lp_err_t lp_atecc_ecdh_tempkey_sealed(lp_atecc_t *chip, lp_atecc_req_t *req, uint32_t mark,
                                      const uint8_t *io_key, const uint8_t peer[64],
                                      uint8_t out[32], lp_atecc_done_fn *done, void *ctx)
{
    if (chip == NULL || io_key == NULL || peer == NULL || out == NULL) {
        return LP_E_INVALID;
    }
    if (lp_atecc_is_508(chip)) {
        return LP_E_UNSUPPORTED;
    }
    const lp_atecc_args_t args = {.step = step,
                                  .param = LP_ATECC_TEMPKEY,
                                  .mark = mark,
                                  .in = {lp_span(peer, PUB_LEN)},
                                  .out = out,
                                  .out_len = BLOCK,
                                  .aux = (void *)(uintptr_t)io_key};
    return lp_atecc_submit(chip, req, &args, done, ctx);
}
