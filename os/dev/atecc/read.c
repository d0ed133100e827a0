// SPDX-License-Identifier: Apache-2.0
// Read in the clear, any length. @source DS20005927A 9.16
#include "internal.h"

enum { WORD = 4, BLOCK = 32, ZONE_32_BYTES = 0x80 };

// Bytes of the request that lie in the block of the current position.
static size_t piece_len(const lp_atecc_req_t *req)
{
    const size_t in_block = BLOCK - (req->at_.offset + req->pos_) % BLOCK;
    const size_t left = req->out_len_ - req->pos_;
    return left < in_block ? left : in_block;
}

static void take_reply(const lp_atecc_t *chip, lp_atecc_req_t *req)
{
    const size_t len = piece_len(req);
    const size_t skip = len == WORD ? 0 : (req->at_.offset + req->pos_) % BLOCK;
    memcpy(req->out_ + req->pos_, lp_atecc_reply(chip) + skip, len);
    req->pos_ = (uint16_t)(req->pos_ + len);
}

static lp_err_t step(lp_atecc_t *chip, lp_atecc_req_t *req, lp_err_t last)
{
    if (last != LP_OK) {
        return last;
    }
    if (req->phase_ != 0) {
        take_reply(chip, req);
    }
    req->phase_ = 1;
    if (req->pos_ == req->out_len_) {
        return LP_OK;
    }
    const bool is_word = piece_len(req) == WORD;
    lp_atecc_at_t at = req->at_;
    at.offset = (uint16_t)(at.offset + req->pos_);
    lp_atecc_cmd_begin(chip, OP_READ, (uint8_t)(at.zone | (is_word ? 0 : ZONE_32_BYTES)),
                       lp_atecc_address(at), is_word ? WORD : BLOCK);
    return LP_E_AGAIN;
}

lp_err_t lp_atecc_read(lp_atecc_t *chip, lp_atecc_req_t *req, lp_atecc_at_t at, uint8_t *out,
                       size_t len, lp_atecc_done_fn *done, void *ctx)
{
    if (out == NULL || len == 0 || len % WORD != 0 || at.offset % WORD != 0) {
        return LP_E_INVALID;
    }
    if (len > lp_atecc_area_len(at) || at.offset > lp_atecc_area_len(at) - len) {
        return LP_E_RANGE;
    }
    const lp_atecc_args_t args = {.step = step, .at = at, .out = out, .out_len = len};
    return lp_atecc_submit(chip, req, &args, done, ctx);
}
