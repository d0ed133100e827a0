// SPDX-License-Identifier: Apache-2.0
// The queue of requests of one chip. A request is a little program: its step function is called
// with the result of the last command and either prepares the next one or ends the request.
#include "internal.h"

enum { RESTARTS_MAX = 3 };

static void run_kick(void *ctx);

void lp_atecc_init(lp_atecc_t *chip, const lp_atecc_config_t *cfg)
{
    *chip = (lp_atecc_t){.cfg_ = *cfg};
    if (chip->cfg_.rest == 0) {
        chip->cfg_.rest = LP_ATECC_IDLE;
    }
    lp_event_init(&chip->kick_, run_kick, chip);
    lp_atecc_exec_init(chip);
}

lp_err_t lp_atecc_deinit(lp_atecc_t *chip)
{
    if (chip->head_ != NULL || lp_atecc_exec_is_busy(chip)) {
        return LP_E_BUSY;
    }
    lp_timer_stop(chip->cfg_.loop, &chip->timer_);
    lp_loop_unpost(chip->cfg_.loop, &chip->kick_);
    return LP_OK;
}

lp_atecc_part_t lp_atecc_part(const lp_atecc_t *chip)
{
    return chip->part_;
}

uint8_t lp_atecc_addr(const lp_atecc_t *chip)
{
    return chip->cfg_.addr;
}

bool lp_atecc_is_busy(const lp_atecc_t *chip)
{
    return chip->head_ != NULL;
}

uint32_t lp_atecc_tempkey_mark(const lp_atecc_t *chip)
{
    return chip->tempkey_mark_;
}

lp_err_t lp_atecc_submit(lp_atecc_t *chip, lp_atecc_req_t *req, const lp_atecc_args_t *args,
                         lp_atecc_done_fn *done, void *ctx)
{
    if (chip == NULL || req == NULL || done == NULL) {
        return LP_E_INVALID;
    }
    if (req->is_queued_) {
        return LP_E_BUSY;
    }
    *req = (lp_atecc_req_t){
        .step_ = args->step,
        .done_ = done,
        .ctx_ = ctx,
        .is_queued_ = true,
        .mode_ = args->mode,
        .param_ = args->param,
        .mark_ = args->mark,
        .at_ = args->at,
        .in_ = {args->in[0], args->in[1], args->in[2]},
        .out_ = args->out,
        .out_len_ = args->out_len,
        .aux_ = args->aux,
    };
    if (chip->tail_ != NULL) {
        chip->tail_->next_ = req;
    } else {
        chip->head_ = req;
    }
    chip->tail_ = req;
    lp_loop_post(chip->cfg_.loop, &chip->kick_);
    return LP_OK;
}

lp_err_t lp_atecc_cancel(lp_atecc_t *chip, lp_atecc_req_t *req)
{
    lp_atecc_req_t *before = NULL;
    lp_atecc_req_t *r = chip->head_;
    while (r != NULL && r != req) {
        before = r;
        r = r->next_;
    }
    if (r == NULL) {
        return LP_E_NOT_FOUND;
    }
    if (before == NULL && chip->is_running_) {
        return LP_E_BUSY;
    }
    if (before == NULL) {
        chip->head_ = r->next_;
    } else {
        before->next_ = r->next_;
    }
    if (chip->tail_ == r) {
        chip->tail_ = before;
    }
    req->is_queued_ = false;
    return LP_OK;
}

static void finish(lp_atecc_t *chip, lp_err_t err)
{
    lp_atecc_req_t *req = chip->head_;
    chip->head_ = req->next_;
    if (chip->head_ == NULL) {
        chip->tail_ = NULL;
    }
    chip->is_running_ = false;
    lp_wipe(chip->rx_, sizeof chip->rx_);
    if (err != LP_OK && req->out_ != NULL) {
        lp_wipe(req->out_, req->out_len_);
    }
    req->is_queued_ = false;
    lp_loop_post(chip->cfg_.loop, &chip->kick_);
    req->done_(req->ctx_, err); // last: it may queue `req` again or end the chip's life
}

// Asks the request for its next command.
static void advance(lp_atecc_t *chip, lp_err_t last)
{
    lp_atecc_req_t *req = chip->head_;
    const lp_err_t err = req->step_(chip, req, last);
    if (err != LP_E_AGAIN) {
        finish(chip, err);
        return;
    }
    if (chip->cmd_.rest == 0) {
        lp_atecc_cmd_end(chip);
    }
    lp_atecc_exec(chip);
}

static void run_kick(void *ctx)
{
    lp_atecc_t *chip = ctx;
    if (chip->is_running_) {
        return;
    }
    if (chip->head_ == NULL) {
        lp_atecc_exec_linger(chip);
        return;
    }
    chip->is_running_ = true;
    chip->restarts_ = 0;
    chip->is_rested_ = false;
    advance(chip, LP_OK);
}

void lp_atecc_cmd_done(lp_atecc_t *chip, lp_err_t err)
{
    lp_wipe(chip->tx_, sizeof chip->tx_);
    advance(chip, err);
}

bool lp_atecc_cmd_restart(lp_atecc_t *chip)
{
    if (chip->cmd_.is_once || chip->restarts_ >= RESTARTS_MAX) {
        return false;
    }
    chip->restarts_++;
    lp_wipe(chip->tx_, sizeof chip->tx_);
    chip->head_->phase_ = 0;
    chip->head_->pos_ = 0;
    advance(chip, LP_OK);
    return true;
}
