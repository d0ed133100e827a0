// SPDX-License-Identifier: Apache-2.0
// limpet events: what happens on a board, as it happens.
#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "limpet/board_cmd.h"
#include "limpet/cmd.h"

enum { WAIT_MS = 5000, CALL_MS = 10000, BACK_MS = 3000, PAUSE_MS = 200 };

static const lp_help_t help = {
    .name = "events",
    .args = "[NAME...]",
    .summary = "Shows what happens on a board: network, cloud, settings, starts.",
    .examples = {"limpet events", "limpet events cloud net.up", "limpet events --once --json",
                 NULL},
    .notes = "First the last ones that the board still has, then each as it comes, over restarts, "
             "until Ctrl-C.\nNAME is that of an event or of a group of them; without one all are "
             "shown.",
    .max_args = -1,
    .exit_codes = (const int[]){LP_EXIT_NO_BOARD, LP_EXIT_LOCAL, LP_EXIT_BOARD, 0},
};

typedef struct {
    char **names;
    int n_names;
    bool is_once;
    char cursor[32]; // "": from the oldest one on
} watch_t;

// "cloud" is a group, "cloud.lost" one event.
static bool is_asked_for(const watch_t *w, const char *name)
{
    for (int i = 0; i < w->n_names; i++) {
        const size_t len = strlen(w->names[i]);
        if (strncmp(name, w->names[i], len) == 0 && (name[len] == '\0' || name[len] == '.')) {
            return true;
        }
    }
    return w->n_names == 0;
}

static double number_of(const cJSON *object, const char *key)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsNumber(value) ? value->valuedouble : 0;
}

static const char *text_of(const cJSON *object, const char *key)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
    return text != NULL ? text : "";
}

static void show(const watch_t *w, const cJSON *event)
{
    char name[64];
    char text[512];
    char number[32] = "";
    lp_ui_clean(name, sizeof name, text_of(event, "name"));
    lp_ui_clean(text, sizeof text, text_of(event, "text"));
    if (!is_asked_for(w, name)) {
        return;
    }
    if (number_of(event, "number") != 0) {
        snprintf(number, sizeof number, " (%.0f)", number_of(event, "number"));
    }
    lp_ui_out("%10.3f  %-16s %s%s", number_of(event, "at_ms") / 1000, name, text, number);
    lp_ui_event("event", cJSON_Duplicate(event, true));
    fflush(stdout);
}

static void say_missing(const cJSON *result)
{
    const double lost = number_of(result, "lost");
    if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(result, "is_new"))) {
        lp_ui_out("-- another start of the board --");
    } else if (lost > 0) {
        lp_ui_out("-- %.0f events are missing here: they came faster than they were read --", lost);
    }
}

static lp_exit_t read_once(lp_board_t *board, watch_t *w, bool may_wait, bool *has_more,
                           lp_fault_t *f)
{
    cJSON *result = NULL;
    cJSON *params = cJSON_CreateObject();
    const bool is_first = w->cursor[0] == '\0';
    if (!is_first) {
        cJSON_AddStringToObject(params, "cursor", w->cursor);
    }
    if (may_wait) {
        cJSON_AddNumberToObject(params, "wait_ms", WAIT_MS);
    }
    const lp_exit_t rc = lp_board_call(board, "Events.Read", params, CALL_MS, &result, f);
    if (rc != LP_EXIT_OK) {
        return rc;
    }
    if (!is_first) { // what was before the first look is no loss
        say_missing(result);
    }
    const cJSON *event = NULL;
    cJSON_ArrayForEach(event, cJSON_GetObjectItemCaseSensitive(result, "events"))
    {
        show(w, event);
    }
    snprintf(w->cursor, sizeof w->cursor, "%s", text_of(result, "cursor"));
    *has_more = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(result, "more"));
    cJSON_Delete(result);
    return LP_EXIT_OK;
}

static bool is_away(const lp_board_t *board, lp_exit_t rc)
{
    return rc == LP_EXIT_BOARD && lp_board_last_error(board)->code == 0;
}

static void wait_back(lp_board_t *board)
{
    lp_ui_info("the board is away; waiting for it (Ctrl-C ends)");
    while (!lp_interrupt_seen()) {
        lp_fault_t ignored = {0};
        if (lp_board_reopen(board, BACK_MS, &ignored) == LP_EXIT_OK) {
            return;
        }
        lp_ui_pause(PAUSE_MS);
    }
}

static lp_exit_t watch(lp_board_t *board, watch_t *w, lp_fault_t *f)
{
    bool has_more = true;
    lp_exit_t rc = LP_EXIT_OK;
    while (rc == LP_EXIT_OK && (has_more || !w->is_once) && !lp_interrupt_seen()) {
        rc = read_once(board, w, !w->is_once && !has_more, &has_more, f);
        if (!w->is_once && is_away(board, rc)) {
            wait_back(board);
            *f = (lp_fault_t){0};
            rc = LP_EXIT_OK;
            has_more = true;
        }
    }
    return !w->is_once && lp_interrupt_seen() ? LP_EXIT_OK : rc;
}

int lp_cmd_events(int argc, char **argv)
{
    lp_board_options_t options = {.port = "auto"};
    watch_t w = {.names = NULL};
    const lp_opt_t opts[] = {
        LP_BOARD_FLAGS_URL(options),
        {"once", LP_OPT_BOOL, &w.is_once, NULL, "only those that the board still has"},
    };
    int rc = lp_opt_parse(&help, opts, sizeof opts / sizeof opts[0], argc, argv, &w.n_names);
    if (rc != LP_OPT_GO_ON) {
        return rc;
    }
    w.names = argv + 1;
    lp_interrupt_catch();
    lp_fault_t fault = {0};
    lp_board_t *board = NULL;
    rc = (int)lp_board_open(&options, &board, &fault);
    if (rc == LP_EXIT_OK) {
        rc = (int)watch(board, &w, &fault);
    }
    return lp_board_end(board, (lp_exit_t)rc, &fault);
}
