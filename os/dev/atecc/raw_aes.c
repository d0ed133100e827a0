// SPDX-License-Identifier: Apache-2.0
// AES (608). @source DS40002138A 5.3.1
#include "internal.h"
#include "limpet/atecc_raw.h"

enum { MODE_GFM = 3 };

static lp_err_t start(lp_atecc_t *chip, lp_atecc_req_t *req, const lp_atecc_simple_t *s,
                      lp_atecc_done_fn *done, void *ctx)
{
    if (chip == NULL || s->in[0].ptr == NULL || s->out == NULL) {
        return LP_E_INVALID;
    }
    return lp_atecc_is_508(chip) ? LP_E_UNSUPPORTED : lp_atecc_simple(chip, req, s, done, ctx);
}

lp_err_t lp_atecc_aes(lp_atecc_t *chip, lp_atecc_req_t *req, bool decrypt, uint16_t slot,
                      uint8_t block, const uint8_t in[16], uint8_t out[16], lp_atecc_done_fn *done,
                      void *ctx)
{
    if ((slot >= LP_ATECC_SLOTS && slot != LP_ATECC_TEMPKEY) || block > 3) {
        return LP_E_INVALID;
    }
    const lp_atecc_simple_t s = {.opcode = OP_AES,
                                 .mode = (uint8_t)((decrypt ? 1 : 0) | block << 6),
                                 .param = slot,
                                 .in = {lp_span(in, 16)},
                                 .out = out,
                                 .out_len = 16};
    return start(chip, req, &s, done, ctx);
}

lp_err_t lp_atecc_aes_gfm(lp_atecc_t *chip, lp_atecc_req_t *req, const uint8_t h[16],
                          const uint8_t x[16], uint8_t out[16], lp_atecc_done_fn *done, void *ctx)
{
    if (x == NULL) {
        return LP_E_INVALID;
    }
    const lp_atecc_simple_t s = {.opcode = OP_AES,
                                 .mode = MODE_GFM,
                                 .in = {lp_span(h, 16), lp_span(x, 16)},
                                 .out = out,
                                 .out_len = 16};
    return start(chip, req, &s, done, ctx);
}
