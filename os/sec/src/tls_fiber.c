// SPDX-License-Identifier: Apache-2.0
// The engine: what all connections share. One handshake at a time runs on a stack of its own; where
// it must wait (for bytes, for a key) it yields to the loop, and an event of the loop brings it
// back.
//
//   IDLE --begin--> RUNNING --resume--> (fiber runs) --yield--> RUNNING
//                      |                     '------returns---> IDLE
//                      '--abort: every wait fails at once, the fiber unwinds and returns
//
// An operation of a key cannot be taken back once the chip has it, so it belongs to the engine, not
// to the fiber's stack: after an abort it ends in its own time and the next handshake waits for it
// first.
#include <string.h>

#include "limpet/fmt.h"
#include "limpet/port/clock.h"
#include "tls_internal.h"

enum { PAINT = 0xA5, STACK_MIN = 4096, GUARD_BYTES = 32 };

static struct {
    bool is_ready;
    lp_tls_setup_t setup;
    int connections;

    lp_fiber_t fiber;
    lp_tls_t *owner;
    bool is_aborted;
    lp_err_t result;
    size_t stack_peak; // of handshakes that are over

    lp_key_op_t op;
    lp_key_check_t check; // of that operation, when it is LP_KEY_OP_VERIFY
    bool is_op_running;
    lp_err_t op_err;

    bool is_public_known;
    lp_key_id_t public_id;
    uint32_t public_changes;
    uint8_t public_key[LP_KEY_PUBLIC_BYTES];
} engine;

lp_err_t lp_tls_init(const lp_tls_setup_t *setup)
{
    if (setup->loop == NULL || setup->keys == NULL || setup->arena == NULL ||
        setup->stack == NULL) {
        return LP_E_INVALID;
    }
    if (engine.is_ready) {
        return LP_E_STATE;
    }
    lp_err_t err = setup->stack_bytes < STACK_MIN
                       ? LP_E_NOSPACE
                       : lp_arena_init(&lp_tls_arena, setup->arena, setup->arena_bytes);
    if (err == LP_OK) {
        err = lp_tls_rng_init();
    }
    if (err != LP_OK) {
        return err;
    }
    err = lp_tls_library_init();
    if (err != LP_OK) {
        lp_tls_rng_deinit();
        return err;
    }
    if (setup->loan == NULL) {
        memset(setup->stack, PAINT, setup->stack_bytes);
    }
    memset(&engine, 0, sizeof engine);
    engine.setup = *setup;
    engine.is_ready = true;
    lp_tls_resume_init(setup->session, setup->session_bytes, setup->ticket_bytes);
    return LP_OK;
}

lp_err_t lp_tls_deinit(void)
{
    if (engine.connections > 0 || engine.is_op_running) {
        return LP_E_BUSY;
    }
    if (engine.is_ready) {
        lp_tls_resume_deinit();
        lp_tls_library_deinit();
        lp_tls_rng_deinit();
        if (engine.setup.loan == NULL) {
            lp_wipe(engine.setup.stack, engine.setup.stack_bytes);
        }
        lp_wipe(&engine, sizeof engine);
    }
    return LP_OK;
}

// A stack that is lent is painted anew for each handshake, so what the last ones needed is kept.
static bool is_stack_ours(void)
{
    return engine.setup.loan == NULL || engine.owner != NULL;
}

// Stacks grow downwards on every port: what is still painted at the low end was never used.
static size_t stack_peak(void)
{
    const uint8_t *low = engine.setup.stack;
    size_t untouched = 0;
    if (!is_stack_ours()) {
        return engine.stack_peak;
    }
    while (untouched < engine.setup.stack_bytes && low[untouched] == PAINT) {
        untouched++;
    }
    const size_t used = engine.setup.stack_bytes - untouched;
    return used > engine.stack_peak ? used : engine.stack_peak;
}

static lp_err_t take_stack(void)
{
    lp_loan_t *loan = engine.setup.loan;
    if (loan != NULL) {
        if (lp_loan_take(loan, &engine, NULL) == NULL) {
            return LP_E_BUSY;
        }
        memset(engine.setup.stack, PAINT, engine.setup.stack_bytes);
    }
    return LP_OK;
}

static void give_stack(void)
{
    engine.stack_peak = stack_peak();
    if (engine.setup.loan != NULL) {
        lp_loan_give(engine.setup.loan, &engine);
    }
}

void lp_tls_memory(lp_tls_memory_t *memory)
{
    *memory = (lp_tls_memory_t){0};
    if (engine.is_ready) {
        memory->arena_bytes = engine.setup.arena_bytes;
        memory->arena_used = lp_tls_arena.used;
        memory->arena_peak = lp_tls_arena.peak;
        memory->arena_lent = lp_tls_arena.lent;
        memory->stack_bytes = engine.setup.stack_bytes;
        memory->stack_peak = stack_peak();
    }
}

void *lp_tls_borrow(size_t bytes)
{
    return engine.is_ready ? lp_arena_lend(&lp_tls_arena, bytes) : NULL;
}

void lp_tls_give_back(void *memory)
{
    lp_arena_give_back(&lp_tls_arena, memory);
}

bool lp_tls_engine_is_ready(void)
{
    return engine.is_ready;
}

lp_loop_t *lp_tls_engine_loop(void)
{
    return engine.setup.loop;
}

uint32_t lp_tls_engine_key_changes(void)
{
    return engine.setup.keys->changes;
}

bool lp_tls_engine_has_chip(void)
{
    return lp_keystore_has_chip(engine.setup.keys);
}

lp_key_seal_t lp_tls_engine_seal(void)
{
    return lp_keystore_seal(engine.setup.keys);
}

bool lp_tls_engine_proves_checks(void)
{
    return lp_keystore_proves_checks(engine.setup.keys);
}

lp_tls_t *lp_tls_engine_owner(void)
{
    return engine.owner;
}

void lp_tls_engine_count(int open_connections)
{
    engine.connections += open_connections;
}

// What was written below the stack's end is lost already; better to know than to go on.
static bool is_stack_used_up(void)
{
    const uint8_t *low = engine.setup.stack;
    for (size_t i = 0; i < GUARD_BYTES; i++) {
        if (low[i] != PAINT) {
            return true;
        }
    }
    return false;
}

static void entry(void *ctx)
{
    engine.result = lp_tls_session_handshake(ctx);
}

lp_err_t lp_tls_engine_begin(lp_tls_t *tls)
{
    if (engine.owner != NULL) {
        return LP_E_BUSY;
    }
    lp_err_t err = take_stack();
    if (err != LP_OK) {
        (void)lp_fmt_str(tls->report_.detail, sizeof tls->report_.detail,
                         "its memory is in use for something else");
        return err;
    }
    engine.owner = tls;
    err =
        lp_port_fiber_init(&engine.fiber, entry, tls, engine.setup.stack, engine.setup.stack_bytes);
    if (err == LP_OK) {
        engine.is_aborted = false;
        engine.result = LP_E_STATE;
    } else {
        give_stack();
        engine.owner = NULL;
    }
    return err;
}

bool lp_tls_engine_resume(lp_tls_t *tls, lp_err_t *err)
{
    if (engine.owner != tls) {
        return false;
    }
    lp_port_fiber_resume(&engine.fiber);
    if (!engine.fiber.is_done) {
        return false;
    }
    lp_port_fiber_deinit(&engine.fiber);
    const bool is_used_up = is_stack_used_up();
    give_stack();
    engine.owner = NULL;
    *err = engine.result;
    if (is_used_up) {
        (void)lp_fmt_str(tls->report_.detail, sizeof tls->report_.detail,
                         "the handshake's stack of %u bytes is too small",
                         (unsigned)engine.setup.stack_bytes);
        *err = LP_E_NOSPACE;
    }
    return true;
}

void lp_tls_engine_abort(lp_tls_t *tls)
{
    lp_err_t err;
    if (engine.owner == tls) {
        engine.is_aborted = true;
        while (!lp_tls_engine_resume(tls, &err)) {
        }
    }
}

bool lp_tls_engine_wait(void)
{
    if (!engine.is_aborted) {
        lp_port_fiber_yield();
    }
    return !engine.is_aborted;
}

bool lp_tls_engine_breathe(void)
{
    if (!engine.is_aborted) {
        lp_loop_post(engine.setup.loop, &engine.owner->event_);
    }
    return lp_tls_engine_wait();
}

static void on_op_done(void *ctx, lp_err_t err)
{
    (void)ctx;
    engine.is_op_running = false;
    engine.op_err = err;
    if (engine.owner != NULL) {
        lp_loop_post(engine.setup.loop, &engine.owner->event_);
    } else {
        lp_wipe(engine.op.out, sizeof engine.op.out);
    }
}

bool lp_tls_engine_waits_for_key(void)
{
    return engine.is_op_running;
}

static lp_err_t wait_for_op(void)
{
    while (engine.is_op_running) {
        if (!lp_tls_engine_wait()) {
            return LP_E_CANCELED;
        }
    }
    return LP_OK;
}

static lp_err_t start_op(lp_key_op_kind_t kind, lp_key_id_t id, const uint8_t *in, size_t in_len)
{
    engine.op = (lp_key_op_t){.kind = kind, .id = id, .check = &engine.check, .done = on_op_done};
    if (kind == LP_KEY_OP_VERIFY) {
        memcpy(&engine.check, in + LP_KEY_DIGEST_BYTES, sizeof engine.check);
        in_len = LP_KEY_DIGEST_BYTES;
    }
    if (in_len > 0) {
        memcpy(engine.op.in, in, in_len);
    }
    lp_err_t err = lp_keystore_start(engine.setup.keys, &engine.op);
    engine.is_op_running = err == LP_OK;
    return err;
}

static lp_tls_use_t use_of(lp_key_op_kind_t kind)
{
    switch (kind) {
    case LP_KEY_OP_RANDOM:
        return LP_TLS_USE_RANDOM;
    case LP_KEY_OP_PUBLIC:
    case LP_KEY_OP_GENERATE:
        return LP_TLS_USE_PUBLIC;
    case LP_KEY_OP_SIGN:
        return LP_TLS_USE_SIGN;
    case LP_KEY_OP_ECDHE_GENERATE:
    case LP_KEY_OP_ECDHE_SEALED:
    case LP_KEY_OP_ECDHE_AGREE:
        return LP_TLS_USE_ECDHE;
    case LP_KEY_OP_VERIFY:
        return LP_TLS_USE_VERIFY;
    }
    return LP_TLS_USE_SIGN;
}

static lp_err_t run_op(lp_key_op_kind_t kind, lp_key_id_t id, const uint8_t *in, size_t in_len)
{
    lp_err_t err = wait_for_op(); // one that an aborted handshake left behind
    if (err == LP_OK) {
        err = start_op(kind, id, in, in_len);
    }
    if (err == LP_OK) {
        err = wait_for_op();
    }
    return err == LP_OK ? engine.op_err : err;
}

lp_err_t lp_tls_engine_key(lp_key_op_kind_t kind, lp_key_id_t id, const uint8_t *in, size_t in_len,
                           uint8_t *out, size_t out_len)
{
    if (engine.owner == NULL || lp_port_fiber_current() != &engine.fiber) {
        return LP_E_STATE;
    }
    uint64_t started_ms = lp_port_now_ms();
    lp_err_t err = run_op(kind, id, in, in_len);
    if (!engine.is_op_running) {
        if (err == LP_OK && out_len > 0) {
            memcpy(out, engine.op.out, out_len);
        }
        lp_wipe(engine.op.out, sizeof engine.op.out);
    }
    engine.owner->report_.chip_ms += (uint32_t)(lp_port_now_ms() - started_ms);
    if (err != LP_OK && err != LP_E_CANCELED && err != LP_E_CHIP_MISMATCH) {
        lp_tls_session_key_failed(engine.owner, use_of(kind), err);
    }
    return err;
}

lp_err_t lp_tls_engine_verify(const uint8_t digest[LP_KEY_DIGEST_BYTES],
                              const lp_key_check_t *check)
{
    lp_key_id_t chip = {.place = LP_KEY_IN_CHIP};
    uint8_t in[LP_KEY_DIGEST_BYTES + sizeof *check];
    memcpy(in, digest, LP_KEY_DIGEST_BYTES);
    memcpy(in + LP_KEY_DIGEST_BYTES, check, sizeof *check);
    return lp_tls_engine_key(LP_KEY_OP_VERIFY, chip, in, sizeof in, NULL, 0);
}

static bool is_public_of(lp_key_id_t id)
{
    return engine.is_public_known && engine.public_changes == engine.setup.keys->changes &&
           engine.public_id.place == id.place && engine.public_id.slot == id.slot &&
           strcmp(engine.public_id.name, id.name) == 0;
}

lp_err_t lp_tls_engine_public(lp_key_id_t id, uint8_t pub[LP_KEY_PUBLIC_BYTES])
{
    if (!is_public_of(id)) {
        uint32_t changes = engine.setup.keys->changes;
        lp_err_t err = lp_tls_engine_key(LP_KEY_OP_PUBLIC, id, NULL, 0, engine.public_key,
                                         sizeof engine.public_key);
        engine.is_public_known = err == LP_OK;
        if (err != LP_OK) {
            return err;
        }
        engine.public_id = id;
        engine.public_changes = changes;
    }
    memcpy(pub, engine.public_key, LP_KEY_PUBLIC_BYTES);
    return LP_OK;
}
