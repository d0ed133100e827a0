// SPDX-License-Identifier: Apache-2.0
// Lock of the data zone without a checksum. A lost answer is settled by a second look.
// @source DS20005927A 9.10
#include "limpet/atecc_setup.h"
#include "plan.h"

enum { LOCK_DATA_UNSEEN = 0x81, TRIES = 3 };

enum stage { LOOK, LOCK, LOOK_AGAIN };

static lp_err_t lock(lp_atecc_t *chip, lp_atecc_plan_op_t *op)
{
    op->stage_ = LOCK;
    op->tries_++;
    lp_atecc_cmd_begin(chip, OP_LOCK, LOCK_DATA_UNSEEN, 0, REPLY_STATUS);
    chip->cmd_.is_once = true;
    return LP_E_AGAIN;
}

static lp_err_t judge(lp_atecc_t *chip, lp_atecc_plan_op_t *op)
{
    if (op->id.is_data_locked) {
        return LP_OK;
    }
    if (lp_atecc_is_transport_error(op->outcome_) && op->tries_ < TRIES) {
        return lock(chip, op);
    }
    return op->outcome_ != LP_OK ? op->outcome_ : LP_E_VERIFY;
}

static lp_err_t step(lp_atecc_t *chip, lp_atecc_req_t *req, lp_err_t last)
{
    lp_atecc_config_op_t *c = req->aux_;
    lp_atecc_plan_op_t *op = &c->op;
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
    if (memcmp(op->id.serial, c->want_, LP_ATECC_SERIAL_LEN) != 0) {
        return LP_E_CHIP_OTHER;
    }
    if (op->stage_ == LOOK_AGAIN) {
        return judge(chip, op);
    }
    if (op->id.is_data_locked) {
        return LP_OK;
    }
    return op->id.is_config_locked ? lock(chip, op) : LP_E_STATE;
}

lp_err_t lp_atecc_lock_data_unseen(lp_atecc_t *chip, lp_atecc_config_op_t *op,
                                   const uint8_t *serial, lp_atecc_done_fn *done, void *ctx)
{
    if (op == NULL || serial == NULL || done == NULL) {
        return LP_E_INVALID;
    }
    if (op->op.req.is_queued_) {
        return LP_E_BUSY;
    }
    *op = (lp_atecc_config_op_t){.want_ = serial};
    const lp_atecc_args_t args = {.step = step, .aux = op};
    return lp_atecc_submit(chip, &op->op.req, &args, done, ctx);
}
