// SPDX-License-Identifier: Apache-2.0
// Write in the clear, any length. @source DS20005927A 9.21
#include "internal.h"

enum { WORD = 4, BLOCK = 32, ZONE_32_BYTES = 0x80 };

static size_t piece_len(const lp_atecc_req_t *req)
{
    const bool is_whole = req->mode_ != 0;
    const size_t left = req->in_[0].len - req->pos_;
    if (left >= BLOCK && (req->at_.offset + req->pos_) % BLOCK == 0) {
        return BLOCK;
    }
    return is_whole ? left : WORD;
}

static lp_err_t step(lp_atecc_t *chip, lp_atecc_req_t *req, lp_err_t last)
{
    static const uint8_t zeros[BLOCK];
    if (last != LP_OK) {
        return last;
    }
    if (req->phase_ != 0) {
        req->pos_ = (uint16_t)(req->pos_ + piece_len(req));
    }
    req->phase_ = 1;
    if (req->pos_ == req->in_[0].len) {
        return LP_OK;
    }
    const size_t len = piece_len(req);
    const bool is_word = len == WORD && req->mode_ == 0;
    lp_atecc_at_t at = req->at_;
    at.offset = (uint16_t)(at.offset + req->pos_);
    lp_atecc_cmd_begin(chip, OP_WRITE, (uint8_t)(at.zone | (is_word ? 0 : ZONE_32_BYTES)),
                       lp_atecc_address(at), REPLY_STATUS);
    lp_atecc_cmd_put(chip, lp_span(req->in_[0].ptr + req->pos_, len));
    if (!is_word) {
        lp_atecc_cmd_put(chip, lp_span(zeros, BLOCK - len));
    }
    return LP_E_AGAIN;
}

lp_err_t lp_atecc_write(lp_atecc_t *chip, lp_atecc_req_t *req, lp_atecc_at_t at, lp_span_t data,
                        bool whole_blocks, lp_atecc_done_fn *done, void *ctx)
{
    const size_t unit = whole_blocks ? BLOCK : WORD;
    const size_t area = lp_atecc_area_len(at);
    if (data.ptr == NULL || data.len == 0 || data.len % WORD != 0 || at.offset % unit != 0) {
        return LP_E_INVALID;
    }
    if (data.len > area || at.offset > area - data.len) {
        return LP_E_RANGE;
    }
    if (data.len % unit != 0 && at.offset + data.len != area) {
        return LP_E_INVALID;
    }
    const lp_atecc_args_t args = {
        .step = step, .mode = whole_blocks ? 1 : 0, .at = at, .in = {data}};
    return lp_atecc_submit(chip, req, &args, done, ctx);
}
