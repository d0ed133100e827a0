// SPDX-License-Identifier: Apache-2.0
// Verify in every mode. @source DS20005927A 9.20, DS40002138A 5.2.5
#include "internal.h"
#include "limpet/atecc_raw.h"

lp_err_t lp_atecc_verify_mode(lp_atecc_t *chip, lp_atecc_req_t *req, uint8_t mode, uint16_t key_id,
                              const uint8_t sig[64], lp_span_t data, uint8_t *mac,
                              lp_atecc_done_fn *done, void *ctx)
{
    if (chip == NULL || sig == NULL || data.len > 64 ||
        ((mode & LP_ATECC_VERIFY_MAC) != 0) != (mac != NULL)) {
        return LP_E_INVALID;
    }
    if (lp_atecc_is_508(chip) &&
        (mode & (LP_ATECC_VERIFY_MAC | LP_ATECC_VERIFY_FROM_DIGEST)) != 0) {
        return LP_E_UNSUPPORTED;
    }
    const lp_atecc_simple_t s = {.opcode = OP_VERIFY,
                                 .mode = mode,
                                 .param = key_id,
                                 .in = {lp_span(sig, 64), data},
                                 .out = mac,
                                 .out_len = mac != NULL ? 32 : 0,
                                 .is_once = true};
    return lp_atecc_simple(chip, req, &s, done, ctx);
}
