// SPDX-License-Identifier: Apache-2.0
// DeriveKey. @source DS20005927A 9.4
#include "internal.h"
#include "limpet/atecc_raw.h"

lp_err_t lp_atecc_derive_key(lp_atecc_t *chip, lp_atecc_req_t *req, uint8_t mode, uint16_t slot,
                             lp_span_t mac, lp_atecc_done_fn *done, void *ctx)
{
    if (slot >= LP_ATECC_SLOTS || (mac.len != 0 && mac.len != 32)) {
        return LP_E_INVALID;
    }
    const lp_atecc_simple_t s = {
        .opcode = OP_DERIVEKEY, .mode = mode, .param = slot, .in = {mac}, .is_once = true};
    return lp_atecc_simple(chip, req, &s, done, ctx);
}
