// SPDX-License-Identifier: Apache-2.0
// MAC. @source DS20005927A 9.11
#include "internal.h"
#include "limpet/atecc_raw.h"

lp_err_t lp_atecc_mac(lp_atecc_t *chip, lp_atecc_req_t *req, uint8_t mode, uint16_t key_id,
                      const uint8_t *challenge, uint8_t out[32], lp_atecc_done_fn *done, void *ctx)
{
    const bool is_challenged = (mode & LP_ATECC_MAC_BLOCK2_TEMPKEY) == 0;
    if (out == NULL || (is_challenged && challenge == NULL)) {
        return LP_E_INVALID;
    }
    const lp_atecc_simple_t s = {.opcode = OP_MAC,
                                 .mode = mode,
                                 .param = key_id,
                                 .in = {lp_span(challenge, is_challenged ? 32 : 0)},
                                 .out = out,
                                 .out_len = 32,
                                 .is_once = (mode & 3) != 0}; // uses TempKey up
    return lp_atecc_simple(chip, req, &s, done, ctx);
}
