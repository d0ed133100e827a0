// SPDX-License-Identifier: Apache-2.0
// Verify on a 608 whose "yes" is a MAC over the digest, the signature and a nonce of the host's.
// @source DS40002138A 5.2.5
#include "sealed.h"

enum {
    PUB_LEN = 64,
    SIG_LEN = 64,
    TO_DIGEST_BUFFER = 0x40,
    MODE = VERIFY_EXTERNAL | 0x80, // validating MAC
};

enum phase { LOAD, NONCE, VERIFY, COMPARE };

// aux_: the lp_atecc_check_t, only read.
static lp_err_t step(lp_atecc_t *chip, lp_atecc_req_t *req, lp_err_t last)
{
    const lp_atecc_check_t *check = req->aux_;
    const enum phase phase = (enum phase)req->phase_++;
    uint8_t mac[BLOCK];
    if (last != LP_OK) {
        return last;
    }
    switch (phase) {
    case LOAD:
        lp_atecc_cmd_begin(chip, OP_NONCE, NONCE_PASS_THROUGH, 0, REPLY_STATUS);
        lp_atecc_cmd_put(chip, lp_span(check->digest, BLOCK));
        return LP_E_AGAIN;
    case NONCE:
        lp_atecc_cmd_begin(chip, OP_NONCE, NONCE_PASS_THROUGH | TO_DIGEST_BUFFER, 0, REPLY_STATUS);
        lp_atecc_cmd_put(chip, lp_span(check->nonce, BLOCK));
        chip->cmd_.is_dependent = true;
        return LP_E_AGAIN;
    case VERIFY:
        lp_atecc_cmd_begin(chip, OP_VERIFY, MODE, KEYTYPE_P256, BLOCK);
        lp_atecc_cmd_put(chip, lp_span(check->sig, SIG_LEN));
        lp_atecc_cmd_put(chip, lp_span(check->pub, PUB_LEN));
        chip->cmd_.is_dependent = true;
        return LP_E_AGAIN;
    case COMPARE:
        break;
    }
    lp_atecc_calc_verify_mac(check->io_key, check->digest, check->nonce, check->sig, MODE,
                             KEYTYPE_P256, mac);
    const bool is_good = lp_equal_ct(mac, lp_atecc_reply(chip), BLOCK);
    lp_wipe(mac, sizeof mac);
    return is_good ? LP_OK : LP_E_CHIP_MISMATCH;
}

lp_err_t lp_atecc_verify_sealed(lp_atecc_t *chip, lp_atecc_req_t *req,
                                const lp_atecc_check_t *check, lp_atecc_done_fn *done, void *ctx)
{
    if (chip == NULL || check == NULL || check->digest == NULL || check->sig == NULL ||
        check->pub == NULL || check->io_key == NULL || check->nonce == NULL) {
        return LP_E_INVALID;
    }
    if (!lp_atecc_is_608(chip)) {
        return LP_E_UNSUPPORTED;
    }
    const lp_atecc_args_t args = {.step = step, .aux = (void *)(uintptr_t)check};
    return lp_atecc_submit(chip, req, &args, done, ctx);
}
