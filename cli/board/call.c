// SPDX-License-Identifier: Apache-2.0
// Calls: one at a time over a line that also carries log text, noise and reboots.
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "board_private.h"

enum { READ_TRIES = 3 };

// Methods that may be sent again when an answer is lost, and how long each may take.
static const struct {
    const char *method;
    int timeout_ms;
    bool is_repeatable;
} methods[] = {
    {"RPC.Ping", 2000, true},
    {"RPC.List", 3000, true},
    {"RPC.Describe", 3000, true},
    {"Sys.GetInfo", 3000, true},
    {"Sys.Reboot", 3000, false},
    {"Config.Get", 4000, true},
    {"Config.Set", 6000, true},
    {"Config.Save", 8000, false},
    {"Chip.Scan", 12000, true},
    {"Chip.Info", 8000, true},
    {"Chip.Configure", 20000, false},
    {"Chip.Lock", 20000, false},
    {"Identity.Info", 8000, true},
    {"Identity.GenKey", 15000, false},
    {"Identity.Csr", 15000, true},
    {"Cloud.Status", 4000, true},
    {"Cloud.Prove", 30000, false},
    {"Config.Schema", 4000, true},
    {"Config.Confirm", 8000, false},
    {"Config.Reset", 20000, false},
    {"FS.List", 4000, true},
    {"FS.ListExt", 4000, true},
    {"FS.Stat", 8000, true},
    {"FS.Info", 6000, true},
    {"FS.Get", 6000, true},
    {"FS.Put", 15000, false},
    {"FS.Remove", 8000, false},
    {"FS.Rename", 8000, false},
    {"FS.Mkfs", 60000, false},
    {"Chip.Bind", 15000, true},
    {"Log.Read", 4000, true},
    {"Crash.Info", 4000, true},
    {"Crash.Read", 4000, true},
    {"Crash.Clear", 8000, true},
    {"Chip.Certificate", 10000, true},
};

enum { DEFAULT_TIMEOUT_MS = 10000, LOGIN_TRIES = 2, WHO_ARE_YOU = 401 };

static int timeout_of(const char *method, bool *is_repeatable)
{
    // For slow lines and for tests: one time for every method.
    const char *set = getenv("LIMPET_RPC_TIMEOUT_MS");
    long set_ms = set != NULL ? strtol(set, NULL, 10) : 0;
    bool is_set = set_ms > 0 && set_ms <= 600000;
    *is_repeatable = false;
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        if (strcmp(methods[i].method, method) == 0) {
            *is_repeatable = methods[i].is_repeatable;
            return is_set ? (int)set_ms : methods[i].timeout_ms;
        }
    }
    return is_set ? (int)set_ms : DEFAULT_TIMEOUT_MS;
}

// A part of a file with its offset may come twice; one that is to be added to a file may not.
static bool is_repeatable_put(const char *method, const cJSON *params)
{
    return strcmp(method, "FS.Put") == 0 &&
           cJSON_GetObjectItemCaseSensitive(params, "offset") != NULL;
}

// Waits for the answer to `id`. Answers to earlier, given-up calls are dropped.
static cJSON *wait_answer(lp_board_t *b, uint32_t id, uint64_t deadline_ms)
{
    unsigned damaged = b->n_damaged;
    for (;;) {
        cJSON *frame = lp_board_next_frame(b, deadline_ms);
        if (frame == NULL) {
            return NULL;
        }
        const cJSON *got = cJSON_GetObjectItemCaseSensitive(frame, "id");
        bool is_answer = cJSON_GetObjectItemCaseSensitive(frame, "method") == NULL;
        if (is_answer && cJSON_IsNumber(got) && got->valuedouble == (double)id) {
            return frame;
        }
        if (!is_answer && b->console != NULL && b->console->on_frame != NULL) {
            b->console->on_frame(b->console->ctx, frame); // nobody asked for it again
        }
        cJSON_Delete(frame);
        // A frame of ours may be the one that was damaged; the caller decides about repeating.
        if (b->n_damaged > damaged + 8) {
            return NULL;
        }
    }
}

// A request may carry a key or a password.
static void forget(char *line)
{
    if (line != NULL) {
        explicit_bzero(line, strlen(line));
    }
    free(line); // which cJSON's memory takes, too
}

static void wipe_strings(cJSON *tree)
{
    cJSON *child = NULL;
    if (cJSON_IsString(tree)) {
        explicit_bzero(tree->valuestring, strlen(tree->valuestring));
    }
    cJSON_ArrayForEach(child, tree)
    {
        wipe_strings(child); // no deeper than what a caller has made
    }
}

static void forget_params(cJSON *params)
{
    wipe_strings(params);
    cJSON_Delete(params);
}

cJSON *lp_board_try_once(lp_board_t *b, const char *method, const cJSON *params, int timeout_ms)
{
    uint32_t id = b->next_id++ & 0x7FFFFFFFu;
    char *params_text = params != NULL ? cJSON_PrintUnformatted(params) : NULL;
    cJSON *auth = lp_login_prove(&b->login, method, params_text != NULL ? params_text : "");
    char *line = lp_rpc_request_with(id, method, params, auth);
    forget(params_text);
    cJSON_Delete(auth);
    if (line == NULL) {
        return NULL;
    }
    bool is_sent = lp_board_send_text(b, line, strlen(line));
    forget(line);
    if (!is_sent) {
        return NULL;
    }
    uint64_t deadline = lp_ui_now_ms() + (uint64_t)timeout_ms;
    cJSON *answer = wait_answer(b, id, deadline);
    return answer;
}

static lp_exit_t take_answer(lp_board_t *b, const char *method, cJSON *answer, cJSON **result,
                             lp_fault_t *f)
{
    lp_exit_t rc = LP_EXIT_OK;
    const cJSON *error = cJSON_GetObjectItemCaseSensitive(answer, "error");
    if (error != NULL) {
        rc = lp_board_take_error(b, method, error, f);
    } else {
        cJSON *r = cJSON_DetachItemFromObjectCaseSensitive(answer, "result");
        *result = r != NULL ? r : cJSON_CreateObject();
    }
    cJSON_Delete(answer);
    return rc;
}

// Whether a request can be sent: also when whoever shared the port with us has ended, but not when
// the line itself went away.
static bool is_there(lp_board_t *b)
{
    return !b->is_gone ||
           (b->line.is_shared && lp_board_say_hello(b, lp_ui_now_ms() + LP_BOARD_OPEN_MS));
}

static cJSON *call_repeatedly(lp_board_t *b, const char *method, const cJSON *params, int limit_ms,
                              bool is_repeatable)
{
    cJSON *answer = NULL;
    for (int i = 0; answer == NULL && i < (is_repeatable ? READ_TRIES : 1); i++) {
        answer = is_there(b) ? lp_board_try_once(b, method, params, limit_ms) : NULL;
    }
    return answer;
}

// A board that asks who calls is told; a nonce that has become too old is replaced. Nothing was
// done before, so any method may be sent again. Null answer with a fault: nobody knows the
// password.
static cJSON *call_known(lp_board_t *b, const char *method, const cJSON *params, int limit_ms,
                         bool is_repeatable, lp_fault_t *f)
{
    cJSON *answer = call_repeatedly(b, method, params, limit_ms, is_repeatable);
    for (int i = 0; i < LOGIN_TRIES && lp_board_error_code(answer) == WHO_ARE_YOU; i++) {
        const cJSON *error = cJSON_GetObjectItemCaseSensitive(answer, "error");
        const cJSON *message = cJSON_GetObjectItemCaseSensitive(error, "message");
        if (!cJSON_IsString(message) || !lp_login_take(&b->login, message->valuestring)) {
            break;
        }
        cJSON_Delete(answer);
        answer = NULL;
        if (lp_login_find(&b->login, f) != LP_EXIT_OK) {
            return NULL;
        }
        answer = call_repeatedly(b, method, params, limit_ms, is_repeatable);
    }
    return answer;
}

lp_exit_t lp_board_call(lp_board_t *board, const char *method, struct cJSON *params, int timeout_ms,
                        struct cJSON **result, lp_fault_t *f)
{
    bool is_repeatable = false;
    int usual_ms = timeout_of(method, &is_repeatable);
    is_repeatable = is_repeatable || is_repeatable_put(method, params);
    int limit_ms = timeout_ms > 0 ? timeout_ms : usual_ms;
    board->n_damaged = 0;
    board->error = (lp_board_error_t){.code = 0};
    char *line = lp_rpc_request(1, method, params);
    if (line == NULL) {
        forget_params(params);
        return lp_fault_set(f, LP_EXIT_USAGE, "rpc-too-long",
                            "the call of %s is longer than a board takes (%d bytes)", method,
                            LP_RPC_MAX_REQUEST);
    }
    forget(line);
    uint64_t busy_until_ms = 0;
    f->exit = LP_EXIT_OK;
    cJSON *answer = call_known(board, method, params, limit_ms, is_repeatable, f);
    while (lp_board_is_busy(answer) && lp_board_wait_busy(&busy_until_ms)) {
        cJSON_Delete(answer);
        answer = call_known(board, method, params, limit_ms, is_repeatable, f);
    }
    forget_params(params);
    if (answer == NULL && f->exit != LP_EXIT_OK) {
        return f->exit;
    }
    return answer != NULL ? take_answer(board, method, answer, result, f)
                          : lp_board_fail_no_answer(board, method, f);
}
