// SPDX-License-Identifier: Apache-2.0
// Nonce: fixed values to any buffer, and calculation. @source DS20005927A 9.12, DS40002138A 5.1.4
#include "internal.h"
#include "limpet/atecc_raw.h"

enum { VALUE_LEN = 32, LONG_LEN = 64, NUM_IN_LEN = 20, MODE_LONG = 0x20, CALC = 0x8000 };

lp_err_t lp_atecc_nonce_store(lp_atecc_t *chip, lp_atecc_req_t *req, lp_atecc_target_t target,
                              lp_span_t value, lp_atecc_done_fn *done, void *ctx)
{
    const bool is_long = value.len == LONG_LEN;
    if (chip == NULL || value.ptr == NULL || (value.len != VALUE_LEN && !is_long) ||
        (is_long && target == LP_ATECC_TO_ALTKEY)) {
        return LP_E_INVALID;
    }
    if (lp_atecc_is_508(chip) && (is_long || target != LP_ATECC_TO_TEMPKEY)) {
        return LP_E_UNSUPPORTED;
    }
    const lp_atecc_simple_t s = {
        .opcode = OP_NONCE,
        .mode = (uint8_t)(NONCE_PASS_THROUGH | target | (is_long ? MODE_LONG : 0)),
        .in = {value}};
    return lp_atecc_simple(chip, req, &s, done, ctx);
}

lp_err_t lp_atecc_nonce_calc(lp_atecc_t *chip, lp_atecc_req_t *req, const uint8_t num_in[20],
                             uint8_t out[32], lp_atecc_done_fn *done, void *ctx)
{
    if (num_in == NULL || out == NULL) {
        return LP_E_INVALID;
    }
    // A second run would mix twice.
    const lp_atecc_simple_t s = {.opcode = OP_NONCE,
                                 .param = CALC,
                                 .in = {lp_span(num_in, NUM_IN_LEN)},
                                 .out = out,
                                 .out_len = VALUE_LEN,
                                 .is_once = true};
    return lp_atecc_simple(chip, req, &s, done, ctx);
}
