// SPDX-License-Identifier: Apache-2.0
// Locks a zone for ever: look whether this is the right chip in the right state, lock with the CRC
// of the token, look again whether it is locked. A lost answer is settled by the second look, not
// by a second lock. @source DS20005927A 9.10
#include "plan.h"

enum { LOCK_CONFIG = 0x00, LOCK_DATA = 0x01, CONFIG_OPEN = 0x55, TRIES = 3 };

enum stage { LOOK, LOCK, LOOK_AGAIN };

// Is the locked configuration the one the token was made of?
static bool is_same_config(const lp_atecc_plan_op_t *op)
{
    uint8_t config[LP_ATECC_CONFIG_LEN];
    memcpy(config, op->id.config, sizeof config);
    if (lp_atecc_config_crc(config) == op->token.crc) {
        return true;
    }
    config[AT_LOCK_CONFIG] = CONFIG_OPEN; // as it was when the token was made
    return lp_atecc_config_crc(config) == op->token.crc;
}

static bool is_locked(const lp_atecc_plan_op_t *op)
{
    return op->token.zone == LP_ATECC_CONFIG ? op->id.is_config_locked : op->id.is_data_locked;
}

// LP_E_AGAIN: go on and lock.
static lp_err_t permit(const lp_atecc_plan_op_t *op)
{
    const bool is_config = op->token.zone == LP_ATECC_CONFIG;
    if (memcmp(op->token.serial_, op->id.serial, LP_ATECC_SERIAL_LEN) != 0) {
        return LP_E_CHIP_OTHER;
    }
    if (is_locked(op)) {
        return !is_config || is_same_config(op) ? LP_OK : LP_E_STATE;
    }
    if (is_config && lp_atecc_config_crc(op->id.config) != op->token.crc) {
        return LP_E_VERIFY;
    }
    return is_config || op->id.is_config_locked ? LP_E_AGAIN : LP_E_STATE;
}

static lp_err_t lock(lp_atecc_t *chip, lp_atecc_plan_op_t *op)
{
    const uint8_t mode = op->token.zone == LP_ATECC_CONFIG ? LOCK_CONFIG : LOCK_DATA;
    op->stage_ = LOCK;
    op->tries_++;
    lp_atecc_cmd_begin(chip, OP_LOCK, mode, op->token.crc, REPLY_STATUS);
    chip->cmd_.is_once = true;
    return LP_E_AGAIN;
}

// After the second look. What was surely not done although asked for may be asked for again.
static lp_err_t judge(lp_atecc_t *chip, lp_atecc_plan_op_t *op)
{
    if (is_locked(op)) {
        return LP_OK;
    }
    if (lp_atecc_is_transport_error(op->outcome_) && op->tries_ < TRIES) {
        return lock(chip, op);
    }
    return op->outcome_ != LP_OK ? op->outcome_ : LP_E_VERIFY;
}

static lp_err_t step(lp_atecc_t *chip, lp_atecc_req_t *req, lp_err_t last)
{
    lp_atecc_plan_op_t *op = req->aux_;
    if (op->stage_ == LOCK) {
        op->outcome_ = last;
        op->stage_ = LOOK_AGAIN;
        req->phase_ = 0;
        req->pos_ = 0;
        last = LP_OK;
    }
    const lp_err_t err = lp_atecc_identify_run(chip, req, &op->id, last);
    if (err != LP_OK) {
        return err;
    }
    if (op->stage_ == LOOK_AGAIN) {
        return judge(chip, op);
    }
    const lp_err_t verdict = permit(op);
    return verdict == LP_E_AGAIN ? lock(chip, op) : verdict;
}

static lp_err_t start(lp_atecc_t *chip, lp_atecc_plan_op_t *op, const lp_atecc_token_t *token,
                      lp_atecc_zone_t zone, lp_atecc_done_fn *done, void *ctx)
{
    if (op == NULL || token == NULL || done == NULL || !lp_atecc_token_is_good(token, zone)) {
        return LP_E_INVALID;
    }
    if (op->req.is_queued_) {
        return LP_E_BUSY;
    }
    *op = (lp_atecc_plan_op_t){.token = *token};
    const lp_atecc_args_t args = {.step = step, .aux = op};
    return lp_atecc_submit(chip, &op->req, &args, done, ctx);
}

lp_err_t lp_atecc_lock_config(lp_atecc_t *chip, lp_atecc_plan_op_t *op,
                              const lp_atecc_token_t *token, lp_atecc_done_fn *done, void *ctx)
{
    return start(chip, op, token, LP_ATECC_CONFIG, done, ctx);
}

lp_err_t lp_atecc_lock_data(lp_atecc_t *chip, lp_atecc_plan_op_t *op, const lp_atecc_token_t *token,
                            lp_atecc_done_fn *done, void *ctx)
{
    return start(chip, op, token, LP_ATECC_DATA, done, ctx);
}
