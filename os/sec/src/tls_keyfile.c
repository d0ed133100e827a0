// SPDX-License-Identifier: Apache-2.0
// Software P-256 keys. A key is in RAM only for the moment in which it is made or used.
#include "limpet/keyfile.h"
#include "limpet/p256.h"
#include "limpet/span.h"
#include "tls_internal.h"

static lp_err_t fill(uint8_t bytes[LP_KEY_SECRET_BYTES])
{
    return lp_tls_rng_fill(NULL, bytes, LP_KEY_SECRET_BYTES) == 0 ? LP_OK : LP_E_IO;
}

// A number that is no key comes once in 2^32; what is drawn again is not biased.
static lp_err_t draw(uint8_t key[LP_KEY_SECRET_BYTES])
{
    lp_err_t err;
    do {
        err = fill(key);
    } while (err == LP_OK && lp_p256_check_private(key) != LP_OK);
    return err;
}

// The public half is computed before the private one is stored: nothing is replaced by half a key.
static lp_err_t generate(const lp_keyfile_io_t *io, lp_key_op_t *op)
{
    uint8_t key[LP_KEY_SECRET_BYTES] = {0};
    lp_err_t err = lp_tls_rng_stir(lp_span(NULL, 0));
    if (err == LP_OK) {
        err = draw(key);
    }
    if (err == LP_OK) {
        err = lp_p256_public(key, op->out);
    }
    if (err == LP_OK) {
        err = io->save(io->ctx, op->id.name, key);
    }
    lp_wipe(key, sizeof key);
    return err;
}

static lp_err_t sign(const uint8_t key[LP_KEY_SECRET_BYTES], lp_key_op_t *op)
{
    uint8_t extra[LP_KEY_SECRET_BYTES];
    lp_err_t err = fill(extra);
    if (err == LP_OK) {
        err = lp_p256_sign(key, op->in, extra, sizeof extra, op->out);
    }
    lp_wipe(extra, sizeof extra);
    return err;
}

static lp_err_t use(const lp_keyfile_io_t *io, lp_key_op_t *op)
{
    uint8_t key[LP_KEY_SECRET_BYTES] = {0};
    lp_err_t err = io->load(io->ctx, op->id.name, key);
    if (err == LP_OK && lp_p256_check_private(key) != LP_OK) {
        err = LP_E_FORMAT;
    }
    if (err == LP_OK) {
        err = op->kind == LP_KEY_OP_PUBLIC ? lp_p256_public(key, op->out) : sign(key, op);
    }
    lp_wipe(key, sizeof key);
    return err;
}

static void on_event(void *ctx)
{
    lp_keyfile_t *files = ctx;
    lp_key_op_t *op = files->op_;
    lp_err_t err = op->kind == LP_KEY_OP_GENERATE ? generate(files->io_, op) : use(files->io_, op);
    files->op_ = NULL;
    files->done_(files->ctx_, err);
}

static lp_err_t start(lp_keyprov_t *prov, lp_key_op_t *op, lp_key_done_fn *done, void *ctx)
{
    lp_keyfile_t *files = (lp_keyfile_t *)prov;
    if (op->kind != LP_KEY_OP_PUBLIC && op->kind != LP_KEY_OP_GENERATE &&
        op->kind != LP_KEY_OP_SIGN) {
        return LP_E_UNSUPPORTED;
    }
    if (!lp_tls_engine_is_ready()) {
        return LP_E_STATE;
    }
    files->op_ = op;
    files->done_ = done;
    files->ctx_ = ctx;
    lp_loop_post(files->loop_, &files->event_);
    return LP_OK;
}

void lp_keyfile_init(lp_keyfile_t *files, lp_loop_t *loop, const lp_keyfile_io_t *io)
{
    static const lp_keyprov_ops_t ops = {.start = start};
    *files = (lp_keyfile_t){.prov = {.ops = &ops}, .loop_ = loop, .io_ = io};
    lp_event_init(&files->event_, on_event, files);
}
