// SPDX-License-Identifier: Apache-2.0
// Software P-256 keys. A key is in RAM only for the moment in which it is made or used.
#include <psa/crypto.h>
#include <string.h>

#include "limpet/keyfile.h"
#include "limpet/span.h"
#include "tls_internal.h"

enum { POINT_BYTES = 1 + LP_KEY_PUBLIC_BYTES };

static void set_kind(psa_key_attributes_t *attributes)
{
    psa_set_key_type(attributes, PSA_KEY_TYPE_ECC_KEY_PAIR(PSA_ECC_FAMILY_SECP_R1));
    psa_set_key_bits(attributes, 256);
    psa_set_key_usage_flags(attributes, PSA_KEY_USAGE_SIGN_HASH | PSA_KEY_USAGE_EXPORT);
    psa_set_key_algorithm(attributes, PSA_ALG_ECDSA(PSA_ALG_SHA_256));
}

static lp_err_t error_of(psa_status_t status)
{
    if (status == PSA_SUCCESS) {
        return LP_OK;
    }
    return status == PSA_ERROR_INSUFFICIENT_MEMORY ? LP_E_NOSPACE : LP_E_IO;
}

static lp_err_t load(const lp_keyfile_io_t *io, const char *name, psa_key_id_t *key)
{
    uint8_t bytes[LP_KEY_SECRET_BYTES];
    lp_err_t err = io->load(io->ctx, name, bytes);
    if (err == LP_OK) {
        psa_key_attributes_t attributes = PSA_KEY_ATTRIBUTES_INIT;
        set_kind(&attributes);
        psa_status_t status = psa_import_key(&attributes, bytes, sizeof bytes, key);
        err = status == PSA_ERROR_INVALID_ARGUMENT ? LP_E_FORMAT : error_of(status);
    }
    lp_wipe(bytes, sizeof bytes);
    return err;
}

static lp_err_t export_public(psa_key_id_t key, uint8_t pub[LP_KEY_PUBLIC_BYTES])
{
    uint8_t point[POINT_BYTES];
    size_t len = 0;
    lp_err_t err = error_of(psa_export_public_key(key, point, sizeof point, &len));
    if (err == LP_OK) {
        memcpy(pub, point + 1, LP_KEY_PUBLIC_BYTES);
    }
    return err;
}

static lp_err_t save(const lp_keyfile_io_t *io, const char *name, psa_key_id_t key)
{
    uint8_t bytes[LP_KEY_SECRET_BYTES];
    size_t len = 0;
    lp_err_t err = error_of(psa_export_key(key, bytes, sizeof bytes, &len));
    if (err == LP_OK) {
        err = io->save(io->ctx, name, bytes);
    }
    lp_wipe(bytes, sizeof bytes);
    return err;
}

// The public half is computed before the private one is stored: nothing is replaced by half a key.
static lp_err_t generate(const lp_keyfile_io_t *io, lp_key_op_t *op)
{
    psa_key_attributes_t attributes = PSA_KEY_ATTRIBUTES_INIT;
    psa_key_id_t key = 0;
    set_kind(&attributes);
    lp_err_t err = lp_tls_rng_stir(lp_span(NULL, 0));
    if (err == LP_OK) {
        err = error_of(psa_generate_key(&attributes, &key));
    }
    if (err == LP_OK) {
        err = export_public(key, op->out);
    }
    if (err == LP_OK) {
        err = save(io, op->id.name, key);
    }
    (void)psa_destroy_key(key);
    return err;
}

static lp_err_t use(const lp_keyfile_io_t *io, lp_key_op_t *op)
{
    psa_key_id_t key = 0;
    size_t len = 0;
    lp_err_t err = load(io, op->id.name, &key);
    if (err != LP_OK) {
        return err;
    }
    if (op->kind == LP_KEY_OP_PUBLIC) {
        err = export_public(key, op->out);
    } else {
        err = error_of(psa_sign_hash(key, PSA_ALG_ECDSA(PSA_ALG_SHA_256), op->in,
                                     LP_KEY_DIGEST_BYTES, op->out, LP_KEY_SIGNATURE_BYTES, &len));
    }
    (void)psa_destroy_key(key);
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
