// SPDX-License-Identifier: Apache-2.0
// Attestation: Nonce, GenKey's digest of a public key, Sign(Internal). @source
// DS20005927A 9.7, 9.18
#include "sealed.h"

enum { PUB_LEN = 64, SIG_LEN = 64, MODE_DIGEST = 0x08, MODE_SERIAL = 0x40 };

enum phase { NONCE, DIGEST, SIGN, TAKE };

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
    case DIGEST:
        memcpy(op->random_, lp_atecc_reply(chip), BLOCK);
        lp_atecc_cmd_begin(chip, OP_GENKEY, MODE_DIGEST, op->slot_, PUB_LEN);
        chip->cmd_.is_dependent = true;
        chip->cmd_.is_fragile = true;
        return LP_E_AGAIN;
    case SIGN:
        memcpy(op->pub_, lp_atecc_reply(chip), PUB_LEN);
        lp_atecc_cmd_begin(chip, OP_SIGN, MODE_SERIAL, op->secret_.slot, SIG_LEN);
        chip->cmd_.is_dependent = true;
        return LP_E_AGAIN;
    case TAKE:
        break;
    }
    memcpy(op->out_, lp_atecc_reply(chip), SIG_LEN);
    return LP_OK;
}

lp_err_t lp_atecc_attest(lp_atecc_t *chip, lp_atecc_sealed_t *op, const uint8_t num_in[20],
                         uint8_t slot, uint8_t signer, uint8_t random[32], uint8_t pub[64],
                         uint8_t sig[64], lp_atecc_done_fn *done, void *ctx)
{
    if (num_in == NULL || random == NULL || pub == NULL || sig == NULL || slot >= LP_ATECC_SLOTS ||
        signer >= LP_ATECC_SLOTS) {
        return LP_E_INVALID;
    }
    const lp_atecc_sealed_t fresh = {.secret_ = {.slot = signer, .num_in = num_in},
                                     .slot_ = slot,
                                     .random_ = random,
                                     .pub_ = pub,
                                     .out_ = sig,
                                     .out_len_ = SIG_LEN};
    return lp_atecc_sealed_start(chip, op, &fresh, step, done, ctx);
}
