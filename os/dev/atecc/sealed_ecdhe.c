// SPDX-License-Identifier: Apache-2.0
// ECDHE of a 508A with the secret sealed on the bus: GenKey in slot 4, ECDH into slot 5, encrypted
// read. In one request, or with the key made before.
// @source DS20005927A 9.5
#include "sealed.h"

enum { PUB_LEN = 64, KEY_SLOT = LP_ATECC_SLOT_ECDHE_SEALED, SECRET_SLOT = LP_ATECC_SLOT_PREMASTER };

enum phase { MAKE, AGREE, NONCE, DIG, READ, OPEN };

static lp_err_t step(lp_atecc_t *chip, lp_atecc_req_t *req, lp_err_t last)
{
    static const lp_atecc_at_t at = {.zone = LP_ATECC_DATA, .slot = SECRET_SLOT};
    lp_atecc_sealed_t *op = req->aux_;
    if (last != LP_OK) {
        return last;
    }
    if (req->phase_ == MAKE && op->pub_ == NULL) {
        req->phase_ = AGREE; // the key was made before
    }
    const enum phase phase = (enum phase)req->phase_++;
    switch (phase) {
    case MAKE:
        lp_atecc_begin_genkey(chip, GENKEY_CREATE, KEY_SLOT);
        return LP_E_AGAIN;
    case AGREE:
        if (op->pub_ != NULL) {
            memcpy(op->pub_, lp_atecc_reply(chip), PUB_LEN);
        }
        lp_atecc_cmd_begin(chip, OP_ECDH, 0, KEY_SLOT, REPLY_STATUS);
        lp_atecc_cmd_put(chip, lp_span(op->peer_, PUB_LEN));
        return LP_E_AGAIN;
    case NONCE:
        return lp_atecc_sealed_nonce(chip, op);
    case DIG:
        lp_atecc_sealed_take_nonce(chip, op);
        return lp_atecc_sealed_gendig(chip, op);
    case READ:
        lp_atecc_cmd_begin(chip, OP_READ, DATA_BLOCK, lp_atecc_address(at), BLOCK);
        chip->cmd_.is_dependent = true;
        return LP_E_AGAIN;
    case OPEN:
        break;
    }
    memcpy(op->out_, lp_atecc_reply(chip), BLOCK);
    lp_atecc_calc_open(&op->tk_, op->out_);
    return LP_OK;
}

lp_err_t lp_atecc_ecdhe_sealed(lp_atecc_t *chip, lp_atecc_sealed_t *op,
                               const lp_atecc_secret_t *secret, const uint8_t peer[64],
                               uint8_t pub[64], uint8_t out[32], lp_atecc_done_fn *done, void *ctx)
{
    if (!lp_atecc_secret_is_whole(secret) || peer == NULL || pub == NULL || out == NULL) {
        return LP_E_INVALID;
    }
    const lp_atecc_sealed_t fresh = {
        .secret_ = *secret, .peer_ = peer, .pub_ = pub, .out_ = out, .out_len_ = BLOCK};
    return lp_atecc_sealed_start(chip, op, &fresh, step, done, ctx);
}

lp_err_t lp_atecc_ecdh_sealed(lp_atecc_t *chip, lp_atecc_sealed_t *op,
                              const lp_atecc_secret_t *secret, const uint8_t peer[64],
                              uint8_t out[32], lp_atecc_done_fn *done, void *ctx)
{
    if (!lp_atecc_secret_is_whole(secret) || peer == NULL || out == NULL) {
        return LP_E_INVALID;
    }
    const lp_atecc_sealed_t fresh = {
        .secret_ = *secret, .peer_ = peer, .out_ = out, .out_len_ = BLOCK};
    return lp_atecc_sealed_start(chip, op, &fresh, step, done, ctx);
}
