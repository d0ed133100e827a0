// SPDX-License-Identifier: Apache-2.0
// A device key in a slot: made if the chip lets it be made, else the one that is there. A new key
// is asked for again before it is believed to be stored.
#include "plan.h"

enum { PUB_LEN = 64 };

enum stage { LOOK, MAKE, COMPARE, TAKE };

static lp_err_t begin(lp_atecc_t *chip, lp_atecc_keymake_t *op)
{
    const size_t n = op->slot_;
    const unsigned slot_config = lp_atecc_word16(op->id.config, AT_SLOT_CONFIG + 2 * n);
    const unsigned key_config = lp_atecc_word16(op->id.config, AT_KEY_CONFIG + 2 * n);
    const bool is_open = (lp_atecc_word16(op->id.config, AT_SLOT_LOCKED) >> n & 1u) != 0;
    if (!op->id.is_config_locked) {
        return LP_E_STATE;
    }
    if ((key_config & KC_PRIVATE) == 0) {
        return LP_E_UNSUPPORTED;
    }
    op->is_new = is_open && (!op->id.is_data_locked || (slot_config & SC_GENKEY) != 0);
    op->stage_ = op->is_new ? MAKE : TAKE;
    lp_atecc_begin_genkey(chip, op->is_new ? GENKEY_CREATE : 0, op->slot_);
    return LP_E_AGAIN;
}

static lp_err_t step(lp_atecc_t *chip, lp_atecc_req_t *req, lp_err_t last)
{
    lp_atecc_keymake_t *op = req->aux_;
    if (op->stage_ == LOOK) {
        const lp_err_t err = lp_atecc_identify_run(chip, req, &op->id, last);
        return err == LP_OK ? begin(chip, op) : err;
    }
    if (last != LP_OK) {
        return last;
    }
    if (op->stage_ == MAKE) {
        memcpy(op->pub, lp_atecc_reply(chip), PUB_LEN);
        chip->born_ = (uint16_t)(chip->born_ | 1u << op->slot_);
        op->stage_ = COMPARE;
        lp_atecc_begin_genkey(chip, 0, op->slot_);
        return LP_E_AGAIN;
    }
    if (op->stage_ == COMPARE) {
        return memcmp(op->pub, lp_atecc_reply(chip), PUB_LEN) == 0 ? LP_OK : LP_E_VERIFY;
    }
    memcpy(op->pub, lp_atecc_reply(chip), PUB_LEN);
    return LP_OK;
}

lp_err_t lp_atecc_key_make(lp_atecc_t *chip, lp_atecc_keymake_t *op, uint8_t slot,
                           lp_atecc_done_fn *done, void *ctx)
{
    if (op == NULL || slot >= LP_ATECC_SLOTS || done == NULL) {
        return LP_E_INVALID;
    }
    if (op->req.is_queued_) {
        return LP_E_BUSY;
    }
    *op = (lp_atecc_keymake_t){.slot_ = slot};
    const lp_atecc_args_t args = {.step = step, .aux = op};
    return lp_atecc_submit(chip, &op->req, &args, done, ctx);
}
