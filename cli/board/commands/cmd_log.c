// SPDX-License-Identifier: Apache-2.0
// limpet log: the last lines that a board logged, also from before its restart.
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "limpet/board_cmd.h"
#include "limpet/cmd.h"
#include "log_show.h"

enum { WAIT_MS = 5000, CALL_MS = 10000, BACK_MS = 3000, STARTS_MAX = 1000 };

static const lp_help_t help = {
    .name = "log",
    .args = "",
    .summary = "Shows the last lines that a board logged, also from before its restart.",
    .examples = {"limpet log", "limpet log --follow --level warn", "limpet log --since 'boot -1'",
                 NULL},
    .notes = "The board keeps its log in memory that a restart leaves alone; a power cut may not. "
             "What the board does\nnot log (log.level, or limpet call Sys.SetDebug) cannot be "
             "shown.",
    .exit_codes = (const int[]){LP_EXIT_NO_BOARD, LP_EXIT_LOCAL, LP_EXIT_BOARD, 0},
};

typedef struct {
    const char *level; // may be null
    const char *since; // may be null
    bool is_following;
    bool has_start;
    long start;      // 0 or less
    char cursor[32]; // "": from the oldest line on
    long shown_start;
    bool has_shown;
} log_t;

// "boot" is this start of the board, "boot -1" the one before.
static bool parse_since(log_t *log)
{
    if (log->since == NULL) {
        return true;
    }
    char *end = NULL;
    if (strncmp(log->since, "boot", 4) != 0) {
        return false;
    }
    const char *number = log->since + 4;
    log->has_start = true;
    log->start = strtol(number, &end, 10);
    return *end == '\0' && log->start <= 0 && log->start >= -STARTS_MAX;
}

static void say_lost(const cJSON *result)
{
    const double lost = cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(result, "lost"));
    const bool is_new = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(result, "is_new"));
    if (lost > 0 || is_new) {
        cJSON *fields = cJSON_CreateObject();
        cJSON_AddNumberToObject(fields, "lines", lost);
        cJSON_AddBoolToObject(fields, "is_new", is_new);
        lp_ui_event("lost", fields);
    }
    if (is_new) {
        lp_ui_out("-- the board lost its power: lines are missing here --");
    } else if (lost > 0) {
        lp_ui_out("-- %.0f lines are missing here: the board logged faster than they were read --",
                  lost);
    }
}

// The time of a line is the uptime: where a start begins must be seen.
static void say_start(log_t *log, long start)
{
    if (!log->has_shown || start != log->shown_start) {
        if (start == 0) {
            lp_ui_out("-- this start of the board --");
        } else {
            lp_ui_out("-- %ld start%s ago --", -start, start == -1 ? "" : "s");
        }
    }
    log->has_shown = true;
    log->shown_start = start;
}

static void show_line(log_t *log, const cJSON *line)
{
    const cJSON *start = cJSON_GetObjectItemCaseSensitive(line, "start");
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(line, "text"));
    if (text == NULL || !cJSON_IsNumber(start)) {
        return;
    }
    say_start(log, (long)start->valuedouble);
    lp_log_show(text);
    cJSON *fields = cJSON_Duplicate(line, true);
    lp_ui_event("log", fields);
}

static cJSON *question(const log_t *log, bool may_wait)
{
    cJSON *params = cJSON_CreateObject();
    if (log->cursor[0] != '\0') {
        cJSON_AddStringToObject(params, "cursor", log->cursor);
    } else if (log->has_start) {
        cJSON_AddNumberToObject(params, "start", (double)log->start);
    }
    if (log->level != NULL) {
        cJSON_AddStringToObject(params, "level", log->level);
    }
    if (may_wait) {
        cJSON_AddNumberToObject(params, "wait_ms", WAIT_MS);
    }
    return params;
}

static lp_exit_t read_once(lp_board_t *board, log_t *log, bool may_wait, bool *has_more,
                           lp_fault_t *f)
{
    cJSON *result = NULL;
    const lp_exit_t rc =
        lp_board_call(board, "Log.Read", question(log, may_wait), CALL_MS, &result, f);
    if (rc != LP_EXIT_OK) {
        return rc;
    }
    say_lost(result);
    const cJSON *line = NULL;
    cJSON_ArrayForEach(line, cJSON_GetObjectItemCaseSensitive(result, "lines"))
    {
        show_line(log, line);
    }
    const char *cursor = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(result, "cursor"));
    snprintf(log->cursor, sizeof log->cursor, "%s", cursor != NULL ? cursor : "");
    *has_more = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(result, "more"));
    cJSON_Delete(result);
    return LP_EXIT_OK;
}

static bool is_away(const lp_board_t *board, lp_exit_t rc)
{
    return rc == LP_EXIT_BOARD && lp_board_last_error(board)->code == 0;
}

// A board that restarts, or a cable that is out: what it logs meanwhile is read afterwards.
static lp_exit_t wait_back(lp_board_t *board, lp_fault_t *f)
{
    lp_ui_info("the board is away; waiting for it (Ctrl-C ends)");
    while (!lp_interrupt_seen()) {
        *f = (lp_fault_t){0};
        if (lp_board_reopen(board, BACK_MS, f) == LP_EXIT_OK) {
            return LP_EXIT_OK;
        }
        lp_ui_pause(200);
    }
    return LP_EXIT_OK;
}

static lp_exit_t read_log(lp_board_t *board, log_t *log, lp_fault_t *f)
{
    bool has_more = true;
    lp_exit_t rc = LP_EXIT_OK;
    while (rc == LP_EXIT_OK && (has_more || log->is_following) && !lp_interrupt_seen()) {
        rc = read_once(board, log, log->is_following && !has_more, &has_more, f);
        if (log->is_following && is_away(board, rc)) {
            // Starts are counted from the newest one: what was this one is not any more.
            log->has_shown = false;
            rc = wait_back(board, f);
            has_more = true;
        }
    }
    return log->is_following && lp_interrupt_seen() ? LP_EXIT_OK : rc;
}

int lp_cmd_log(int argc, char **argv)
{
    lp_board_options_t options = {.port = "auto"};
    log_t log = {.level = NULL};
    const lp_opt_t opts[] = {
        LP_BOARD_FLAGS_URL(options),
        {"follow", LP_OPT_BOOL, &log.is_following, NULL,
         "go on with what is logged from now on, over restarts, until Ctrl-C"},
        {"level", LP_OPT_STR, &log.level, "LEVEL",
         "error, warn, info or debug: leave out what matters less"},
        {"since", LP_OPT_STR, &log.since, "START",
         "boot: this start of the board only; 'boot -1': from the one before on"},
    };
    int n_args = 0;
    int rc = lp_opt_parse(&help, opts, sizeof opts / sizeof opts[0], argc, argv, &n_args);
    if (rc != LP_OPT_GO_ON) {
        return rc;
    }
    if (!parse_since(&log)) {
        return lp_ui_fail(LP_EXIT_USAGE, "usage", "--since is boot, or 'boot -N'", NULL,
                          "limpet log --since 'boot -1'");
    }
    lp_interrupt_catch();
    lp_fault_t fault = {0};
    lp_board_t *board = NULL;
    rc = (int)lp_board_open(&options, &board, &fault);
    if (rc == LP_EXIT_OK) {
        rc = (int)read_log(board, &log, &fault);
    }
    return lp_board_end(board, (lp_exit_t)rc, &fault);
}
