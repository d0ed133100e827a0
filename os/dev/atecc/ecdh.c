// SPDX-License-Identifier: Apache-2.0
// ECDH, the secret in the clear: key in a slot, or (608) in TempKey.
// @source DS20005927A 9.5; DS40002138A 5.2.1
#include "internal.h"

enum {
    PUB_LEN = 64,
    SECRET_LEN = 32,
    MODE_SLOT_508 = 0x00,
    MODE_SLOT_608 = 0x0C, // secret to the output buffer, in the clear
    MODE_TEMPKEY = 0x0D,  // the same, key in TempKey
};

static void begin_ecdh(lp_atecc_t *chip, uint16_t slot, lp_span_t peer)
{
    const bool is_slot = slot != LP_ATECC_TEMPKEY;
    const uint8_t slot_mode = lp_atecc_is_608(chip) ? MODE_SLOT_608 : MODE_SLOT_508;
    lp_atecc_cmd_begin(chip, OP_ECDH, is_slot ? slot_mode : MODE_TEMPKEY, is_slot ? slot : 0,
                       SECRET_LEN);
    lp_atecc_cmd_put(chip, peer);
    // The key in TempKey is used up: a second try cannot succeed.
    chip->cmd_.is_dependent = !is_slot;
    chip->cmd_.is_once = !is_slot;
}

static lp_err_t step(lp_atecc_t *chip, lp_atecc_req_t *req, lp_err_t last)
{
    if (last != LP_OK) {
        return last;
    }
    if (req->phase_++ != 0) {
        memcpy(req->out_, lp_atecc_reply(chip), SECRET_LEN);
        return LP_OK;
    }
    if (req->param_ == LP_ATECC_TEMPKEY && req->mark_ != chip->tempkey_mark_) {
        return LP_E_STATE;
    }
    begin_ecdh(chip, req->param_, req->in_[0]);
    return LP_E_AGAIN;
}

lp_err_t lp_atecc_ecdh(lp_atecc_t *chip, lp_atecc_req_t *req, uint16_t slot, const uint8_t peer[64],
                       uint8_t secret[32], lp_atecc_done_fn *done, void *ctx)
{
    if (slot >= LP_ATECC_SLOTS || peer == NULL || secret == NULL) {
        return LP_E_INVALID;
    }
    const lp_atecc_args_t args = {.step = step,
                                  .param = slot,
                                  .in = {lp_span(peer, PUB_LEN)},
                                  .out = secret,
                                  .out_len = SECRET_LEN};
    return lp_atecc_submit(chip, req, &args, done, ctx);
}

lp_err_t lp_atecc_ecdh_tempkey(lp_atecc_t *chip, lp_atecc_req_t *req, uint32_t mark,
                               const uint8_t peer[64], uint8_t secret[32], lp_atecc_done_fn *done,
                               void *ctx)
{
    if (chip == NULL || peer == NULL || secret == NULL) {
        return LP_E_INVALID;
    }
    if (chip->part_ == LP_ATECC_508A) {
        return LP_E_UNSUPPORTED;
    }
    const lp_atecc_args_t args = {.step = step,
                                  .param = LP_ATECC_TEMPKEY,
                                  .mark = mark,
                                  .in = {lp_span(peer, PUB_LEN)},
                                  .out = secret,
                                  .out_len = SECRET_LEN};
    return lp_atecc_submit(chip, req, &args, done, ctx);
}

// Key and secret in one request. aux_: the public key.
static lp_err_t ecdhe_step(lp_atecc_t *chip, lp_atecc_req_t *req, lp_err_t last)
{
    if (last != LP_OK) {
        lp_wipe(req->aux_, PUB_LEN);
        return last;
    }
    switch (req->phase_++) {
    case 0:
        lp_atecc_begin_genkey(chip, GENKEY_CREATE, req->param_);
        return LP_E_AGAIN;
    case 1:
        memcpy(req->aux_, lp_atecc_reply(chip), PUB_LEN);
        begin_ecdh(chip, req->param_, req->in_[0]);
        chip->cmd_.is_once = false; // here the request can start over with another key
        return LP_E_AGAIN;
    default:
        memcpy(req->out_, lp_atecc_reply(chip), SECRET_LEN);
        return LP_OK;
    }
}

lp_err_t lp_atecc_ecdhe(lp_atecc_t *chip, lp_atecc_req_t *req, uint16_t slot,
                        const uint8_t peer[64], uint8_t pub[64], uint8_t secret[32],
                        lp_atecc_done_fn *done, void *ctx)
{
    const bool is_slot = slot < LP_ATECC_SLOTS;
    if (chip == NULL || peer == NULL || pub == NULL || secret == NULL ||
        (!is_slot && slot != LP_ATECC_TEMPKEY)) {
        return LP_E_INVALID;
    }
    if (!is_slot && chip->part_ == LP_ATECC_508A) {
        return LP_E_UNSUPPORTED;
    }
    const lp_atecc_args_t args = {.step = ecdhe_step,
                                  .param = slot,
                                  .in = {lp_span(peer, PUB_LEN)},
                                  .out = secret,
                                  .out_len = SECRET_LEN,
                                  .aux = pub};
    return lp_atecc_submit(chip, req, &args, done, ctx);
}
