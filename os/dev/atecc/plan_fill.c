// SPDX-License-Identifier: Apache-2.0
// Between the two locks: gives every slot and OTP a defined content and makes the keys that are
// born now. What was written is what the CRC of the data lock is computed over; nothing can be read
// back in this state, so the chip's own comparison at the lock is the proof.
// @source DS20005927A 2.4.2, 9.10 (order of the CRC, private slots left out), 9.21
#include "limpet/crc.h"
#include "plan.h"

enum { BLOCK = 32, ZONE_32_BYTES = 0x80, INVALIDATED = 0xA0, TRIES = 3 };

enum stage { LOOK, FILL };

static const lp_atecc_fill_t *find_fill(const lp_atecc_plan_op_t *op, unsigned slot)
{
    for (size_t i = 0; i < op->fills_len_; i++) {
        if (op->fills_[i].slot == slot) {
            return &op->fills_[i];
        }
    }
    return NULL;
}

static lp_span_t content(const lp_atecc_plan_op_t *op)
{
    if (op->at_.zone == LP_ATECC_OTP) {
        return lp_span(op->plan_->otp, LP_ATECC_OTP_LEN);
    }
    const lp_atecc_fill_t *fill = find_fill(op, op->at_.slot);
    return fill != NULL ? fill->data : lp_span(NULL, 0);
}

// The next block's content to block_, zero-extended.
static void compose(lp_atecc_plan_op_t *op)
{
    const lp_span_t data = content(op);
    memset(op->block_, 0, sizeof op->block_);
    if (op->at_.offset < data.len) {
        const size_t left = data.len - op->at_.offset;
        memcpy(op->block_, data.ptr + op->at_.offset, left < BLOCK ? left : BLOCK);
    }
    const bool is_public = op->at_.zone == LP_ATECC_DATA && op->at_.slot >= 8 &&
                           (op->plan_->slots[op->at_.slot].key_config & KC_PUBINFO) != 0;
    if (is_public && op->at_.offset == 0) {
        // The chip itself puts its mark "not validated" into this nibble.
        op->block_[0] = (uint8_t)(INVALIDATED | (op->block_[0] & 0x0F));
    }
}

static void next_area(lp_atecc_plan_op_t *op)
{
    op->at_.offset = 0;
    if (op->at_.slot + 1 < LP_ATECC_SLOTS) {
        op->at_.slot++;
    } else {
        op->at_ = (lp_atecc_at_t){.zone = LP_ATECC_OTP};
    }
}

static lp_err_t write_block(lp_atecc_t *chip, lp_atecc_plan_op_t *op)
{
    const size_t left = lp_atecc_area_len(op->at_) - op->at_.offset;
    compose(op);
    op->crc_ = lp_crc16_8005(op->crc_, lp_span(op->block_, left < BLOCK ? left : BLOCK));
    lp_atecc_cmd_begin(chip, OP_WRITE, (uint8_t)(op->at_.zone | ZONE_32_BYTES),
                       lp_atecc_address(op->at_), REPLY_STATUS);
    lp_atecc_cmd_put(chip, lp_span(op->block_, BLOCK));
    lp_wipe(op->block_, sizeof op->block_);
    op->at_.offset = (uint16_t)(op->at_.offset + BLOCK);
    return LP_E_AGAIN;
}

static bool is_to_be_born(const lp_atecc_t *chip, const lp_atecc_plan_op_t *op)
{
    const unsigned bit = 1u << op->at_.slot;
    return op->at_.offset == 0 && (op->plan_->born & bit) != 0 && (chip->born_ & bit) == 0;
}

// The next command, or the end with a token.
static lp_err_t fill_next(lp_atecc_t *chip, lp_atecc_plan_op_t *op)
{
    for (;;) {
        const bool is_data = op->at_.zone == LP_ATECC_DATA;
        const bool is_private = is_data && lp_atecc_plan_is_private(op->plan_, op->at_.slot);
        if (is_private && is_to_be_born(chip, op)) {
            lp_atecc_begin_genkey(chip, GENKEY_CREATE, op->at_.slot);
            op->at_.offset = BLOCK; // so that its end is noticed
            return LP_E_AGAIN;
        }
        if (!is_private && op->at_.offset < lp_atecc_area_len(op->at_)) {
            return write_block(chip, op);
        }
        if (!is_data) {
            lp_atecc_token_make(&op->token, LP_ATECC_DATA, op->crc_, op->id.serial);
            return LP_OK;
        }
        next_area(op);
    }
}

static bool is_birth(const lp_atecc_plan_op_t *op)
{
    return op->at_.zone == LP_ATECC_DATA && op->at_.offset != 0 &&
           lp_atecc_plan_is_private(op->plan_, op->at_.slot);
}

// A key was born: remember it, so that a repeated fill in this session keeps it.
static void note_birth(lp_atecc_t *chip, const lp_atecc_plan_op_t *op)
{
    if (is_birth(op)) {
        chip->born_ = (uint16_t)(chip->born_ | 1u << op->at_.slot);
    }
}

static lp_err_t permit(const lp_atecc_plan_op_t *op)
{
    if (!op->id.is_config_locked || op->id.is_data_locked) {
        return LP_E_STATE;
    }
    if (!lp_atecc_plan_matches(op->plan_, op->id.part, op->id.config)) {
        return LP_E_VERIFY;
    }
    // A slot that was locked by itself has a content that is not known here.
    return lp_atecc_word16(op->id.config, AT_SLOT_LOCKED) == 0xFFFF ? LP_OK : LP_E_STATE;
}

static lp_err_t step(lp_atecc_t *chip, lp_atecc_req_t *req, lp_err_t last)
{
    lp_atecc_plan_op_t *op = req->aux_;
    if (op->stage_ == FILL) {
        // Whether a key was made is unknown: nobody has seen it, so another one may take its place.
        if (last == LP_E_TIMEOUT && is_birth(op) && ++op->tries_ < TRIES) {
            op->at_.offset = 0;
            return fill_next(chip, op);
        }
        if (last != LP_OK) {
            return last;
        }
        note_birth(chip, op);
        op->steps_done++;
        return fill_next(chip, op);
    }
    lp_err_t err = lp_atecc_identify_run(chip, req, &op->id, last);
    if (err == LP_OK) {
        err = permit(op);
    }
    if (err != LP_OK) {
        return err;
    }
    op->stage_ = FILL;
    return fill_next(chip, op);
}

static uint16_t count_steps(const lp_atecc_t *chip, const lp_atecc_plan_t *plan)
{
    unsigned n = LP_ATECC_OTP_LEN / BLOCK;
    for (uint8_t slot = 0; slot < LP_ATECC_SLOTS; slot++) {
        const lp_atecc_at_t at = {.zone = LP_ATECC_DATA, .slot = slot};
        if (!lp_atecc_plan_is_private(plan, slot)) {
            n += (unsigned)((lp_atecc_area_len(at) + BLOCK - 1) / BLOCK);
        } else if ((plan->born & ~(unsigned)chip->born_ & 1u << slot) != 0) {
            n++;
        }
    }
    return (uint16_t)n;
}

// Each content must fit its slot, and private keys cannot be given from outside.
static bool are_fills_good(const lp_atecc_plan_t *plan, const lp_atecc_fill_t *fills, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const lp_atecc_at_t at = {.zone = LP_ATECC_DATA, .slot = fills[i].slot};
        if (fills[i].slot >= LP_ATECC_SLOTS || lp_atecc_plan_is_private(plan, fills[i].slot) ||
            fills[i].data.len > lp_atecc_area_len(at)) {
            return false;
        }
    }
    return true;
}

lp_err_t lp_atecc_plan_fill(lp_atecc_t *chip, lp_atecc_plan_op_t *op, const lp_atecc_plan_t *plan,
                            const lp_atecc_fill_t *fills, size_t fills_len, lp_atecc_done_fn *done,
                            void *ctx)
{
    if (chip == NULL || op == NULL || plan == NULL || done == NULL ||
        (fills == NULL && fills_len > 0) || !are_fills_good(plan, fills, fills_len)) {
        return LP_E_INVALID;
    }
    if (op->req.is_queued_) {
        return LP_E_BUSY;
    }
    *op = (lp_atecc_plan_op_t){
        .plan_ = plan,
        .fills_ = fills,
        .fills_len_ = fills_len,
        .steps_total = count_steps(chip, plan),
        .at_ = {.zone = LP_ATECC_DATA},
    };
    const lp_atecc_args_t args = {.step = step, .aux = op};
    return lp_atecc_submit(chip, &op->req, &args, done, ctx);
}
