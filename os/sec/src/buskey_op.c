// SPDX-License-Identifier: Apache-2.0
// Check and bind. What is locked in the chip and what is on the flash decide together:
//
//   record of this chip | slot 6 open           | slot 6 locked
//   no                  | NONE                  | LOST
//   yes                 | UNFINISHED            | proof good: SEALED, else REFUTED
//
//   bind:  (make, save MADE) -> write -> prove -> lock -> prove -> save BOUND
//                                        from here `-> prove -> save BOUND, when locked already
//
// A record is on the flash before the chip sees the key, so a cut between any two steps leaves one
// of the rows above, and bind goes on from there.
#include <string.h>

#include "limpet/buskey.h"
#include "limpet/port/system.h"
#include "limpet/sha256.h"

enum { AT_SLOT_LOCKED = 88 };

enum phase { RANDOM, WRITE, PROVE_OPEN, LOCK, PROVE };

static void complete(lp_buskey_op_t *op, lp_err_t err)
{
    if (err != LP_OK || op->state != LP_BUSKEY_SEALED) {
        lp_wipe(&op->record, sizeof op->record);
    }
    lp_wipe(op->random_, sizeof op->random_);
    op->done_(op->ctx_, err);
}

// -- the key

static lp_err_t make(lp_buskey_op_t *op)
{
    static const char label[] = "limpet bus key";
    uint8_t own[32];
    const lp_err_t err = lp_port_entropy(own, sizeof own);
    if (err != LP_OK) {
        return err;
    }
    // Each half alone would do: neither a poor generator of the board nor a liar on the bus
    // decides.
    lp_sha256_t h;
    lp_sha256_init(&h);
    lp_sha256_update(&h, lp_span(label, sizeof label));
    lp_sha256_update(&h, lp_span(own, sizeof own));
    lp_sha256_update(&h, lp_span(op->random_, sizeof op->random_));
    lp_sha256_update(&h, lp_span(op->record.serial, sizeof op->record.serial));
    lp_sha256_final(&h, op->record.key);
    lp_wipe(own, sizeof own);
    op->record.stage = LP_BUSKEY_MADE;
    return lp_buskey_save(op->store_, &op->record);
}

// -- the steps

static void on_done(void *ctx, lp_err_t err);

static lp_err_t prove(lp_buskey_op_t *op)
{
    const lp_err_t err = lp_port_entropy(op->num_in_, sizeof op->num_in_);
    const lp_atecc_secret_t secret = {.slot = LP_ATECC_SLOT_BUS_KEY,
                                      .key = op->record.key,
                                      .serial = op->record.serial,
                                      .num_in = op->num_in_};
    return err != LP_OK ? err : lp_atecc_prove(op->chip_, &op->sealed_, &secret, on_done, op);
}

static lp_err_t start_phase(lp_buskey_op_t *op)
{
    static const lp_atecc_at_t at = {.zone = LP_ATECC_DATA, .slot = LP_ATECC_SLOT_BUS_KEY};
    switch ((enum phase)op->phase_) {
    case RANDOM:
        return lp_atecc_random(op->chip_, &op->req_, op->random_, on_done, op);
    case WRITE:
        return lp_atecc_write(op->chip_, &op->req_, at,
                              lp_span(op->record.key, sizeof op->record.key), true, on_done, op);
    case PROVE_OPEN:
    case PROVE:
        return prove(op);
    case LOCK:
        return lp_atecc_lock_slot(op->chip_, &op->req_, LP_ATECC_SLOT_BUS_KEY, on_done, op);
    }
    return LP_OK;
}

static void run(lp_buskey_op_t *op)
{
    const lp_err_t err = start_phase(op);
    if (err != LP_OK) {
        complete(op, err);
    }
}

// A bound board whose flash does not take this last word is told so at the next check.
static void end(lp_buskey_op_t *op)
{
    op->state = LP_BUSKEY_SEALED;
    lp_err_t err = LP_OK;
    if (op->record.stage != LP_BUSKEY_BOUND) {
        op->record.stage = LP_BUSKEY_BOUND;
        err = lp_buskey_save(op->store_, &op->record);
    }
    complete(op, op->is_bind_ ? err : LP_OK);
}

// Nothing but the proof itself says that the chip has another key; the rest may be the wires.
static void on_refuted(lp_buskey_op_t *op)
{
    if (!op->is_bind_) {
        op->state = LP_BUSKEY_REFUTED;
        complete(op, LP_OK);
        return;
    }
    complete(op, op->is_locked_ ? LP_E_EXISTS : LP_E_CHIP_MISMATCH);
}

static void on_done(void *ctx, lp_err_t err)
{
    lp_buskey_op_t *op = ctx;
    const enum phase phase = (enum phase)op->phase_++;
    const bool is_proof = phase == PROVE_OPEN || phase == PROVE;
    if (err == LP_E_CHIP_MISMATCH && is_proof) {
        on_refuted(op);
        return;
    }
    if (err == LP_OK && phase == RANDOM) {
        err = make(op);
    }
    if (err != LP_OK) {
        complete(op, err);
    } else if (phase == PROVE) {
        end(op);
    } else {
        run(op);
    }
}

// -- where to begin

bool lp_buskey_is_open(const lp_atecc_id_t *id)
{
    return (id->config[AT_SLOT_LOCKED] >> LP_ATECC_SLOT_BUS_KEY & 1u) != 0;
}

static bool has_plan(const lp_atecc_id_t *id)
{
    return id->variant == LP_ATECC_LIMPET && id->is_config_locked && id->is_data_locked;
}

// LP_OK with record and state: what flash and locks say, before any proof. All that `id` says came
// over the bus, so nothing in it can talk a board out of a key that it has.
static lp_err_t look(lp_buskey_op_t *op, const lp_atecc_id_t *id)
{
    const lp_err_t err = lp_buskey_load(op->store_, &op->record);
    if (err != LP_OK && err != LP_E_NOT_FOUND && err != LP_E_FORMAT) {
        return err;
    }
    const bool has_record = err == LP_OK;
    const bool is_ours =
        has_record && memcmp(op->record.serial, id->serial, sizeof op->record.serial) == 0;
    op->is_locked_ = has_plan(id) && !lp_buskey_is_open(id);
    if (is_ours) {
        op->state = op->is_locked_ || op->record.stage == LP_BUSKEY_BOUND ? LP_BUSKEY_SEALED
                                                                          : LP_BUSKEY_UNFINISHED;
    } else if (has_record) {
        op->state = LP_BUSKEY_OTHER_CHIP;
    } else {
        op->state = op->is_locked_ ? LP_BUSKEY_LOST : LP_BUSKEY_NONE;
    }
    if (!is_ours) {
        lp_wipe(&op->record, sizeof op->record);
        memcpy(op->record.serial, id->serial, sizeof op->record.serial);
    }
    return LP_OK;
}

static lp_err_t begin(lp_buskey_op_t *op, lp_atecc_t *chip, lp_store_t *store,
                      const lp_atecc_id_t *id)
{
    op->state = LP_BUSKEY_NONE;
    op->chip_ = chip;
    op->store_ = store;
    return look(op, id);
}

void lp_buskey_check(lp_buskey_op_t *op, lp_atecc_t *chip, lp_store_t *store,
                     const lp_atecc_id_t *id, lp_atecc_done_fn *done, void *ctx)
{
    op->done_ = done;
    op->ctx_ = ctx;
    op->is_bind_ = false;
    const lp_err_t err = begin(op, chip, store, id);
    if (err == LP_OK && op->state == LP_BUSKEY_SEALED) {
        op->phase_ = PROVE;
        run(op);
        return;
    }
    complete(op, err);
}

void lp_buskey_bind(lp_buskey_op_t *op, lp_atecc_t *chip, lp_store_t *store,
                    const lp_atecc_id_t *id, lp_atecc_done_fn *done, void *ctx)
{
    op->done_ = done;
    op->ctx_ = ctx;
    op->is_bind_ = true;
    lp_err_t err = has_plan(id) ? begin(op, chip, store, id) : LP_E_UNSUPPORTED;
    const bool is_ours = op->state == LP_BUSKEY_SEALED || op->state == LP_BUSKEY_UNFINISHED;
    if (err == LP_OK && op->is_locked_ && !is_ours) {
        err = LP_E_EXISTS;
    }
    if (err != LP_OK) {
        complete(op, err);
        return;
    }
    op->phase_ = op->is_locked_ ? PROVE : is_ours ? WRITE : RANDOM;
    run(op);
}
