// SPDX-License-Identifier: Apache-2.0
// A device key in a slot: made if the chip lets it be made, else the one that is there. A new key
// is asked for again before it is believed to be stored.
//
// mark_ collects what decides: SlotConfig in the low half, KeyConfig in the high half.
#include "plan.h"

enum { PUB_LEN = 64, WORD = 4, AT_LOCKS = 84, AGAIN_MAX = 3 }; // 84-87: the lock bytes

enum phase { ASK_SLOT, ASK_KEY, ASK_LOCKS, ASK_SLOT_LOCKED, DECIDE, COMPARE_NEXT, COMPARE, TAKE };

static lp_err_t read_word(lp_atecc_t *chip, unsigned offset)
{
    const lp_atecc_at_t at = {.zone = LP_ATECC_CONFIG, .offset = (uint16_t)(offset & ~3u)};
    lp_atecc_cmd_begin(chip, OP_READ, LP_ATECC_CONFIG, lp_atecc_address(at), WORD);
    return LP_E_AGAIN;
}

// The 16-bit entry of this slot in the word that was just read.
static uint32_t entry(const lp_atecc_t *chip, const lp_atecc_req_t *req)
{
    return lp_atecc_word16(lp_atecc_reply(chip), req->param_ % 2u * 2u);
}

static lp_err_t make_or_take(lp_atecc_t *chip, lp_atecc_req_t *req)
{
    const uint8_t *bits = lp_atecc_reply(chip); // bytes 88-91
    const bool is_open = (lp_atecc_word16(bits, 0) >> req->param_ & 1u) != 0;
    const bool is_data_locked = req->pos_ != 0;
    const bool is_private = (req->mark_ >> 16 & KC_PRIVATE) != 0;
    if (!is_private) {
        return LP_E_UNSUPPORTED;
    }
    const bool is_new = is_open && (!is_data_locked || (req->mark_ & SC_GENKEY) != 0);
    if (req->aux_ != NULL) {
        *(bool *)req->aux_ = is_new;
    }
    req->phase_ = is_new ? COMPARE_NEXT : TAKE;
    lp_atecc_begin_genkey(chip, is_new ? GENKEY_CREATE : 0, req->param_);
    return LP_E_AGAIN;
}

static lp_err_t step_key(lp_atecc_t *chip, lp_atecc_req_t *req, enum phase phase)
{
    const uint8_t *reply = lp_atecc_reply(chip);
    if (phase == COMPARE) {
        return memcmp(req->out_, reply, PUB_LEN) == 0 ? LP_OK : LP_E_VERIFY;
    }
    memcpy(req->out_, reply, PUB_LEN);
    if (phase == TAKE) {
        return LP_OK;
    }
    chip->born_ = (uint16_t)(chip->born_ | 1u << req->param_);
    lp_atecc_begin_genkey(chip, 0, req->param_);
    return LP_E_AGAIN;
}

static lp_err_t step(lp_atecc_t *chip, lp_atecc_req_t *req, lp_err_t last)
{
    const enum phase phase = (enum phase)req->phase_++;
    // Whether a key was made is unknown: nobody has seen it, so another one may take its place.
    if (phase == COMPARE_NEXT && last == LP_E_TIMEOUT && req->pos_++ < AGAIN_MAX) {
        req->phase_ = COMPARE_NEXT;
        lp_atecc_begin_genkey(chip, GENKEY_CREATE, req->param_);
        return LP_E_AGAIN;
    }
    if (last != LP_OK) {
        return last;
    }
    switch (phase) {
    case ASK_SLOT:
        return read_word(chip, AT_SLOT_CONFIG + 2u * req->param_);
    case ASK_KEY:
        req->mark_ = entry(chip, req);
        return read_word(chip, AT_KEY_CONFIG + 2u * req->param_);
    case ASK_LOCKS:
        req->mark_ |= entry(chip, req) << 16;
        return read_word(chip, AT_LOCKS);
    case ASK_SLOT_LOCKED:
        if (lp_atecc_reply(chip)[AT_LOCK_CONFIG - AT_LOCKS] != 0) {
            return LP_E_STATE;
        }
        req->pos_ = lp_atecc_reply(chip)[AT_LOCK_VALUE - AT_LOCKS] == 0;
        return read_word(chip, AT_SLOT_LOCKED);
    case DECIDE:
        return make_or_take(chip, req);
    case COMPARE_NEXT:
    case COMPARE:
    case TAKE:
        break;
    }
    return step_key(chip, req, phase);
}

lp_err_t lp_atecc_key_make(lp_atecc_t *chip, lp_atecc_req_t *req, uint8_t slot, uint8_t pub[64],
                           bool *is_new, lp_atecc_done_fn *done, void *ctx)
{
    if (pub == NULL || slot >= LP_ATECC_SLOTS) {
        return LP_E_INVALID;
    }
    const lp_atecc_args_t args = {
        .step = step, .param = slot, .out = pub, .out_len = PUB_LEN, .aux = is_new};
    return lp_atecc_submit(chip, req, &args, done, ctx);
}
