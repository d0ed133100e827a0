// SPDX-License-Identifier: Apache-2.0
#include "limpet/svc_debug.h"

#include "limpet/log.h"

enum { SPEC_MAX = 128 };

// The numbers that mos has for levels; its 4, "verbose", is our debug too.
static const char *const by_number[] = {"off", "error", "warn", "info", "debug", "debug"};

static lp_err_t read_level(const lp_rpc_req_t *req, char spec[SPEC_MAX])
{
    lp_json_t value;
    int64_t number = 0;
    const lp_err_t err = lp_rpc_param(req, "level", &value);
    if (err != LP_OK) {
        return err;
    }
    if (lp_json_int(value, -1, 4, &number) == LP_OK) {
        return lp_fmt_str(spec, SPEC_MAX, "%s", by_number[number + 1]);
    }
    return lp_json_cstr(value, spec, SPEC_MAX);
}

static void set_debug(void *ctx, lp_rpc_req_t *req)
{
    char spec[SPEC_MAX];
    (void)ctx;
    if (read_level(req, spec) != LP_OK || lp_log_set_levels(spec) != LP_OK) {
        lp_rpc_fail(req, LP_E_INVALID,
                    "level: off, error, warn, info, debug or -1..4; with modules: "
                    "info,cloud=debug");
        return;
    }
    lp_rpc_ok(req);
}

static const lp_rpc_method_t methods[] = {
    {"Sys.SetDebug", LP_RPC_WRITE, set_debug, "level: as log.level, or -1..4", "{}"},
};

void lp_svc_debug_init(lp_rpc_set_t *set, lp_rpc_t *rpc)
{
    *set =
        (lp_rpc_set_t){.methods = methods, .count = sizeof methods / sizeof methods[0], .ctx = set};
    lp_rpc_add(rpc, set);
}
