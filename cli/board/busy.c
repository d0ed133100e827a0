// SPDX-License-Identifier: Apache-2.0
// Waiting for a board that has no time. Busy means that nothing was done, so waiting is right for
// any method: an earlier run that died may have left the board in the middle of something long.
#include <cjson/cJSON.h>
#include <string.h>

#include "board_private.h"

enum {
    BUSY_MS = 20000, // a TLS handshake that a server never answers takes 15 s
    BUSY_WAIT_MS = 200,
    TOO_MANY_LOGINS = 429, // says how long to wait, and is no hurry of the board's
};

int lp_board_error_code(const cJSON *answer)
{
    const cJSON *error = cJSON_GetObjectItemCaseSensitive(answer, "error");
    const cJSON *code = cJSON_GetObjectItemCaseSensitive(error, "code");
    return cJSON_IsNumber(code) ? code->valueint : 0;
}

bool lp_board_is_busy(const cJSON *answer)
{
    const cJSON *error = cJSON_GetObjectItemCaseSensitive(answer, "error");
    const cJSON *name = cJSON_GetObjectItemCaseSensitive(error, "name");
    return lp_board_error_code(answer) != TOO_MANY_LOGINS && cJSON_IsString(name) &&
           strcmp(name->valuestring, "LP_E_BUSY") == 0;
}

bool lp_board_wait_busy(uint64_t *until_ms)
{
    const uint64_t now_ms = lp_ui_now_ms();
    *until_ms = *until_ms == 0 ? now_ms + BUSY_MS : *until_ms;
    if (now_ms >= *until_ms || lp_interrupt_seen()) {
        return false;
    }
    lp_ui_pause(BUSY_WAIT_MS);
    return true;
}
