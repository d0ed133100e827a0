// SPDX-License-Identifier: Apache-2.0
// SelfTest (608). @source DS40002138A 5.1.7
#include "internal.h"
#include "limpet/atecc_raw.h"

lp_err_t lp_atecc_selftest(lp_atecc_t *chip, lp_atecc_req_t *req, uint8_t tests, uint8_t *failed,
                           lp_atecc_done_fn *done, void *ctx)
{
    if (chip == NULL || failed == NULL) {
        return LP_E_INVALID;
    }
    if (lp_atecc_is_508(chip)) {
        return LP_E_UNSUPPORTED;
    }
    const lp_atecc_simple_t s = {
        .opcode = OP_SELFTEST, .mode = tests, .out = failed, .out_len = 1, .is_byte = true};
    return lp_atecc_simple(chip, req, &s, done, ctx);
}
