// SPDX-License-Identifier: Apache-2.0
// Sealed.*: put, list and remove. Nothing reads a content over RPC.
#include <string.h>

#include "limpet/base64.h"
#include "limpet/fmt.h"
#include "svc_seal_internal.h"

static void on_put(void *ctx, lp_err_t err)
{
    lp_svc_seal_t *svc = ctx;
    lp_rpc_req_t *req = svc->req_;
    svc->req_ = NULL;
    lp_wipe(svc->rpc_plain_, sizeof svc->rpc_plain_);
    if (err == LP_OK) {
        lp_rpc_ok(req);
    } else {
        lp_rpc_fail(req, err, "%s was not sealed (%s); what was there before it counts", svc->name_,
                    lp_err_text(err));
    }
}

// Decodes the parameter `data` to svc->rpc_plain_.
static lp_err_t take_data(lp_svc_seal_t *svc, lp_rpc_req_t *req)
{
    char text[LP_BASE64_LEN(LP_SVC_SEAL_PLAIN_MAX) + 1];
    lp_buf_t out = lp_buf(svc->rpc_plain_, sizeof svc->rpc_plain_);
    lp_err_t err = lp_rpc_param_str(req, "data", text, sizeof text);
    if (err == LP_OK) {
        err = lp_base64_decode(&out, lp_span_str(text));
    }
    lp_wipe(text, sizeof text);
    svc->rpc_len_ = out.len;
    return err;
}

static void put(void *ctx, lp_rpc_req_t *req)
{
    lp_svc_seal_t *svc = ctx;
    char name[LP_SVC_SEAL_NAME_MAX] = "";
    if (svc->req_ != NULL) {
        lp_rpc_fail(req, LP_E_BUSY, "another Sealed.Put is under way");
        return;
    }
    (void)lp_rpc_param_str(req, "filename", name, sizeof name);
    lp_err_t err = take_data(svc, req);
    if (err != LP_OK) {
        lp_rpc_fail(req, err, "data: base64 of at most %d bytes is needed", LP_SVC_SEAL_PLAIN_MAX);
        return;
    }
    svc->req_ = req;
    err = lp_svc_seal_put(svc, name, lp_span(svc->rpc_plain_, svc->rpc_len_), on_put, svc);
    if (err != LP_OK) {
        svc->req_ = NULL;
        lp_wipe(svc->rpc_plain_, sizeof svc->rpc_plain_);
        lp_rpc_fail(req, err, "%s",
                    err == LP_E_INVALID ? "filename: 1 to 40 letters, digits and . _ - are needed"
                                        : "something else is being sealed or opened");
    }
}

static void put_entry(void *ctx, const char *name, uint32_t size_bytes)
{
    lp_json_writer_t *w = ctx;
    lp_json_put_object(w);
    lp_json_put_key(w, "name");
    lp_json_put_str(w, name);
    lp_json_put_key(w, "size");
    lp_json_put_uint(w, size_bytes > LP_SEAL_EXTRA_BYTES ? size_bytes - LP_SEAL_EXTRA_BYTES : 0);
    lp_json_put_object_end(w);
}

static void list(void *ctx, lp_rpc_req_t *req)
{
    lp_svc_seal_t *svc = ctx;
    lp_json_writer_t *w = lp_rpc_result(req);
    lp_json_put_array(w);
    const lp_err_t err = lp_files_each(svc->s_.files, LP_FILES_SEALED, put_entry, w);
    lp_json_put_array_end(w);
    if (err == LP_OK) {
        lp_rpc_done(req);
    } else {
        lp_rpc_fail(req, err, "the file system cannot be read (%s)", lp_err_text(err));
    }
}

static void remove_one(void *ctx, lp_rpc_req_t *req)
{
    lp_svc_seal_t *svc = ctx;
    char name[LP_SVC_SEAL_NAME_MAX] = "";
    char key[LP_STORE_KEY_MAX];
    (void)lp_rpc_param_str(req, "filename", name, sizeof name);
    lp_err_t err = lp_files_remove(svc->s_.files, LP_FILES_SEALED, name);
    if (err == LP_OK) {
        (void)lp_fmt_str(key, sizeof key, "seal/%s", name);
        const lp_store_item_t item = {.key = key, .is_removal = true};
        err = lp_store_put(svc->s_.store, &item, 1);
    }
    if (err == LP_OK) {
        lp_rpc_ok(req);
    } else {
        lp_rpc_fail(req, err, "%s was not removed (%s)", name, lp_err_text(err));
    }
}

static const lp_rpc_method_t methods[] = {
    {"Sealed.Put", LP_RPC_WRITE, put, "filename, data: base64", "{}"},
    {"Sealed.List", LP_RPC_READ, list, "", "array of {name, size}"},
    {"Sealed.Remove", LP_RPC_WRITE, remove_one, "filename", "{}"},
};

void lp_svc_seal_add_methods(lp_svc_seal_t *svc)
{
    svc->set_ =
        (lp_rpc_set_t){.methods = methods, .count = sizeof methods / sizeof methods[0], .ctx = svc};
    lp_rpc_add(svc->s_.rpc, &svc->set_);
}
