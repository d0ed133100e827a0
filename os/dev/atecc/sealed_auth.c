// SPDX-License-Identifier: Apache-2.0
// A signature that needs an authorization: Nonce and CheckMac prove the board, then Nonce loads the
// digest and Sign signs. The chip forgets the authorization with the first use.
#include "sealed.h"

enum { CHECK_MODE = 0x01, OTHER_LEN = 13, SIG_LEN = 64 }; // challenge is TempKey, made with the RNG

enum phase { NONCE, CHECK, LOAD, SIGN, TAKE };

// OtherData as a MAC command with mode 0x01 on the same slot would have it; the rest are zeros.
static void make_other(const lp_atecc_sealed_t *op, uint8_t other[OTHER_LEN])
{
    memset(other, 0, OTHER_LEN);
    other[0] = OP_MAC;
    other[1] = CHECK_MODE;
    other[2] = op->secret_.slot;
}

static lp_err_t check(lp_atecc_t *chip, lp_atecc_sealed_t *op)
{
    static const uint8_t challenge[BLOCK]; // ignored in this mode
    uint8_t other[OTHER_LEN];
    lp_atecc_sealed_take_nonce(chip, op);
    make_other(op, other);
    lp_atecc_calc_checkmac(op->secret_.serial, op->secret_.key, op->tk_.value, other, op->mac_);
    lp_atecc_cmd_begin(chip, OP_CHECKMAC, CHECK_MODE, op->secret_.slot, REPLY_STATUS);
    lp_atecc_cmd_put(chip, lp_span(challenge, sizeof challenge));
    lp_atecc_cmd_put(chip, lp_span(op->mac_, BLOCK));
    lp_atecc_cmd_put(chip, lp_span(other, sizeof other));
    chip->cmd_.is_dependent = true;
    return LP_E_AGAIN;
}

static lp_err_t step(lp_atecc_t *chip, lp_atecc_req_t *req, lp_err_t last)
{
    lp_atecc_sealed_t *op = req->aux_;
    const enum phase phase = (enum phase)req->phase_++;
    if (last != LP_OK) {
        return last;
    }
    switch (phase) {
    case NONCE:
        return lp_atecc_sealed_nonce(chip, op);
    case CHECK:
        return check(chip, op);
    case LOAD:
        lp_atecc_cmd_begin(chip, OP_NONCE, NONCE_PASS_THROUGH, 0, REPLY_STATUS);
        lp_atecc_cmd_put(chip, lp_span(op->in_, BLOCK));
        chip->cmd_.is_dependent = true; // on the authorization
        return LP_E_AGAIN;
    case SIGN:
        lp_atecc_cmd_begin(chip, OP_SIGN, SIGN_EXTERNAL, op->slot_, SIG_LEN);
        chip->cmd_.is_dependent = true;
        return LP_E_AGAIN;
    case TAKE:
        break;
    }
    memcpy(op->out_, lp_atecc_reply(chip), SIG_LEN);
    return LP_OK;
}

lp_err_t lp_atecc_authorized_sign(lp_atecc_t *chip, lp_atecc_sealed_t *op,
                                  const lp_atecc_secret_t *secret, uint8_t slot,
                                  const uint8_t digest[32], uint8_t sig[64], lp_atecc_done_fn *done,
                                  void *ctx)
{
    if (!lp_atecc_secret_is_whole(secret) || digest == NULL || sig == NULL ||
        slot >= LP_ATECC_SLOTS) {
        return LP_E_INVALID;
    }
    const lp_atecc_sealed_t fresh = {
        .secret_ = *secret, .slot_ = slot, .in_ = digest, .out_ = sig, .out_len_ = SIG_LEN};
    return lp_atecc_sealed_start(chip, op, &fresh, step, done, ctx);
}
