// SPDX-License-Identifier: Apache-2.0
// ECDH whose secret stays in the chip or comes out encrypted. @source DS20005927A 9.5,
// DS40002138A 5.2.1
#include "internal.h"
#include "limpet/atecc_raw.h"

enum { FROM_TEMPKEY = 0x01, TO_OUTPUT_PROTECTED = 0x0E };

lp_err_t lp_atecc_ecdh_keep(lp_atecc_t *chip, lp_atecc_req_t *req, lp_atecc_ecdh_to_t to,
                            bool from_tempkey, uint16_t slot, const uint8_t peer[64],
                            lp_atecc_done_fn *done, void *ctx)
{
    if (chip == NULL || peer == NULL || slot >= LP_ATECC_SLOTS ||
        (to == LP_ATECC_ECDH_TO_SLOT && !from_tempkey)) {
        return LP_E_INVALID;
    }
    if (lp_atecc_is_508(chip) && (from_tempkey || to != LP_ATECC_ECDH_TO_NEXT_SLOT)) {
        return LP_E_UNSUPPORTED;
    }
    const lp_atecc_simple_t s = {.opcode = OP_ECDH,
                                 .mode = (uint8_t)(to | (from_tempkey ? FROM_TEMPKEY : 0)),
                                 .param = slot,
                                 .in = {lp_span(peer, 64)},
                                 .is_once = from_tempkey};
    return lp_atecc_simple(chip, req, &s, done, ctx);
}

lp_err_t lp_atecc_ecdh_protected(lp_atecc_t *chip, lp_atecc_req_t *req, bool from_tempkey,
                                 uint16_t slot, const uint8_t peer[64], uint8_t out[64],
                                 lp_atecc_done_fn *done, void *ctx)
{
    if (chip == NULL || peer == NULL || out == NULL || slot >= LP_ATECC_SLOTS) {
        return LP_E_INVALID;
    }
    if (lp_atecc_is_508(chip)) {
        return LP_E_UNSUPPORTED;
    }
    const lp_atecc_simple_t s = {
        .opcode = OP_ECDH,
        .mode = (uint8_t)(TO_OUTPUT_PROTECTED | (from_tempkey ? FROM_TEMPKEY : 0)),
        .param = from_tempkey ? 0 : slot,
        .in = {lp_span(peer, 64)},
        .out = out,
        .out_len = 64,
        .is_once = from_tempkey};
    return lp_atecc_simple(chip, req, &s, done, ctx);
}
