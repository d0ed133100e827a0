// SPDX-License-Identifier: Apache-2.0
// Any configuration: look, write the words that differ, look again, compare.
#include "limpet/atecc_setup.h"
#include "plan.h"

enum { WORD = 4, FIRST_WRITABLE = 16 };

enum stage { LOOK, WRITE, LOOK_AGAIN };

static bool is_reachable(const lp_atecc_config_op_t *c)
{
    const uint8_t *now = c->op.id.config;
    return memcmp(now, c->want_, FIRST_WRITABLE) == 0 &&
           memcmp(now + AT_FORBIDDEN, c->want_ + AT_FORBIDDEN, WORD) == 0;
}

static lp_err_t judge(lp_atecc_config_op_t *c)
{
    if (memcmp(c->op.id.config, c->want_, LP_ATECC_CONFIG_LEN) != 0) {
        return LP_E_VERIFY;
    }
    lp_atecc_token_make(&c->op.token, LP_ATECC_CONFIG, lp_atecc_config_crc(c->op.id.config),
                        c->op.id.serial);
    return LP_OK;
}

static lp_err_t write_next(lp_atecc_t *chip, lp_atecc_req_t *req, lp_atecc_config_op_t *c)
{
    lp_atecc_at_t *at = &c->op.at_;
    for (; at->offset < LP_ATECC_CONFIG_LEN; at->offset = (uint16_t)(at->offset + WORD)) {
        if (memcmp(c->op.id.config + at->offset, c->want_ + at->offset, WORD) != 0) {
            lp_atecc_cmd_begin(chip, OP_WRITE, LP_ATECC_CONFIG, lp_atecc_address(*at),
                               REPLY_STATUS);
            lp_atecc_cmd_put(chip, lp_span(c->want_ + at->offset, WORD));
            at->offset = (uint16_t)(at->offset + WORD);
            return LP_E_AGAIN;
        }
    }
    c->op.stage_ = LOOK_AGAIN;
    req->phase_ = 0;
    req->pos_ = 0;
    return lp_atecc_identify_run(chip, req, &c->op.id, LP_OK);
}

static lp_err_t step(lp_atecc_t *chip, lp_atecc_req_t *req, lp_err_t last)
{
    lp_atecc_config_op_t *c = req->aux_;
    if (c->op.stage_ == WRITE) {
        return last == LP_OK ? write_next(chip, req, c) : last;
    }
    const lp_err_t err = lp_atecc_identify_run(chip, req, &c->op.id, last);
    if (err != LP_OK) {
        return err;
    }
    if (c->op.stage_ == LOOK_AGAIN) {
        return judge(c);
    }
    if (c->op.id.is_config_locked) {
        return LP_E_STATE;
    }
    if (!is_reachable(c)) {
        return LP_E_DENIED;
    }
    c->op.stage_ = WRITE;
    return write_next(chip, req, c);
}

lp_err_t lp_atecc_config_write(lp_atecc_t *chip, lp_atecc_config_op_t *op, const uint8_t *want,
                               lp_atecc_done_fn *done, void *ctx)
{
    if (op == NULL || want == NULL || done == NULL) {
        return LP_E_INVALID;
    }
    if (op->op.req.is_queued_) {
        return LP_E_BUSY;
    }
    *op = (lp_atecc_config_op_t){.op = {.at_ = {.zone = LP_ATECC_CONFIG, .offset = FIRST_WRITABLE}},
                                 .want_ = want};
    const lp_atecc_args_t args = {.step = step, .aux = op};
    return lp_atecc_submit(chip, &op->op.req, &args, done, ctx);
}
