// SPDX-License-Identifier: Apache-2.0
#include "tool_calls.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "browse.h"
#include "limpet/board.h"
#include "limpet/cmd_cloud.h"

enum { FOUND_MAX = 32, LOOK_MS = 1500 };

typedef struct {
    lp_tool_calls_t *calls;
    unsigned page;
    cJSON *frame;
} job_t;

static void answer(const lp_tool_calls_t *calls, unsigned page, const cJSON *request, cJSON *result)
{
    cJSON *frame = cJSON_CreateObject();
    const cJSON *id = cJSON_GetObjectItemCaseSensitive(request, "id");
    cJSON_AddItemToObject(frame, "id", id != NULL ? cJSON_Duplicate(id, true) : cJSON_CreateNull());
    cJSON_AddItemToObject(frame, "result", result);
    calls->tell(calls->ctx, page, frame);
}

static cJSON *list(const lp_board_found_t *found, size_t n)
{
    cJSON *array = cJSON_CreateArray();
    for (size_t i = 0; i < n && i < FOUND_MAX; i++) {
        cJSON *one = cJSON_CreateObject();
        cJSON_AddStringToObject(one, "port",
                                found[i].id[0] != '\0' && found[i].is_virtual ? found[i].id
                                                                              : found[i].port);
        cJSON_AddStringToObject(one, "id", found[i].id);
        cJSON_AddStringToObject(one, "about", found[i].about);
        cJSON_AddStringToObject(one, "source", found[i].source);
        cJSON_AddItemToArray(array, one);
    }
    return array;
}

// Boards of this computer, at once.
static void devices(lp_tool_calls_t *calls, unsigned page, cJSON *frame)
{
    lp_board_found_t found[FOUND_MAX];
    size_t n = 0;
    lp_board_list(found, FOUND_MAX, &n);
    answer(calls, page, frame, list(found, n));
    cJSON_Delete(frame);
}

// Boards of the network: takes as long as they may take to answer, so in a thread of its own.
static void *look(void *arg)
{
    job_t *job = arg;
    lp_board_found_t found[FOUND_MAX];
    size_t n = 0;
    lp_browse(LOOK_MS, NULL, found, FOUND_MAX, &n);
    answer(job->calls, job->page, job->frame, list(found, n));
    cJSON_Delete(job->frame);
    job->calls->is_looking_ = false;
    free(job);
    return NULL;
}

static bool is_started(lp_tool_calls_t *calls, unsigned page, cJSON *frame)
{
    job_t *job = calls->is_looking_ ? NULL : malloc(sizeof *job);
    if (job == NULL) {
        return false;
    }
    lp_tool_calls_end(calls);
    *job = (job_t){calls, page, frame};
    calls->is_looking_ = true;
    calls->has_thread_ = pthread_create(&calls->thread_, NULL, look, job) == 0;
    if (!calls->has_thread_) {
        calls->is_looking_ = false;
        free(job);
    }
    return calls->has_thread_;
}

static void network(lp_tool_calls_t *calls, unsigned page, cJSON *frame)
{
    if (!is_started(calls, page, frame)) { // one at a time
        answer(calls, page, frame, cJSON_CreateArray());
        cJSON_Delete(frame);
    }
}

void lp_tool_calls_end(lp_tool_calls_t *calls)
{
    if (calls->has_thread_) {
        pthread_join(calls->thread_, NULL);
        calls->has_thread_ = false;
    }
}

static void info(lp_tool_calls_t *calls, unsigned page, cJSON *frame)
{
    cJSON *result = cJSON_CreateObject();
    cJSON_AddStringToObject(result, "version", LP_VERSION);
    cJSON_AddBoolToObject(result, "has_cloud", lp_cloud_is_up());
    answer(calls, page, frame, result);
    cJSON_Delete(frame);
}

static void state(lp_tool_calls_t *calls, unsigned page, cJSON *frame)
{
    const cJSON *params = cJSON_GetObjectItemCaseSensitive(frame, "params");
    const char *port = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(params, "port"));
    cJSON *known = port != NULL ? lp_sessions_state(calls->sessions, port) : NULL;
    answer(calls, page, frame, known != NULL ? known : cJSON_CreateObject());
    cJSON_Delete(frame);
}

static void close_board(lp_tool_calls_t *calls, unsigned page, cJSON *frame)
{
    const cJSON *params = cJSON_GetObjectItemCaseSensitive(frame, "params");
    const char *port = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(params, "port"));
    cJSON *result = cJSON_CreateObject();
    cJSON_AddBoolToObject(result, "was_open",
                          port != NULL && lp_sessions_close(calls->sessions, port));
    answer(calls, page, frame, result);
    cJSON_Delete(frame);
}

static const struct {
    const char *method;
    void (*run)(lp_tool_calls_t *calls, unsigned page, cJSON *frame);
} methods[] = {
    {"Tool.Info", info},   {"Tool.Devices", devices},   {"Tool.Network", network},
    {"Tool.State", state}, {"Tool.Close", close_board},
};

void lp_tool_calls_take(lp_tool_calls_t *calls, unsigned page, struct cJSON *frame)
{
    lp_fault_t f;
    const char *method = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(frame, "method"));
    const bool is_boards = cJSON_GetObjectItemCaseSensitive(frame, "dst") != NULL;
    if (method != NULL && is_boards) {
        lp_sessions_call(calls->sessions, page, frame);
        return;
    }
    for (size_t i = 0; method != NULL && i < sizeof methods / sizeof methods[0]; i++) {
        if (strcmp(methods[i].method, method) == 0) {
            methods[i].run(calls, page, frame);
            return;
        }
    }
    lp_fault_set(&f, LP_EXIT_USAGE, "usage", "%s is no method of the tool",
                 method != NULL ? method : "a frame without one");
    lp_page_refuse(calls->tell, calls->ctx, page, frame, &f);
    cJSON_Delete(frame);
}
