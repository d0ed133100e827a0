// SPDX-License-Identifier: Apache-2.0
// What a browser asks the page's server for: path, host and origin, a line each, and then a frame
// on the WebSocket.
//
// What must hold: without the secret and the right names nobody gets in; each frame has one answer,
// to the page that sent it, with its id. (Frames for boards are left out: they would open ports of
// this computer.)
#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "fuzz.h"
#include "guard.h"
#include "tool_calls.h"

enum { TEXT_MAX = 256, LINES = 3, PAGE = 7 };

static unsigned answers;
static const cJSON *asked_id;

static void tell(void *ctx, unsigned page, cJSON *frame)
{
    (void)ctx;
    const cJSON *id = cJSON_GetObjectItemCaseSensitive(frame, "id");
    answers++;
    MUST(page == PAGE && cJSON_IsObject(frame));
    MUST(asked_id == NULL ? id == NULL || cJSON_IsNull(id) : cJSON_Compare(id, asked_id, true));
    MUST((cJSON_GetObjectItemCaseSensitive(frame, "result") != NULL) !=
         (cJSON_GetObjectItemCaseSensitive(frame, "error") != NULL));
    cJSON_Delete(frame);
}

static bool is_harmless(const cJSON *frame)
{
    const char *method = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(frame, "method"));
    const cJSON *to = cJSON_GetObjectItemCaseSensitive(frame, "dst");
    return cJSON_IsObject(frame) && !cJSON_IsString(to) &&
           (method == NULL ||
            (strcmp(method, "Tool.Devices") != 0 && strcmp(method, "Tool.Network") != 0));
}

static void take_frame(const uint8_t *data, size_t size)
{
    lp_tool_calls_t calls = {.sessions = lp_sessions_new(tell, NULL), .tell = tell};
    cJSON *frame = cJSON_ParseWithLength((const char *)data, size);
    cJSON *id = cJSON_Duplicate(cJSON_GetObjectItemCaseSensitive(frame, "id"), true);
    MUST(calls.sessions != NULL);
    asked_id = id;
    answers = 0;
    if (is_harmless(frame)) {
        lp_tool_calls_take(&calls, PAGE, frame);
        MUST(answers == 1);
    } else {
        cJSON_Delete(frame);
    }
    lp_sessions_free(calls.sessions);
    lp_tool_calls_end(&calls);
    cJSON_Delete(id);
}

static void ask(char lines[LINES][TEXT_MAX], bool is_socket)
{
    static const lp_page_guard_t guard = {.key = "0123456789abcdef0123456789abcdef", .port = 8080};
    const char *rest = NULL;
    const lp_page_request_t request = {
        .path = lines[0], .host = lines[1], .origin = lines[2], .is_socket = is_socket};
    if (lp_page_guard_check(&guard, &request, &rest) == LP_PAGE_STATUS_OK) {
        MUST(strncmp(lines[0], "/0123456789abcdef0123456789abcdef/", LP_PAGE_KEY + 2) == 0);
        MUST(rest == lines[0] + LP_PAGE_KEY + 2);
        MUST(strcmp(lines[1], "127.0.0.1:8080") == 0 || strcmp(lines[1], "localhost:8080") == 0);
        MUST((lines[2][0] == '\0' && !is_socket) ||
             strcmp(lines[2], "http://127.0.0.1:8080") == 0 ||
             strcmp(lines[2], "http://localhost:8080") == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char lines[LINES][TEXT_MAX];
    for (int i = 0; i < LINES; i++) {
        const uint8_t *end = size > 0 ? memchr(data, '\n', size) : NULL;
        const size_t len = end != NULL ? (size_t)(end - data) : 0;
        if (end == NULL || len >= TEXT_MAX) {
            return 0;
        }
        memcpy(lines[i], data, len);
        lines[i][len] = '\0';
        data += len + 1;
        size -= len + 1;
    }
    ask(lines, false);
    ask(lines, true);
    take_frame(data, size);
    return 0;
}
