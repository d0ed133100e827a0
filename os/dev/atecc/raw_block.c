// SPDX-License-Identifier: Apache-2.0
// Read and Write of one whole block, plain or encrypted. @source DS20005927A 9.16, 9.21
#include "internal.h"
#include "limpet/atecc_raw.h"

enum { BLOCK = 32, ZONE_32_BYTES = 0x80, ZONE_ENCRYPTED = 0x40 };

static bool is_block(lp_atecc_at_t at)
{
    return at.offset % BLOCK == 0 && at.offset < lp_atecc_area_len(at);
}

lp_err_t lp_atecc_read_block(lp_atecc_t *chip, lp_atecc_req_t *req, lp_atecc_at_t at,
                             uint8_t out[32], lp_atecc_done_fn *done, void *ctx)
{
    if (out == NULL || !is_block(at)) {
        return LP_E_INVALID;
    }
    const lp_atecc_simple_t s = {.opcode = OP_READ,
                                 .mode = (uint8_t)(at.zone | ZONE_32_BYTES),
                                 .param = lp_atecc_address(at),
                                 .out = out,
                                 .out_len = BLOCK};
    return lp_atecc_simple(chip, req, &s, done, ctx);
}

lp_err_t lp_atecc_write_block(lp_atecc_t *chip, lp_atecc_req_t *req, lp_atecc_at_t at,
                              const uint8_t data[32], const uint8_t *mac, bool flag_encrypted,
                              lp_atecc_done_fn *done, void *ctx)
{
    if (data == NULL || !is_block(at)) {
        return LP_E_INVALID;
    }
    const lp_atecc_simple_t s = {
        .opcode = OP_WRITE,
        .mode = (uint8_t)(at.zone | ZONE_32_BYTES | (flag_encrypted ? ZONE_ENCRYPTED : 0)),
        .param = lp_atecc_address(at),
        .in = {lp_span(data, BLOCK), lp_span(mac, mac != NULL ? 32 : 0)},
        .is_once = mac != NULL}; // TempKey is used up
    return lp_atecc_simple(chip, req, &s, done, ctx);
}
