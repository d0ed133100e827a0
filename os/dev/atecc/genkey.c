// SPDX-License-Identifier: Apache-2.0
// GenKey: new keys, and public keys of old ones. @source DS20005927A 9.7
#include "internal.h"

enum { PUB_LEN = 64 };

void lp_atecc_begin_genkey(lp_atecc_t *chip, uint8_t mode, uint16_t slot)
{
    static const uint8_t other_data[3];
    lp_atecc_cmd_begin(chip, OP_GENKEY, mode, slot, PUB_LEN);
    if (slot == LP_ATECC_TEMPKEY) {
        lp_atecc_cmd_put(chip, lp_span(other_data, sizeof other_data)); // DS40002138A 5.2.2.2
    } else if (mode == GENKEY_CREATE) {
        chip->cmd_.is_once = true;
        chip->cmd_.wear_slot = slot;
    }
}

static lp_err_t step(lp_atecc_t *chip, lp_atecc_req_t *req, lp_err_t last)
{
    if (last != LP_OK) {
        return last;
    }
    const bool is_slot = req->param_ != LP_ATECC_TEMPKEY;
    const bool is_new = (req->mode_ & GENKEY_CREATE) != 0;
    if (req->phase_++ == 0) {
        lp_atecc_begin_genkey(chip, req->mode_, req->param_);
        return LP_E_AGAIN;
    }
    if (is_new && is_slot) {
        chip->born_ = (uint16_t)(chip->born_ | 1u << req->param_);
    }
    memcpy(req->out_, lp_atecc_reply(chip), PUB_LEN);
    return LP_OK;
}

static lp_err_t start(lp_atecc_t *chip, lp_atecc_req_t *req, const lp_atecc_args_t *args,
                      lp_atecc_done_fn *done, void *ctx)
{
    if (chip == NULL || args->out == NULL ||
        (args->param >= LP_ATECC_SLOTS && args->param != LP_ATECC_TEMPKEY)) {
        return LP_E_INVALID;
    }
    if (args->param == LP_ATECC_TEMPKEY && lp_atecc_part(chip) == LP_ATECC_508A) {
        return LP_E_UNSUPPORTED;
    }
    return lp_atecc_submit(chip, req, args, done, ctx);
}

lp_err_t lp_atecc_genkey(lp_atecc_t *chip, lp_atecc_req_t *req, uint16_t slot, uint8_t pub[64],
                         lp_atecc_done_fn *done, void *ctx)
{
    const lp_atecc_args_t args = {
        .step = step, .mode = GENKEY_CREATE, .param = slot, .out = pub, .out_len = PUB_LEN};
    return start(chip, req, &args, done, ctx);
}

lp_err_t lp_atecc_pubkey(lp_atecc_t *chip, lp_atecc_req_t *req, uint16_t slot, uint8_t pub[64],
                         lp_atecc_done_fn *done, void *ctx)
{
    const lp_atecc_args_t args = {.step = step, .param = slot, .out = pub, .out_len = PUB_LEN};
    return start(chip, req, &args, done, ctx);
}
