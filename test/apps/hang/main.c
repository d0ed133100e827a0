// SPDX-License-Identifier: Apache-2.0
// An application that hangs when it is asked to, and at each start with one value of a setting: for
// test/system/boards/watchdog.
#include "limpet/app.h"
#include "limpet/port/irq.h"

enum { DEADLY_INTERVAL_S = 86399 };

static _Noreturn void hang(void)
{
    volatile uint32_t turns = 0;
    while (true) {
        turns++;
    }
}

static void on_hang(void *ctx, lp_rpc_req_t *req)
{
    (void)ctx;
    bool is_masked = false;
    if (lp_rpc_param_bool(req, "masked", false, &is_masked) == LP_OK && is_masked) {
        (void)lp_port_irq_save();
    }
    hang();
}

void lp_app_main(lp_app_t *app)
{
    static const lp_rpc_method_t methods[] = {
        {"Test.Hang", LP_RPC_WRITE, on_hang, "masked: bool", "none"}};
    static lp_rpc_set_t set = {.methods = methods, .count = 1};
    lp_rpc_add(app->rpc, &set);
    if (lp_config_int(app->config, "telemetry.interval_s") == DEADLY_INTERVAL_S) {
        hang();
    }
}
