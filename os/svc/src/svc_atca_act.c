// SPDX-License-Identifier: Apache-2.0
// What ATCA.* does to the chip once it is allowed. Everything that can be looked at again is.
//
//   SetConfig      write what differs, read all back, compare
//   LockZone       config: read again, equal to what the token was for, lock with its CRC
//                  data:   limpet-1: fill the slots, lock with their CRC; another plan: lock
//   SetKey         write (encrypted where the slot wants it), then read back or have it proven
//   GenKey         make, ask for it again
#include <string.h>

#include "limpet/port/system.h"
#include "svc_atca_internal.h"
#include "svc_chip_internal.h"

enum { SC_NO_MAC = 1u << 4, SC_READ_BITS = 0xC0, KC_PUBINFO = 1u << 1 };

// What every operation ends with.
static void end(lp_svc_atca_change_t *svc, lp_err_t err)
{
    svc->done_(svc, err);
}

static void on_last(void *ctx, lp_err_t err)
{
    end(ctx, err);
}

static void start(lp_svc_atca_change_t *svc, lp_err_t err)
{
    if (err != LP_OK) {
        end(svc, err);
    }
}

// -- configuration and locks

static void on_verified_for_lock(void *ctx, lp_err_t err)
{
    lp_svc_atca_change_t *svc = ctx;
    const lp_atecc_token_t token = svc->config_op_.op.token;
    if (err != LP_OK) {
        end(svc, err);
        return;
    }
    start(svc, lp_atecc_lock_config(lp_svc_chip_driver(svc->chip_), &svc->config_op_.op, &token,
                                    on_last, svc));
}

static void on_filled(void *ctx, lp_err_t err)
{
    lp_svc_atca_change_t *svc = ctx;
    const lp_atecc_token_t token = svc->config_op_.op.token;
    if (err != LP_OK) {
        end(svc, err);
        return;
    }
    start(svc, lp_atecc_lock_data(lp_svc_chip_driver(svc->chip_), &svc->config_op_.op, &token,
                                  on_last, svc));
}

static lp_err_t lock_data(lp_svc_atca_change_t *svc, lp_atecc_t *chip)
{
    const lp_atecc_id_t *id = &svc->chip_->id_;
    const lp_atecc_plan_t *plan = svc->chip_->s_.plan;
    if (lp_atecc_plan_matches(plan, id->part, id->config)) {
        return lp_atecc_plan_fill(chip, &svc->config_op_.op, plan, NULL, 0, on_filled, svc);
    }
    return lp_atecc_lock_data_unseen(chip, &svc->config_op_, id->serial, on_last, svc);
}

// -- keys

static unsigned slot_config(const lp_svc_atca_change_t *svc)
{
    const uint8_t *at = svc->chip_->id_.config + 20 + 2 * svc->change_.slot;
    return at[0] | (unsigned)at[1] << 8;
}

static unsigned key_config(const lp_svc_atca_change_t *svc)
{
    const uint8_t *at = svc->chip_->id_.config + 96 + 2 * svc->change_.slot;
    return at[0] | (unsigned)at[1] << 8;
}

static void on_compared(void *ctx, lp_err_t err)
{
    lp_svc_atca_change_t *svc = ctx;
    if (err == LP_OK && memcmp(svc->back_, svc->change_.bytes, svc->change_.len) != 0) {
        err = LP_E_VERIFY;
    }
    svc->checked_ = "read";
    end(svc, err);
}

// A chip may have no use for the key that would prove it (not a MAC key): that is no failure.
static void on_proven(void *ctx, lp_err_t err)
{
    lp_svc_atca_change_t *svc = ctx;
    const bool is_unasked = err == LP_E_CHIP_EXEC || err == LP_E_CHIP_PARSE;
    svc->checked_ = is_unasked ? "none" : "mac";
    end(svc, is_unasked ? LP_OK : err == LP_E_CHIP_MISMATCH ? LP_E_VERIFY : err);
}

static void on_public(void *ctx, lp_err_t err)
{
    lp_svc_atca_change_t *svc = ctx;
    svc->checked_ = err == LP_OK ? "public" : "none";
    end(svc, err);
}

static lp_err_t set_secret(lp_svc_atca_change_t *svc, uint8_t slot, const uint8_t *key)
{
    svc->secret_ = (lp_atecc_secret_t){
        .slot = slot, .key = key, .serial = svc->chip_->id_.serial, .num_in = svc->num_in_};
    return lp_port_entropy(svc->num_in_, sizeof svc->num_in_);
}

static lp_err_t look_again(lp_svc_atca_change_t *svc, lp_atecc_t *chip)
{
    const lp_atca_change_t *c = &svc->change_;
    const unsigned mine = slot_config(svc);
    const lp_atecc_at_t at = {.zone = LP_ATECC_DATA, .slot = c->slot};
    if (c->is_private && (key_config(svc) & KC_PUBINFO) != 0) {
        return lp_atecc_pubkey(chip, &svc->one_, c->slot, svc->back_, on_public, svc);
    }
    if (c->is_private || !svc->chip_->id_.is_data_locked) {
        return LP_E_UNSUPPORTED;
    }
    if ((mine & SC_READ_BITS) == 0) {
        return lp_atecc_read(chip, &svc->one_, at, svc->back_, c->len, on_compared, svc);
    }
    if (c->len != LP_ATCA_KEY_BYTES || (mine & SC_NO_MAC) != 0) {
        return LP_E_UNSUPPORTED;
    }
    const lp_err_t err = set_secret(svc, c->slot, c->bytes);
    return err != LP_OK ? err : lp_atecc_prove(chip, &svc->sealed_, &svc->secret_, on_proven, svc);
}

static void on_written(void *ctx, lp_err_t err)
{
    lp_svc_atca_change_t *svc = ctx;
    if (err != LP_OK) {
        end(svc, err);
        return;
    }
    memset(&svc->sealed_, 0, sizeof svc->sealed_);
    err = look_again(svc, lp_svc_chip_driver(svc->chip_));
    if (err != LP_OK) {
        svc->checked_ = "none";
        end(svc, err == LP_E_UNSUPPORTED ? LP_OK : err);
    }
}

static lp_err_t set_key(lp_svc_atca_change_t *svc, lp_atecc_t *chip)
{
    const lp_atca_change_t *c = &svc->change_;
    const lp_atecc_at_t at = {.zone = LP_ATECC_DATA, .slot = c->slot};
    if (!c->has_write_key) {
        return lp_atecc_write(chip, &svc->one_, at, lp_span(c->bytes, c->len), true, on_written,
                              svc);
    }
    const lp_err_t err = set_secret(svc, c->write_slot, c->write_key);
    if (err != LP_OK) {
        return err;
    }
    return c->is_private ? lp_atecc_sealed_import(chip, &svc->sealed_, &svc->secret_, c->slot,
                                                  c->bytes, on_written, svc)
                         : lp_atecc_sealed_write(chip, &svc->sealed_, &svc->secret_, at, c->bytes,
                                                 on_written, svc);
}

static lp_err_t begin(lp_svc_atca_change_t *svc, lp_atecc_t *chip)
{
    switch (svc->change_.kind) {
    case LP_ATCA_SET_CONFIG:
        return lp_atecc_config_write(chip, &svc->config_op_, svc->change_.bytes, on_last, svc);
    case LP_ATCA_LOCK_CONFIG:
        memcpy(svc->change_.bytes, svc->chip_->id_.config, LP_ATECC_CONFIG_LEN);
        return lp_atecc_config_write(chip, &svc->config_op_, svc->change_.bytes,
                                     on_verified_for_lock, svc);
    case LP_ATCA_LOCK_DATA:
        return lock_data(svc, chip);
    case LP_ATCA_LOCK_SLOT:
        return lp_atecc_lock_slot(chip, &svc->one_, svc->change_.slot, on_last, svc);
    case LP_ATCA_SET_KEY:
        return set_key(svc, chip);
    case LP_ATCA_GEN_KEY:
        break;
    }
    return lp_svc_chip_make_key(svc->chip_, svc->change_.slot, svc->back_, &svc->is_new_, on_last,
                                svc);
}

void lp_atca_act(lp_svc_atca_change_t *svc, lp_atecc_done_fn *done)
{
    svc->done_ = done;
    svc->checked_ = "none";
    memset(&svc->sealed_, 0, sizeof svc->sealed_);
    memset(&svc->config_op_, 0, sizeof svc->config_op_);
    start(svc, begin(svc, lp_svc_chip_driver(svc->chip_)));
}
