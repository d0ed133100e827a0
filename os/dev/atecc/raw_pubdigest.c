// SPDX-License-Identifier: Apache-2.0
// GenKey: digests of public keys. @source DS20005927A 9.7
#include "internal.h"
#include "limpet/atecc_raw.h"

enum { MODE_DIGEST = 0x08, MODE_STORED = 0x10 };

lp_err_t lp_atecc_pubkey_digest(lp_atecc_t *chip, lp_atecc_req_t *req, uint8_t slot,
                                uint8_t pub[64], lp_atecc_done_fn *done, void *ctx)
{
    if (pub == NULL || slot >= LP_ATECC_SLOTS) {
        return LP_E_INVALID;
    }
    // A second run would mix twice.
    const lp_atecc_simple_t s = {.opcode = OP_GENKEY,
                                 .mode = MODE_DIGEST,
                                 .param = slot,
                                 .out = pub,
                                 .out_len = 64,
                                 .is_once = true};
    return lp_atecc_simple(chip, req, &s, done, ctx);
}

lp_err_t lp_atecc_stored_digest(lp_atecc_t *chip, lp_atecc_req_t *req, uint8_t slot,
                                const uint8_t other[3], lp_atecc_done_fn *done, void *ctx)
{
    if (other == NULL || slot >= LP_ATECC_SLOTS) {
        return LP_E_INVALID;
    }
    const lp_atecc_simple_t s = {.opcode = OP_GENKEY,
                                 .mode = MODE_STORED,
                                 .param = slot,
                                 .in = {lp_span(other, 3)},
                                 .is_once = true};
    return lp_atecc_simple(chip, req, &s, done, ctx);
}
