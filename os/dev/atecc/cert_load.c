// SPDX-License-Identifier: Apache-2.0
// The chip's part of a certificate: the 72 bytes, and the public key.
#include "internal.h"
#include "limpet/atecc_cert.h"

enum { BLOCK = 32, ZONE_32_BYTES = 0x80, PUB_LEN = 64 };

static lp_err_t step(lp_atecc_t *chip, lp_atecc_req_t *req, lp_err_t last)
{
    if (last != LP_OK) {
        return last;
    }
    if (req->phase_ == 2) {
        memcpy(req->aux_, lp_atecc_reply(chip), PUB_LEN);
        return LP_OK;
    }
    if (req->phase_ == 1) {
        const size_t left = LP_ATECC_CERT_LEN - req->pos_;
        memcpy(req->out_ + req->pos_, lp_atecc_reply(chip), left < BLOCK ? left : BLOCK);
        req->pos_ = (uint16_t)(req->pos_ + BLOCK);
    }
    req->phase_ = 1;
    if (req->pos_ < LP_ATECC_CERT_LEN) {
        lp_atecc_at_t at = req->at_;
        at.offset = req->pos_;
        lp_atecc_cmd_begin(chip, OP_READ, LP_ATECC_DATA | ZONE_32_BYTES, lp_atecc_address(at),
                           BLOCK);
        return LP_E_AGAIN;
    }
    if (req->aux_ == NULL) {
        return LP_OK;
    }
    req->phase_ = 2;
    lp_atecc_begin_genkey(chip, 0, req->param_);
    return LP_E_AGAIN;
}

lp_err_t lp_atecc_cert_load(lp_atecc_t *chip, lp_atecc_req_t *req, uint8_t cert_slot,
                            uint8_t key_slot, uint8_t cert[LP_ATECC_CERT_LEN], uint8_t pub[64],
                            lp_atecc_done_fn *done, void *ctx)
{
    const lp_atecc_at_t at = {.zone = LP_ATECC_DATA, .slot = cert_slot};
    if (cert == NULL || key_slot >= LP_ATECC_SLOTS || lp_atecc_area_len(at) < LP_ATECC_CERT_LEN) {
        return LP_E_INVALID;
    }
    const lp_atecc_args_t args = {.step = step,
                                  .param = key_slot,
                                  .at = at,
                                  .out = cert,
                                  .out_len = LP_ATECC_CERT_LEN,
                                  .aux = pub};
    return lp_atecc_submit(chip, req, &args, done, ctx);
}
