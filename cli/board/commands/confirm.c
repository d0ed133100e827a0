// SPDX-License-Identifier: Apache-2.0
#include "confirm.h"

#include <cjson/cJSON.h>
#include <stdio.h>

static lp_exit_t board_id(lp_board_t *board, char *id, size_t cap, lp_fault_t *f)
{
    cJSON *info = NULL;
    const lp_exit_t rc = lp_board_call(board, "Sys.GetInfo", NULL, 0, &info, f);
    if (rc == LP_EXIT_OK) {
        const cJSON *found = cJSON_GetObjectItemCaseSensitive(info, "id");
        snprintf(id, cap, "%s", cJSON_IsString(found) ? found->valuestring : "");
        cJSON_Delete(info);
    }
    return rc;
}

lp_exit_t confirm_and_call(lp_board_t *board, const confirm_t *order, lp_fault_t *f)
{
    char id[64];
    char question[160];
    cJSON *result = NULL;
    lp_exit_t rc = board_id(board, id, sizeof id, f);
    if (rc != LP_EXIT_OK) {
        return rc;
    }
    snprintf(question, sizeof question, "%s %.60s%s", order->question, id, order->rest);
    rc = lp_ui_ask(question, order->is_yes);
    if (rc != LP_EXIT_OK) {
        return rc;
    }
    cJSON *params = cJSON_CreateObject();
    cJSON_AddStringToObject(params, "confirm", id);
    rc = lp_board_call(board, order->method, params, 0, &result, f);
    cJSON_Delete(result);
    return rc;
}
