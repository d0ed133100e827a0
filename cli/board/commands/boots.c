// SPDX-License-Identifier: Apache-2.0
#include "boots.h"

#include <cjson/cJSON.h>

enum { POLL_MS = 2000 };

double lp_board_boots(lp_board_t *board, lp_fault_t *f)
{
    cJSON *info = NULL;
    if (lp_board_call(board, "Sys.GetInfo", NULL, 0, &info, f) != LP_EXIT_OK) {
        return -1;
    }
    const cJSON *count =
        cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(info, "boot"), "count");
    double n = cJSON_IsNumber(count) ? count->valuedouble : -1;
    cJSON_Delete(info);
    return n;
}

// Until then it may still answer as the old one.
lp_exit_t lp_board_wait_boot(lp_board_t *board, double before, uint64_t wait_ms, lp_fault_t *f)
{
    uint64_t end = lp_ui_now_ms() + wait_ms;
    while (!lp_interrupt_seen() && lp_ui_now_ms() < end) {
        lp_fault_t ignored = {0};
        if (lp_board_reopen(board, POLL_MS, &ignored) == LP_EXIT_OK &&
            lp_board_boots(board, &ignored) > before) {
            return LP_EXIT_OK;
        }
    }
    if (lp_interrupt_seen()) {
        return lp_fault_interrupted(f);
    }
    lp_fault_set(f, LP_EXIT_BOARD, "board-no-restart", "the board did not come back within %lu s",
                 (unsigned long)(wait_ms / 1000));
    lp_fault_next(f, "limpet console shows what it says");
    return LP_EXIT_BOARD;
}
