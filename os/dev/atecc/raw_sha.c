// SPDX-License-Identifier: Apache-2.0
// SHA in pieces. @source DS20005927A 9.17, DS40002138A 5.1.8
#include "internal.h"
#include "limpet/atecc_raw.h"

enum { CONTEXT_MAX = 99 };

lp_err_t lp_atecc_sha(lp_atecc_t *chip, lp_atecc_req_t *req, uint8_t mode, uint16_t param,
                      lp_span_t message, uint8_t *out, lp_atecc_done_fn *done, void *ctx)
{
    const uint8_t what = mode & 0x07;
    const bool is_end = what == LP_ATECC_SHA_END || what == LP_ATECC_SHA_HMAC_END;
    const bool is_keyed = what == LP_ATECC_SHA_PUBLIC || what == LP_ATECC_SHA_HMAC_START;
    const size_t max = what == LP_ATECC_SHA_WRITE_CONTEXT ? CONTEXT_MAX : 64;
    if (is_end != (out != NULL) || message.len > max) {
        return LP_E_INVALID;
    }
    const lp_atecc_simple_t s = {.opcode = OP_SHA,
                                 .mode = mode,
                                 .param = is_keyed ? param : (uint16_t)message.len,
                                 .in = {message},
                                 .out = out,
                                 .out_len = is_end ? 32 : 0,
                                 .is_once = true};
    return lp_atecc_simple(chip, req, &s, done, ctx);
}
