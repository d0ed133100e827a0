// SPDX-License-Identifier: Apache-2.0
// Auth.*, Remote.Status, Sys.Audit, and who is behind a request for the books.
#include <string.h>

#include "limpet/hex.h"
#include "limpet/log.h"
#include "svc_remote_internal.h"

#define LOG_MODULE "remote"

// -- the books

static const lp_remote_caller_t *caller_of(const lp_rpc_req_t *req)
{
    const lp_rpc_channel_t *channel = lp_rpc_channel_of(req);
    const bool is_ours =
        channel != NULL && channel->gate != NULL && channel->gate->admit == lp_remote_admit;
    return is_ours ? channel->gate->ctx : NULL;
}

static void audit(void *ctx, lp_rpc_req_t *req)
{
    const lp_svc_remote_t *svc = ctx;
    lp_json_writer_t *w = lp_rpc_result(req);
    lp_json_put_object(w);
    lp_json_put_key(w, "count");
    lp_json_put_uint(w, svc->audit.count);
    lp_json_put_key(w, "entries");
    lp_audit_put(&svc->audit, w);
    lp_json_put_object_end(w);
    lp_rpc_done(req);
}

// What only looks is not written down, or the ring would forget what matters.
static void begin(void *ctx, lp_rpc_req_t *req)
{
    lp_svc_remote_t *svc = ctx;
    const lp_remote_caller_t *caller = caller_of(req);
    const bool is_allowed = req->method->level <= req->level;
    if (req->method->level == LP_RPC_READ || (req->method->handle == audit && is_allowed)) {
        return;
    }
    req->mark = lp_audit_begin(&svc->audit, caller != NULL ? caller->who : "owner",
                               caller != NULL ? caller->from : "uart", req->method->name);
}

static void end(void *ctx, const lp_rpc_req_t *req, lp_err_t err)
{
    lp_svc_remote_t *svc = ctx;
    lp_audit_end(&svc->audit, req->mark, err);
}

// -- Auth.*

static void auth_info(void *ctx, lp_rpc_req_t *req)
{
    const lp_svc_remote_t *svc = ctx;
    const lp_access_t *a = svc->s_.access;
    lp_json_writer_t *w = lp_rpc_result(req);
    lp_json_put_object(w);
    lp_json_put_key(w, "realm");
    lp_json_put_str(w, a->realm);
    lp_json_put_key(w, "users");
    lp_json_put_array(w);
    for (size_t i = 0; i < a->count; i++) {
        lp_json_put_object(w);
        lp_json_put_key(w, "user");
        lp_json_put_str(w, a->users[i].name);
        lp_json_put_key(w, "role");
        lp_json_put_str(w, lp_role_name(a->users[i].role));
        lp_json_put_object_end(w);
    }
    lp_json_put_array_end(w);
    lp_json_put_key(w, "refused");
    lp_json_put_uint(w, a->refused);
    lp_json_put_object_end(w);
    lp_rpc_done(req);
}

typedef struct {
    char user[LP_ACCESS_NAME_MAX];
    lp_role_t role;
    uint8_t verifier[LP_SHA256_LEN];
} account_t;

static lp_err_t read_verifier(const lp_rpc_req_t *req, uint8_t verifier[LP_SHA256_LEN])
{
    char hex[2 * LP_SHA256_LEN + 1];
    lp_buf_t out = lp_buf(verifier, LP_SHA256_LEN);
    lp_err_t err = lp_rpc_param_str(req, "verifier", hex, sizeof hex);
    if (err == LP_OK) {
        err = lp_hex_decode(&out, lp_span_str(hex));
        lp_wipe(hex, sizeof hex);
    }
    return err == LP_OK && out.len != LP_SHA256_LEN ? LP_E_FORMAT : err;
}

// false: it was refused.
static bool read_account(const lp_svc_remote_t *svc, lp_rpc_req_t *req, account_t *account)
{
    char role[12];
    char realm[LP_ACCESS_REALM_MAX];
    if (lp_rpc_channel_of(req) == NULL || lp_rpc_channel_of(req)->is_public) {
        lp_rpc_fail(req, LP_E_DENIED,
                    "accounts are changed over the UART or TLS only: others could "
                    "read along here");
    } else if (lp_rpc_param_str(req, "user", account->user, sizeof account->user) != LP_OK ||
               lp_rpc_param_str(req, "role", role, sizeof role) != LP_OK ||
               lp_role_parse(role, &account->role) != LP_OK) {
        lp_rpc_fail(req, LP_E_INVALID,
                    "user: 1 to 16 letters, digits, - _ . ; role: reader, "
                    "operator or admin");
    } else if (lp_rpc_param_str(req, "realm", realm, sizeof realm) != LP_OK ||
               strcmp(realm, svc->s_.access->realm) != 0) {
        lp_rpc_fail(req, LP_E_INVALID, "realm: Auth.Info says it; the verifier belongs to another");
    } else if (read_verifier(req, account->verifier) != LP_OK) {
        lp_rpc_fail(req, LP_E_INVALID,
                    "verifier: SHA-256 of user:realm:password, as 64 hex digits");
    } else {
        return true;
    }
    return false;
}

static void auth_set(void *ctx, lp_rpc_req_t *req)
{
    lp_svc_remote_t *svc = ctx;
    account_t account;
    if (!read_account(svc, req, &account)) {
        return;
    }
    const lp_err_t err =
        lp_access_put(svc->s_.access, account.user, account.role, account.verifier);
    lp_wipe(account.verifier, sizeof account.verifier);
    if (err == LP_OK) {
        LP_LOGI("account %s is %s now", account.user, lp_role_name(account.role));
        lp_rpc_ok(req);
    } else if (err == LP_E_NOSPACE) {
        lp_rpc_fail(req, err, "there are %d accounts already; remove one", LP_ACCESS_USERS_MAX);
    } else {
        lp_rpc_fail(req, err, "the account was not stored (%s)", lp_err_text(err));
    }
}

static void auth_remove(void *ctx, lp_rpc_req_t *req)
{
    lp_svc_remote_t *svc = ctx;
    char user[LP_ACCESS_NAME_MAX];
    lp_err_t err = lp_rpc_param_str(req, "user", user, sizeof user);
    if (err != LP_OK) {
        lp_rpc_fail(req, LP_E_INVALID, "user: the name of an account is needed");
        return;
    }
    err = lp_access_remove(svc->s_.access, user);
    if (err == LP_OK) {
        LP_LOGI("account %s is gone", user);
        lp_rpc_ok(req);
    } else {
        lp_rpc_fail(req, err, "there is no account %s, or it was not removed (%s)", user,
                    lp_err_text(err));
    }
}

// -- Remote.Status

static void put_listeners(const lp_svc_remote_t *svc, lp_json_writer_t *w)
{
    for (int k = 0; k < LP_REMOTE_LISTENERS; k++) {
        if (k == LP_REMOTE_SETUP && !svc->listeners_[k].is_open) {
            continue; // most boards have no radio
        }
        lp_json_put_key(w, lp_remote_listener_name((lp_remote_listener_t)k));
        if (svc->listeners_[k].is_open) {
            lp_json_put_uint(w, svc->listeners_[k].port);
        } else {
            lp_json_put_null(w);
        }
    }
}

static void put_callers(const lp_svc_remote_t *svc, lp_json_writer_t *w)
{
    lp_json_put_key(w, "callers");
    lp_json_put_array(w);
    for (size_t i = 0; i < svc->s_.conn_count; i++) {
        const lp_remote_conn_t *conn = &svc->s_.conns[i];
        if (conn->state == LP_REMOTE_SERVING) {
            lp_json_put_object(w);
            lp_json_put_key(w, "from");
            lp_json_put_str(w, conn->caller.from);
            lp_json_put_key(w, "who");
            lp_json_put_str(w, conn->caller.who);
            lp_json_put_key(w, "channel");
            lp_json_put_str(w, lp_rpc_web_name(&conn->web));
            lp_json_put_object_end(w);
        }
    }
    lp_json_put_array_end(w);
}

static void status(void *ctx, lp_rpc_req_t *req)
{
    const lp_svc_remote_t *svc = ctx;
    lp_json_writer_t *w = lp_rpc_result(req);
    lp_json_put_object(w);
    put_listeners(svc, w);
    put_callers(svc, w);
    lp_json_put_key(w, "accepted");
    lp_json_put_uint(w, svc->accepted);
    lp_json_put_key(w, "evicted");
    lp_json_put_uint(w, svc->evicted);
    lp_json_put_object_end(w);
    lp_rpc_done(req);
}

static const lp_rpc_method_t methods[] = {
    {"Auth.Info", LP_RPC_READ, auth_info, "", "{realm, users: [{user, role}], refused}"},
    {"Auth.Set", LP_RPC_CHIP, auth_set, "user, role, realm, verifier: hex", "{}"},
    {"Auth.Remove", LP_RPC_CHIP, auth_remove, "user", "{}"},
    {"Remote.Status", LP_RPC_READ, status, "",
     "{http, https, tcp: port or null, callers: [{from, who, channel}], accepted, evicted}"},
    {"Sys.Audit", LP_RPC_CHIP, audit, "",
     "{count, entries: [{at_s, who, from, what, result, times}]}"},
};

void lp_remote_add_methods(lp_svc_remote_t *svc)
{
    svc->set_ =
        (lp_rpc_set_t){.methods = methods, .count = sizeof methods / sizeof methods[0], .ctx = svc};
    lp_rpc_add(svc->s_.rpc, &svc->set_);
    svc->watch_ = (lp_rpc_watch_t){.begin = begin, .end = end, .ctx = svc};
    svc->s_.rpc->watch = &svc->watch_;
}
