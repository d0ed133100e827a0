// SPDX-License-Identifier: Apache-2.0
// Nonce: pass-through and random. @source DS20005927A 9.12
#include "internal.h"

enum { VALUE_LEN = 32, NUM_IN_LEN = 20 };

static lp_err_t load_step(lp_atecc_t *chip, lp_atecc_req_t *req, lp_err_t last)
{
    if (last != LP_OK || req->phase_++ != 0) {
        return last;
    }
    lp_atecc_cmd_begin(chip, OP_NONCE, NONCE_PASS_THROUGH, 0, REPLY_STATUS);
    lp_atecc_cmd_put(chip, req->in_[0]);
    return LP_E_AGAIN;
}

lp_err_t lp_atecc_nonce_load(lp_atecc_t *chip, lp_atecc_req_t *req, const uint8_t value[32],
                             lp_atecc_done_fn *done, void *ctx)
{
    if (value == NULL) {
        return LP_E_INVALID;
    }
    const lp_atecc_args_t args = {.step = load_step, .in = {lp_span(value, VALUE_LEN)}};
    return lp_atecc_submit(chip, req, &args, done, ctx);
}

static lp_err_t random_step(lp_atecc_t *chip, lp_atecc_req_t *req, lp_err_t last)
{
    if (last != LP_OK) {
        return last;
    }
    if (req->phase_++ == 0) {
        lp_atecc_cmd_begin(chip, OP_NONCE, 0, 0, VALUE_LEN);
        lp_atecc_cmd_put(chip, req->in_[0]);
        return LP_E_AGAIN;
    }
    memcpy(req->out_, lp_atecc_reply(chip), VALUE_LEN);
    return LP_OK;
}

lp_err_t lp_atecc_nonce_random(lp_atecc_t *chip, lp_atecc_req_t *req, const uint8_t num_in[20],
                               uint8_t random[32], lp_atecc_done_fn *done, void *ctx)
{
    if (num_in == NULL || random == NULL) {
        return LP_E_INVALID;
    }
    const lp_atecc_args_t args = {.step = random_step,
                                  .in = {lp_span(num_in, NUM_IN_LEN)},
                                  .out = random,
                                  .out_len = VALUE_LEN};
    return lp_atecc_submit(chip, req, &args, done, ctx);
}
