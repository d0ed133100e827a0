// SPDX-License-Identifier: Apache-2.0
// Checks and writes the configuration zone: read all, write what differs, read all again, compare.
#include "plan.h"

enum { WORD = 4, FIRST_WRITABLE = 16 };

enum stage { LOOK, WRITE, LOOK_AGAIN };

static lp_err_t judge(lp_atecc_plan_op_t *op)
{
    const size_t n =
        lp_atecc_plan_diff(op->plan_, op->id.part, op->id.config, op->diff_, op->diff_ctx_);
    if (n != 0) {
        return LP_E_VERIFY;
    }
    lp_atecc_token_make(&op->token, LP_ATECC_CONFIG, lp_atecc_config_crc(op->id.config),
                        op->id.serial);
    return LP_OK;
}

static lp_err_t check_step(lp_atecc_t *chip, lp_atecc_req_t *req, lp_err_t last)
{
    lp_atecc_plan_op_t *op = req->aux_;
    const lp_err_t err = lp_atecc_identify_run(chip, req, &op->id, last);
    return err == LP_OK ? judge(op) : err;
}

// Finds the next word from op->at_ on that is not as the plan wants it; its content goes to block_.
static bool find_word(lp_atecc_plan_op_t *op)
{
    for (; op->at_.offset < LP_ATECC_CONFIG_LEN;
         op->at_.offset = (uint16_t)(op->at_.offset + WORD)) {
        const uint8_t *now = op->id.config + op->at_.offset;
        if (op->at_.offset == AT_FORBIDDEN) {
            continue;
        }
        for (size_t i = 0; i < WORD; i++) {
            uint8_t mask = 0;
            const uint8_t want =
                lp_atecc_plan_byte(op->plan_, op->id.part, op->at_.offset + i, &mask);
            op->block_[i] = (uint8_t)((now[i] & ~mask) | (want & mask));
        }
        if (memcmp(op->block_, now, WORD) != 0) {
            return true;
        }
    }
    return false;
}

// Writes the next word, or turns to reading everything back.
static lp_err_t write_next(lp_atecc_t *chip, lp_atecc_req_t *req, lp_atecc_plan_op_t *op)
{
    if (find_word(op)) {
        lp_atecc_cmd_begin(chip, OP_WRITE, LP_ATECC_CONFIG, lp_atecc_address(op->at_),
                           REPLY_STATUS);
        lp_atecc_cmd_put(chip, lp_span(op->block_, WORD));
        op->at_.offset = (uint16_t)(op->at_.offset + WORD);
        op->steps_done = (uint16_t)(op->at_.offset / WORD);
        return LP_E_AGAIN;
    }
    op->stage_ = LOOK_AGAIN;
    req->phase_ = 0;
    req->pos_ = 0;
    return lp_atecc_identify_run(chip, req, &op->id, LP_OK);
}

static lp_err_t write_step(lp_atecc_t *chip, lp_atecc_req_t *req, lp_err_t last)
{
    lp_atecc_plan_op_t *op = req->aux_;
    if (op->stage_ == WRITE) {
        return last == LP_OK ? write_next(chip, req, op) : last;
    }
    const lp_err_t err = lp_atecc_identify_run(chip, req, &op->id, last);
    if (err != LP_OK) {
        return err;
    }
    if (op->stage_ == LOOK_AGAIN) {
        op->steps_done = op->steps_total;
        return judge(op);
    }
    if (op->id.is_config_locked) {
        return judge(op) == LP_OK ? LP_OK : LP_E_STATE;
    }
    op->stage_ = WRITE;
    return write_next(chip, req, op);
}

static lp_err_t start(lp_atecc_t *chip, lp_atecc_plan_op_t *op, const lp_atecc_plan_op_t *fresh,
                      lp_atecc_step_fn *step, lp_atecc_done_fn *done, void *ctx)
{
    if (op == NULL || fresh->plan_ == NULL || done == NULL) {
        return LP_E_INVALID;
    }
    if (op->req.is_queued_) {
        return LP_E_BUSY;
    }
    *op = *fresh;
    const lp_atecc_args_t args = {.step = step, .aux = op};
    return lp_atecc_submit(chip, &op->req, &args, done, ctx);
}

lp_err_t lp_atecc_plan_check(lp_atecc_t *chip, lp_atecc_plan_op_t *op, const lp_atecc_plan_t *plan,
                             lp_atecc_diff_fn *diff, void *diff_ctx, lp_atecc_done_fn *done,
                             void *ctx)
{
    const lp_atecc_plan_op_t fresh = {.plan_ = plan, .diff_ = diff, .diff_ctx_ = diff_ctx};
    return start(chip, op, &fresh, check_step, done, ctx);
}

lp_err_t lp_atecc_plan_write(lp_atecc_t *chip, lp_atecc_plan_op_t *op, const lp_atecc_plan_t *plan,
                             lp_atecc_diff_fn *diff, void *diff_ctx, lp_atecc_done_fn *done,
                             void *ctx)
{
    const lp_atecc_plan_op_t fresh = {
        .plan_ = plan,
        .diff_ = diff,
        .diff_ctx_ = diff_ctx,
        .steps_total = LP_ATECC_CONFIG_LEN / WORD,
        .at_ = {.zone = LP_ATECC_CONFIG, .offset = FIRST_WRITABLE},
    };
    return start(chip, op, &fresh, write_step, done, ctx);
}
