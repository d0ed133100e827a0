// SPDX-License-Identifier: Apache-2.0
// Lock of one slot. @source DS20005927A 9.10
//
// A lost answer is not repeated blindly: the lock bits in the configuration say what happened.
// pos_ counts the tries.
#include "internal.h"

enum { WORD = 4, LOCK_SLOT = 0x02, AT_SLOT_LOCKED = 88, TRIES = 3 };

enum phase { READ_BITS, ASK, READ_AGAIN, JUDGE };

static void read_bits(lp_atecc_t *chip)
{
    const lp_atecc_at_t at = {.zone = LP_ATECC_CONFIG, .offset = AT_SLOT_LOCKED};
    lp_atecc_cmd_begin(chip, OP_READ, LP_ATECC_CONFIG, lp_atecc_address(at), WORD);
}

static bool is_locked(const lp_atecc_t *chip, unsigned slot)
{
    const uint8_t *bits = lp_atecc_reply(chip);
    return ((bits[0] | (unsigned)bits[1] << 8) >> slot & 1u) == 0;
}

static lp_err_t lock(lp_atecc_t *chip, lp_atecc_req_t *req)
{
    req->pos_++;
    req->phase_ = READ_AGAIN;
    lp_atecc_cmd_begin(chip, OP_LOCK, (uint8_t)(req->param_ << 2 | LOCK_SLOT), 0, REPLY_STATUS);
    chip->cmd_.is_once = true;
    return LP_E_AGAIN;
}

static lp_err_t judge(lp_atecc_t *chip, lp_atecc_req_t *req)
{
    const lp_err_t err = (lp_err_t)req->mark_;
    if (is_locked(chip, req->param_)) {
        return LP_OK;
    }
    if (lp_atecc_is_transport_error(err) && req->pos_ < TRIES) {
        return lock(chip, req); // surely not done
    }
    return err != LP_OK ? err : LP_E_VERIFY;
}

static lp_err_t step(lp_atecc_t *chip, lp_atecc_req_t *req, lp_err_t last)
{
    const enum phase phase = (enum phase)req->phase_++;
    if (last != LP_OK && phase != READ_AGAIN) {
        return last;
    }
    switch (phase) {
    case READ_BITS:
        read_bits(chip);
        return LP_E_AGAIN;
    case ASK:
        return is_locked(chip, req->param_) ? LP_OK : lock(chip, req);
    case READ_AGAIN:
        req->mark_ = (uint32_t)last;
        read_bits(chip);
        return LP_E_AGAIN;
    case JUDGE:
        break;
    }
    return judge(chip, req);
}

lp_err_t lp_atecc_lock_slot(lp_atecc_t *chip, lp_atecc_req_t *req, uint8_t slot,
                            lp_atecc_done_fn *done, void *ctx)
{
    if (slot >= LP_ATECC_SLOTS) {
        return LP_E_INVALID;
    }
    const lp_atecc_args_t args = {.step = step, .param = slot};
    return lp_atecc_submit(chip, req, &args, done, ctx);
}
