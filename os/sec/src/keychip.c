// SPDX-License-Identifier: Apache-2.0
#include "limpet/keychip.h"

#include "limpet/atecc_plan.h"

static lp_keychip_t *of(lp_keyprov_t *prov)
{
    return (lp_keychip_t *)prov;
}

static bool has_tempkey_ecdh(const lp_keychip_t *keys)
{
    lp_atecc_part_t part = lp_atecc_part(keys->chip_);
    return part == LP_ATECC_608A || part == LP_ATECC_608B;
}

static bool makes_key(const lp_key_op_t *op)
{
    return op->kind == LP_KEY_OP_ECDHE_GENERATE || op->kind == LP_KEY_OP_ECDHE_SEALED;
}

static void on_done(void *ctx, lp_err_t err)
{
    lp_keychip_t *keys = ctx;
    if (makes_key(keys->op_) && err == LP_OK && keys->is_in_tempkey_) {
        keys->tempkey_mark_ = lp_atecc_tempkey_mark(keys->chip_);
    }
    keys->op_ = NULL;
    keys->done_(keys->ctx_, err);
}

static lp_err_t make_ecdhe(lp_keychip_t *keys, lp_key_op_t *op)
{
    keys->is_sealed_ = op->kind == LP_KEY_OP_ECDHE_SEALED;
    if (keys->is_sealed_ && keys->seal_ == NULL) {
        return LP_E_UNSUPPORTED;
    }
    keys->is_in_tempkey_ = has_tempkey_ecdh(keys);
    const uint16_t slot = keys->is_sealed_ ? LP_ATECC_SLOT_ECDHE_SEALED : LP_ATECC_SLOT_ECDHE;
    return lp_atecc_genkey(keys->chip_, &keys->req_, keys->is_in_tempkey_ ? LP_ATECC_TEMPKEY : slot,
                           op->out, on_done, keys);
}

// A key that was made for a sealed exchange is never used in the clear.
static lp_err_t agree(lp_keychip_t *keys, lp_key_op_t *op)
{
    if (keys->is_sealed_) {
        return keys->seal_ != NULL ? keys->seal_->agree_(keys, op->in, op->out, on_done)
                                   : LP_E_STATE;
    }
    if (keys->is_in_tempkey_) {
        return lp_atecc_ecdh_tempkey(keys->chip_, &keys->req_, keys->tempkey_mark_, op->in, op->out,
                                     on_done, keys);
    }
    return lp_atecc_ecdh(keys->chip_, &keys->req_, LP_ATECC_SLOT_ECDHE, op->in, op->out, on_done,
                         keys);
}

static bool proves_checks(const lp_keyprov_t *prov)
{
    const lp_keychip_seal_t *seal = ((const lp_keychip_t *)prov)->seal_;
    return seal != NULL && seal->verify_ != NULL;
}

static lp_err_t verify(lp_keychip_t *keys, lp_key_op_t *op)
{
    return proves_checks(&keys->prov)
               ? keys->seal_->verify_(keys, op, on_done)
               : lp_atecc_verify(keys->chip_, &keys->req_, op->in, op->check->signature,
                                 op->check->pub, on_done, keys);
}

static lp_err_t start_op(lp_keychip_t *keys, lp_key_op_t *op)
{
    lp_atecc_t *chip = keys->chip_;
    switch (op->kind) {
    case LP_KEY_OP_PUBLIC:
        return lp_atecc_pubkey(chip, &keys->req_, op->id.slot, op->out, on_done, keys);
    case LP_KEY_OP_GENERATE:
        // Where the chip's locked configuration forbids a new key, the one that was born there.
        return lp_atecc_key_make(chip, &keys->req_, op->id.slot, op->out, NULL, on_done, keys);
    case LP_KEY_OP_SIGN:
        return lp_atecc_sign(chip, &keys->req_, op->id.slot, op->in, op->out, on_done, keys);
    case LP_KEY_OP_RANDOM:
        return lp_atecc_random(chip, &keys->req_, op->out, on_done, keys);
    case LP_KEY_OP_ECDHE_GENERATE:
    case LP_KEY_OP_ECDHE_SEALED:
        return make_ecdhe(keys, op);
    case LP_KEY_OP_ECDHE_AGREE:
        return agree(keys, op);
    case LP_KEY_OP_VERIFY:
        return verify(keys, op);
    }
    return LP_E_INVALID;
}

static lp_err_t start(lp_keyprov_t *prov, lp_key_op_t *op, lp_key_done_fn *done, void *ctx)
{
    lp_keychip_t *keys = of(prov);
    keys->op_ = op;
    keys->done_ = done;
    keys->ctx_ = ctx;
    lp_err_t err = start_op(keys, op);
    if (err != LP_OK) {
        keys->op_ = NULL;
    }
    return err;
}

lp_key_seal_t lp_keychip_seal_state(const lp_keychip_t *keys)
{
    if (keys->seal_ != NULL) {
        return LP_KEY_SEAL_READY;
    }
    return keys->is_broken_ ? LP_KEY_SEAL_BROKEN : LP_KEY_SEAL_NONE;
}

static lp_key_seal_t seal_of(const lp_keyprov_t *prov)
{
    return lp_keychip_seal_state((const lp_keychip_t *)prov);
}

void lp_keychip_init(lp_keychip_t *keys, lp_atecc_t *chip)
{
    static const lp_keyprov_ops_t ops = {
        .start = start, .seal = seal_of, .proves_checks = proves_checks};
    *keys = (lp_keychip_t){.prov = {.ops = &ops}, .chip_ = chip};
}
