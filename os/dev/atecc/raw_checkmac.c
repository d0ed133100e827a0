// SPDX-License-Identifier: Apache-2.0
// CheckMac. @source DS20005927A 9.2
#include "internal.h"
#include "limpet/atecc_raw.h"

lp_err_t lp_atecc_checkmac(lp_atecc_t *chip, lp_atecc_req_t *req, uint8_t mode, uint16_t key_id,
                           const uint8_t *challenge, const uint8_t response[32],
                           const uint8_t other[13], lp_atecc_done_fn *done, void *ctx)
{
    static const uint8_t zeros[32];
    if (response == NULL || other == NULL) {
        return LP_E_INVALID;
    }
    const lp_atecc_simple_t s = {.opcode = OP_CHECKMAC,
                                 .mode = mode,
                                 .param = key_id,
                                 .in = {lp_span(challenge != NULL ? challenge : zeros, 32),
                                        lp_span(response, 32), lp_span(other, 13)},
                                 .is_once = true};
    return lp_atecc_simple(chip, req, &s, done, ctx);
}
