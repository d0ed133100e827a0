// SPDX-License-Identifier: Apache-2.0
#include "app.h"

#include "limpet/log.h"
#include "limpet/port/system.h"
#include "limpet/rpc.h"
#include "limpet/svc_rpc.h"

#define LOG_MODULE "app"

static struct {
    lp_rpc_t rpc;
    lp_rpc_channel_t uart;
    lp_rpc_set_t rpc_set;
} app;

lp_err_t lp_app_start(const lp_app_board_t *board)
{
    LP_LOGI("board %s on port %s, started by %s", board->id, lp_port_name(), lp_port_boot_reason());
    lp_rpc_init(&app.rpc);
    lp_svc_rpc_init(&app.rpc_set, &app.rpc);
    lp_rpc_open(&app.uart, &app.rpc, board->uart, LP_RPC_CHIP);
    return LP_OK;
}

void lp_app_stop(void)
{
    lp_rpc_close(&app.uart);
    LP_LOGI("switched off");
}
