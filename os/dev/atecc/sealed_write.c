// SPDX-License-Identifier: Apache-2.0
// Encrypted write: Nonce, GenDig, Write with MAC. Bit 6 of the zone says "encrypted" while the data
// zone is open; later only the slot's configuration counts, but the bit stays in the MAC.
#include "sealed.h"

enum phase { NONCE, DIG, WRITE, DONE };

static lp_err_t step(lp_atecc_t *chip, lp_atecc_req_t *req, lp_err_t last)
{
    lp_atecc_sealed_t *op = req->aux_;
    const enum phase phase = (enum phase)req->phase_++;
    const uint8_t param1 = DATA_BLOCK | FLAG_ENCRYPTED;
    if (last != LP_OK || phase == DONE) {
        return last;
    }
    if (phase == NONCE) {
        return lp_atecc_sealed_nonce(chip, op);
    }
    if (phase == DIG) {
        lp_atecc_sealed_take_nonce(chip, op);
        return lp_atecc_sealed_gendig(chip, op);
    }
    const uint16_t address = lp_atecc_address(op->at_);
    memcpy(op->data_, op->in_, BLOCK);
    lp_atecc_calc_seal(&op->tk_, op->secret_.serial, param1, address, op->data_, op->mac_);
    lp_atecc_cmd_begin(chip, OP_WRITE, param1, address, REPLY_STATUS);
    lp_atecc_cmd_put(chip, lp_span(op->data_, BLOCK));
    lp_atecc_cmd_put(chip, lp_span(op->mac_, sizeof op->mac_));
    chip->cmd_.is_dependent = true;
    return LP_E_AGAIN;
}

lp_err_t lp_atecc_sealed_write(lp_atecc_t *chip, lp_atecc_sealed_t *op,
                               const lp_atecc_secret_t *secret, lp_atecc_at_t at,
                               const uint8_t data[32], lp_atecc_done_fn *done, void *ctx)
{
    if (!lp_atecc_secret_is_whole(secret) || data == NULL || at.zone != LP_ATECC_DATA ||
        at.offset % BLOCK != 0 || at.offset >= lp_atecc_area_len(at)) {
        return LP_E_INVALID;
    }
    const lp_atecc_sealed_t fresh = {.secret_ = *secret, .at_ = at, .in_ = data};
    return lp_atecc_sealed_start(chip, op, &fresh, step, done, ctx);
}
