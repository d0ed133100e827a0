// SPDX-License-Identifier: Apache-2.0
// Random. @source DS20005927A 9.15
#include "internal.h"

enum { RANDOM_LEN = 32 };

// What the generator sends while the configuration is open: FF FF 00 00, over and over.
static bool is_fixed_pattern(const uint8_t *bytes)
{
    for (size_t i = 0; i < RANDOM_LEN; i++) {
        if (bytes[i] != ((i & 2u) == 0 ? 0xFF : 0x00)) {
            return false;
        }
    }
    return true;
}

static lp_err_t step(lp_atecc_t *chip, lp_atecc_req_t *req, lp_err_t last)
{
    if (last != LP_OK) {
        return last;
    }
    if (req->phase_++ == 0) {
        lp_atecc_cmd_begin(chip, OP_RANDOM, 0, 0, RANDOM_LEN);
        return LP_E_AGAIN;
    }
    if (is_fixed_pattern(lp_atecc_reply(chip))) {
        return LP_E_STATE;
    }
    memcpy(req->out_, lp_atecc_reply(chip), RANDOM_LEN);
    return LP_OK;
}

lp_err_t lp_atecc_random(lp_atecc_t *chip, lp_atecc_req_t *req, uint8_t out[32],
                         lp_atecc_done_fn *done, void *ctx)
{
    if (out == NULL) {
        return LP_E_INVALID;
    }
    const lp_atecc_args_t args = {.step = step, .out = out, .out_len = RANDOM_LEN};
    return lp_atecc_submit(chip, req, &args, done, ctx);
}
