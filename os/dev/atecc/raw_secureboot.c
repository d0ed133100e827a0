// SPDX-License-Identifier: Apache-2.0
// SecureBoot (608). @source DS40002138A 5.2.3
#include "internal.h"
#include "limpet/atecc_raw.h"

lp_err_t lp_atecc_secureboot(lp_atecc_t *chip, lp_atecc_req_t *req, uint8_t mode,
                             const uint8_t digest[32], const uint8_t *sig, uint8_t *mac,
                             lp_atecc_done_fn *done, void *ctx)
{
    if (chip == NULL || digest == NULL ||
        ((mode & LP_ATECC_BOOT_PROTECTED) != 0) != (mac != NULL)) {
        return LP_E_INVALID;
    }
    if (lp_atecc_is_508(chip)) {
        return LP_E_UNSUPPORTED;
    }
    const lp_atecc_simple_t s = {.opcode = OP_SECUREBOOT,
                                 .mode = mode,
                                 .in = {lp_span(digest, 32), lp_span(sig, sig != NULL ? 64 : 0)},
                                 .out = mac,
                                 .out_len = mac != NULL ? 32 : 0,
                                 .is_once = true};
    return lp_atecc_simple(chip, req, &s, done, ctx);
}
