// SPDX-License-Identifier: Apache-2.0
// UpdateExtra. @source DS20005927A 9.19
#include "internal.h"
#include "limpet/atecc_raw.h"

lp_err_t lp_atecc_update_extra(lp_atecc_t *chip, lp_atecc_req_t *req, uint8_t mode, uint8_t value,
                               lp_atecc_done_fn *done, void *ctx)
{
    if (mode > 2) {
        return LP_E_INVALID;
    }
    const lp_atecc_simple_t s = {
        .opcode = OP_UPDATEEXTRA, .mode = mode, .param = value, .is_once = true};
    return lp_atecc_simple(chip, req, &s, done, ctx);
}
