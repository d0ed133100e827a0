// SPDX-License-Identifier: Apache-2.0
// Pause (508A). @source DS20005927A 9.13
#include "internal.h"
#include "limpet/atecc_raw.h"

lp_err_t lp_atecc_pause(lp_atecc_t *chip, lp_atecc_req_t *req, uint8_t selector,
                        lp_atecc_done_fn *done, void *ctx)
{
    if (chip == NULL) {
        return LP_E_INVALID;
    }
    if (lp_atecc_is_608(chip)) {
        return LP_E_UNSUPPORTED;
    }
    const lp_atecc_simple_t s = {.opcode = OP_PAUSE, .mode = selector};
    return lp_atecc_simple(chip, req, &s, done, ctx);
}
