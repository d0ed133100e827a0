// SPDX-License-Identifier: Apache-2.0
// Each method takes the turn; for a key in the chip it looks first which chip is there.
#include "limpet/svc_identity.h"

#include <string.h>

#include "limpet/keyflash.h"
#include "limpet/log.h"
#include "limpet/settings.h"
#include "limpet/sha256.h"

#define LOG_MODULE "identity"

static lp_rpc_req_t *finish(lp_svc_identity_t *svc)
{
    lp_rpc_req_t *req = svc->req_;
    svc->req_ = NULL;
    lp_turn_give(svc->s_.turn, &svc->ticket_);
    return req;
}

static void fail(lp_svc_identity_t *svc, lp_err_t err, const char *what)
{
    lp_rpc_fail(finish(svc), err, "%s: %s (%s)", svc->key_, what, lp_err_text(err));
}

// -- Identity.Info

static void put_public_key(lp_json_writer_t *w, const uint8_t *key)
{
    lp_json_put_key(w, "public_key");
    if (key != NULL) {
        lp_json_put_hex(w, lp_span(key, LP_KEY_PUBLIC_BYTES));
    } else {
        lp_json_put_null(w);
    }
}

static void answer_info(lp_svc_identity_t *svc, lp_err_t err)
{
    lp_identity_cert_t cert;
    lp_identity_read_cert(svc->s_.config, &cert);
    const bool exists = err == LP_OK;
    lp_rpc_req_t *req = finish(svc);
    lp_json_writer_t *w = lp_rpc_result(req);
    lp_json_put_object(w);
    lp_json_put_key(w, "key");
    lp_json_put_str(w, svc->key_);
    lp_json_put_key(w, "source");
    lp_json_put_str(w, exists ? lp_key_place_name(svc->id_.place) : "none");
    lp_json_put_key(w, "exists");
    lp_json_put_bool(w, exists);
    put_public_key(w, exists ? svc->op_.out : NULL);
    lp_json_put_key(w, "cert_id");
    if (cert.exists) {
        lp_json_put_str(w, cert.id);
    } else {
        lp_json_put_null(w);
    }
    lp_json_put_key(w, "is_match");
    lp_json_put_bool(w, exists && lp_identity_is_match(&cert, svc->op_.out));
    lp_json_put_key(w, "why"); // there is no key
    if (exists) {
        lp_json_put_null(w);
    } else {
        lp_json_put_str(w, lp_err_text(err));
    }
    lp_json_put_object_end(w);
    lp_rpc_done(req);
}

// -- Identity.GenKey

static void answer_genkey(lp_svc_identity_t *svc, const uint8_t *public_key, bool is_new)
{
    LP_LOGI("%s: %s", svc->key_, is_new ? "a new key was made" : "the key that is there is used");
    lp_rpc_req_t *req = finish(svc);
    lp_json_writer_t *w = lp_rpc_result(req);
    lp_json_put_object(w);
    lp_json_put_key(w, "key");
    lp_json_put_str(w, svc->key_);
    put_public_key(w, public_key);
    lp_json_put_key(w, "is_new");
    lp_json_put_bool(w, is_new);
    lp_json_put_object_end(w);
    lp_rpc_done(req);
}

static void on_chip_key(void *ctx, lp_err_t err)
{
    lp_svc_identity_t *svc = ctx;
    if (err != LP_OK) {
        fail(svc, err,
             err == LP_E_STATE ? "first lock the chip's configuration" : "the chip made no key");
        return;
    }
    answer_genkey(svc, svc->op_.out, svc->is_new_);
}

static void on_flash_key(void *ctx, lp_err_t err)
{
    lp_svc_identity_t *svc = ctx;
    if (err != LP_OK) {
        fail(svc, err, "no software key was made");
        return;
    }
    answer_genkey(svc, svc->op_.out, svc->op_.kind == LP_KEY_OP_GENERATE);
}

static void start_op(lp_svc_identity_t *svc, lp_key_op_kind_t kind, lp_key_done_fn *done)
{
    svc->op_.kind = kind;
    svc->op_.id = svc->id_;
    svc->op_.done = done;
    svc->op_.ctx = svc;
    const lp_err_t err = lp_keystore_start(svc->s_.keys, &svc->op_);
    if (err != LP_OK) {
        fail(svc, err, "the key cannot be used");
    }
}

static void generate_in_flash(lp_svc_identity_t *svc)
{
    const bool keeps = lp_keyflash_has(svc->s_.store, svc->id_.name) && !svc->replaces_;
    if (!keeps) {
        LP_LOGW("making a software key: whoever can read this board's flash can copy it");
    }
    start_op(svc, keeps ? LP_KEY_OP_PUBLIC : LP_KEY_OP_GENERATE, on_flash_key);
}

static void generate_in_chip(lp_svc_identity_t *svc)
{
    if (!lp_svc_chip_is_serial(svc->s_.chip, svc->confirm_)) {
        fail(svc, LP_E_DENIED, "confirm must be the serial number of this chip; nothing was done");
        return;
    }
    const lp_err_t err = lp_svc_chip_make_key(svc->s_.chip, svc->id_.slot, svc->op_.out,
                                              &svc->is_new_, on_chip_key, svc);
    if (err != LP_OK) {
        fail(svc, err, "the chip made no key");
    }
}

// -- Identity.Csr

static void answer_csr(lp_svc_identity_t *svc)
{
    uint8_t der[LP_CSR_MAX];
    uint8_t pem[LP_PEM_LEN(LP_CSR_MAX, sizeof "CERTIFICATE REQUEST")];
    lp_buf_t out = lp_buf(der, sizeof der);
    lp_buf_t text = lp_buf(pem, sizeof pem);
    lp_err_t err = lp_csr_finish(&out, lp_span(svc->tbs_, svc->tbs_len_), svc->op_.out);
    if (err == LP_OK) {
        err = lp_pem_encode(&text, "CERTIFICATE REQUEST", lp_buf_span(&out));
    }
    if (err != LP_OK) {
        fail(svc, err, "no request was made");
        return;
    }
    lp_rpc_req_t *req = finish(svc);
    lp_json_writer_t *w = lp_rpc_result(req);
    lp_json_put_object(w);
    lp_json_put_key(w, "csr");
    lp_json_put_span(w, lp_buf_span(&text));
    lp_json_put_object_end(w);
    lp_rpc_done(req);
}

static void on_signed(void *ctx, lp_err_t err)
{
    lp_svc_identity_t *svc = ctx;
    if (err != LP_OK) {
        fail(svc, err, "the key did not sign the request");
        return;
    }
    answer_csr(svc);
}

static void on_public_for_csr(void *ctx, lp_err_t err)
{
    lp_svc_identity_t *svc = ctx;
    if (err != LP_OK) {
        fail(svc, err, "there is no key to make a request for; Identity.GenKey makes one");
        return;
    }
    lp_buf_t tbs = lp_buf(svc->tbs_, sizeof svc->tbs_);
    const lp_csr_t csr = {.common_name = lp_span_str(svc->cn_), .point = svc->op_.out};
    err = lp_csr_build(&tbs, &csr);
    if (err != LP_OK) {
        fail(svc, err, "cn must be a name of 1 to 64 characters");
        return;
    }
    svc->tbs_len_ = tbs.len;
    lp_sha256(lp_buf_span(&tbs), svc->op_.in);
    start_op(svc, LP_KEY_OP_SIGN, on_signed);
}

// -- the way in

static void on_public_for_info(void *ctx, lp_err_t err)
{
    answer_info(ctx, err);
}

static void work(lp_svc_identity_t *svc)
{
    switch (svc->job_) {
    case LP_SVC_IDENTITY_INFO:
        start_op(svc, LP_KEY_OP_PUBLIC, on_public_for_info);
        break;
    case LP_SVC_IDENTITY_GENKEY:
        if (svc->id_.place == LP_KEY_IN_CHIP) {
            generate_in_chip(svc);
        } else {
            generate_in_flash(svc);
        }
        break;
    case LP_SVC_IDENTITY_CSR:
        start_op(svc, LP_KEY_OP_PUBLIC, on_public_for_csr);
        break;
    }
}

static void on_looked(void *ctx, lp_err_t err)
{
    lp_svc_identity_t *svc = ctx;
    if (err == LP_OK) {
        work(svc);
    } else if (svc->job_ == LP_SVC_IDENTITY_INFO) {
        answer_info(svc, err);
    } else {
        fail(svc, err, "no chip can be used");
    }
}

static void on_turn(void *ctx)
{
    lp_svc_identity_t *svc = ctx;
    if (svc->id_.place != LP_KEY_IN_CHIP) {
        work(svc);
        return;
    }
    const lp_err_t err = lp_svc_chip_check(svc->s_.chip, on_looked, svc);
    if (err != LP_OK) {
        on_looked(svc, err);
    }
}

// Reads `key` (by default the configured one). false: it was answered already.
static bool read_key(lp_svc_identity_t *svc, lp_rpc_req_t *req)
{
    if (svc->req_ != NULL) {
        lp_rpc_fail(req, LP_E_BUSY, "another Identity method is under way");
        return false;
    }
    char text[sizeof svc->key_];
    const lp_err_t err = lp_rpc_param_str(req, "key", text, sizeof text);
    if (err == LP_E_NOT_FOUND) {
        (void)lp_fmt_str(text, sizeof text, "%s", lp_setting_identity_key(svc->s_.config));
    }
    if ((err != LP_OK && err != LP_E_NOT_FOUND) || lp_key_id_parse(text, &svc->id_) != LP_OK) {
        lp_rpc_fail(req, LP_E_INVALID, "key: atca:0 to atca:15, or file:NAME");
        return false;
    }
    memcpy(svc->key_, text, sizeof text);
    return true;
}

static void begin(lp_svc_identity_t *svc, lp_rpc_req_t *req, lp_svc_identity_job_t job)
{
    svc->job_ = job;
    svc->req_ = req;
    lp_turn_take(svc->s_.turn, &svc->ticket_, on_turn, svc);
}

static void rpc_info(void *ctx, lp_rpc_req_t *req)
{
    if (read_key(ctx, req)) {
        begin(ctx, req, LP_SVC_IDENTITY_INFO);
    }
}

static bool has_certificate_for(const lp_svc_identity_t *svc)
{
    return strcmp(svc->key_, lp_setting_identity_key(svc->s_.config)) == 0 &&
           lp_config_len(svc->s_.config, "identity.cert") > 0;
}

static void rpc_genkey(void *ctx, lp_rpc_req_t *req)
{
    lp_svc_identity_t *svc = ctx;
    bool replaces = false;
    if (!read_key(svc, req)) {
        return;
    }
    if (lp_rpc_param_bool(req, "replace", false, &replaces) != LP_OK) {
        lp_rpc_fail(req, LP_E_INVALID, "replace: true or false");
        return;
    }
    if (has_certificate_for(svc) && !replaces) {
        lp_rpc_fail(req, LP_E_EXISTS,
                    "%s has a certificate, which a new key would make useless; "
                    "replace: true does it all the same",
                    svc->key_);
        return;
    }
    svc->replaces_ = replaces;
    svc->confirm_[0] = '\0';
    (void)lp_rpc_param_str(req, "confirm", svc->confirm_, sizeof svc->confirm_);
    begin(svc, req, LP_SVC_IDENTITY_GENKEY);
}

static void rpc_csr(void *ctx, lp_rpc_req_t *req)
{
    lp_svc_identity_t *svc = ctx;
    if (!read_key(svc, req)) {
        return;
    }
    const lp_err_t err = lp_rpc_param_str(req, "cn", svc->cn_, sizeof svc->cn_);
    if (err == LP_E_NOT_FOUND) {
        (void)lp_fmt_str(svc->cn_, sizeof svc->cn_, "%s", lp_setting_device_id(svc->s_.config));
    } else if (err != LP_OK) {
        lp_rpc_fail(req, LP_E_INVALID, "cn: a name of 1 to 64 bytes");
        return;
    }
    begin(svc, req, LP_SVC_IDENTITY_CSR);
}

static const lp_rpc_method_t methods[] = {
    {"Identity.Info", LP_RPC_READ, rpc_info, "key (default: identity.key)",
     "{key, source, exists, public_key, cert_id, is_match, why}"},
    {"Identity.GenKey", LP_RPC_CHIP, rpc_genkey, "key, confirm: serial (chip), replace: bool",
     "{key, public_key, is_new}"},
    {"Identity.Csr", LP_RPC_READ, rpc_csr, "key, cn", "{csr: PEM}"},
};

void lp_svc_identity_init(lp_svc_identity_t *svc, const lp_svc_identity_setup_t *setup)
{
    memset(svc, 0, sizeof *svc);
    svc->s_ = *setup;
    svc->set_ =
        (lp_rpc_set_t){.methods = methods, .count = sizeof methods / sizeof methods[0], .ctx = svc};
    lp_rpc_add(setup->rpc, &svc->set_);
}
