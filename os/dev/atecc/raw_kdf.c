// SPDX-License-Identifier: Apache-2.0
// KDF (608). @source DS40002138A 5.3.4
#include "internal.h"
#include "limpet/atecc_raw.h"

enum { MESSAGE_MAX = 127, OUT_MAX = 96, TARGET = 0x1C };

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
    const uint8_t details[4] = {(uint8_t)req->mark_, (uint8_t)(req->mark_ >> 8),
                                (uint8_t)(req->mark_ >> 16), (uint8_t)(req->mark_ >> 24)};
    lp_atecc_cmd_begin(chip, OP_KDF, req->mode_, req->param_,
                       req->out_ != NULL ? (uint8_t)req->out_len_ : REPLY_STATUS);
    lp_atecc_cmd_put(chip, lp_span(details, sizeof details));
    lp_atecc_cmd_put(chip, req->in_[0]);
    chip->cmd_.is_once = (req->mode_ & TARGET) == LP_ATECC_KDF_TO_SLOT;
    return LP_E_AGAIN;
}

lp_err_t lp_atecc_kdf(lp_atecc_t *chip, lp_atecc_req_t *req, uint8_t mode, uint16_t key_id,
                      uint32_t details, lp_span_t message, uint8_t *out, size_t out_len,
                      lp_atecc_done_fn *done, void *ctx)
{
    if (chip == NULL || message.len > MESSAGE_MAX || out_len > OUT_MAX ||
        (out == NULL) != (out_len == 0)) {
        return LP_E_INVALID;
    }
    if (lp_atecc_is_508(chip)) {
        return LP_E_UNSUPPORTED;
    }
    const lp_atecc_args_t args = {.step = step,
                                  .mode = mode,
                                  .param = key_id,
                                  .mark = details,
                                  .in = {message},
                                  .out = out,
                                  .out_len = out_len};
    return lp_atecc_submit(chip, req, &args, done, ctx);
}
