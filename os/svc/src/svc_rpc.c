// SPDX-License-Identifier: Apache-2.0
#include "limpet/svc_rpc.h"

static void put_name(void *ctx, const lp_rpc_method_t *method)
{
    lp_json_put_str(ctx, method->name);
}

static void list(void *ctx, lp_rpc_req_t *req)
{
    lp_json_writer_t *w = lp_rpc_result(req);
    lp_json_put_array(w);
    lp_rpc_each(ctx, put_name, w);
    lp_json_put_array_end(w);
    lp_rpc_done(req);
}

static void ping(void *ctx, lp_rpc_req_t *req)
{
    (void)ctx;
    lp_rpc_ok(req);
}

static void describe(void *ctx, lp_rpc_req_t *req)
{
    char name[48];
    const lp_err_t err = lp_rpc_param_str(req, "name", name, sizeof name);
    if (err != LP_OK) {
        lp_rpc_fail(req, LP_E_INVALID, "name: the name of a method is needed");
        return;
    }
    const lp_rpc_method_t *method = lp_rpc_find(ctx, name);
    if (method == NULL) {
        lp_rpc_fail(req, LP_E_NOT_FOUND, "no method %s; RPC.List names them all", name);
        return;
    }
    lp_json_writer_t *w = lp_rpc_result(req);
    lp_json_put_object(w);
    lp_json_put_key(w, "name");
    lp_json_put_str(w, method->name);
    lp_json_put_key(w, "level");
    lp_json_put_str(w, lp_rpc_level_name(method->level));
    lp_json_put_key(w, "params");
    lp_json_put_str(w, method->params);
    lp_json_put_key(w, "result");
    lp_json_put_str(w, method->result);
    lp_json_put_object_end(w);
    lp_rpc_done(req);
}

static const lp_rpc_method_t methods[] = {
    {"RPC.List", LP_RPC_READ, list, "", "array of method names"},
    {"RPC.Ping", LP_RPC_READ, ping, "", "{}"},
    {"RPC.Describe", LP_RPC_READ, describe, "name", "{name, level, params, result}"},
};

void lp_svc_rpc_init(lp_rpc_set_t *set, lp_rpc_t *rpc)
{
    *set =
        (lp_rpc_set_t){.methods = methods, .count = sizeof methods / sizeof methods[0], .ctx = rpc};
    lp_rpc_add(rpc, set);
}
