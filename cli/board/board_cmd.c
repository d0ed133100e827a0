// SPDX-License-Identifier: Apache-2.0
#include "limpet/board_cmd.h"

#include <cjson/cJSON.h>

const int lp_board_exits[] = {LP_EXIT_NO_BOARD, LP_EXIT_LOCAL, LP_EXIT_BOARD, 0};

lp_exit_t lp_board_call_once(const lp_board_options_t *options, const char *method, cJSON *params,
                             int timeout_ms, cJSON **result, lp_fault_t *f)
{
    lp_board_t *board = NULL;
    lp_interrupt_catch();
    lp_exit_t rc = lp_board_open(options, &board, f);
    if (rc == LP_EXIT_OK) {
        rc = lp_board_call(board, method, params, timeout_ms, result, f);
    } else {
        cJSON_Delete(params);
    }
    lp_board_close(board);
    return rc;
}

int lp_board_end(lp_board_t *board, lp_exit_t rc, const lp_fault_t *f)
{
    lp_board_close(board);
    return lp_fault_end(rc, f);
}
