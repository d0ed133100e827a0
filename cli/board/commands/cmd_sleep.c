// SPDX-License-Identifier: Apache-2.0
// limpet sleep: sends a board to deep sleep.
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "boots.h"
#include "limpet/board_cmd.h"
#include "limpet/cmd.h"

enum { SLEEP_MAX_S = 24 * 3600, LATE_MS = 30000, PATIENCE_DEFAULT_S = 10, PATIENCE_MAX_S = 600 };

static const lp_help_t help = {
    .name = "sleep",
    .args = "TIME",
    .summary = "Sends a board to deep sleep; it starts anew when the time is over.",
    .examples = {"limpet sleep 90", "limpet sleep 15m --wait", NULL},
    .notes = "TIME is in seconds, or with s, m or h behind it, up to 24 h. The board ends its "
             "connections and puts its\ncrypto chip to sleep before. Until it is back nobody can "
             "call it; its wake pin or its power wakes it earlier.",
    .max_args = 1,
    .exit_codes = (const int[]){LP_EXIT_NO_BOARD, LP_EXIT_LOCAL, LP_EXIT_BOARD, 0},
};

// 0: it is no such time.
static long parse_time(const char *text)
{
    char *end = NULL;
    const long n = strtol(text, &end, 10);
    const long unit = strcmp(end, "h") == 0                   ? 3600
                      : strcmp(end, "m") == 0                 ? 60
                      : *end == '\0' || strcmp(end, "s") == 0 ? 1
                                                              : 0;
    return text[0] >= '0' && text[0] <= '9' && n <= SLEEP_MAX_S && n * unit <= SLEEP_MAX_S
               ? n * unit
               : 0;
}

typedef struct {
    long sleep_s;
    int patience_s;
    bool is_waiting;
} wish_t;

static lp_exit_t send_to_sleep(lp_board_t *board, const wish_t *wish, lp_fault_t *f)
{
    const double before = lp_board_boots(board, f);
    if (before < 0) {
        return f->exit;
    }
    cJSON *result = NULL;
    cJSON *params = cJSON_CreateObject();
    cJSON_AddNumberToObject(params, "sleep_s", (double)wish->sleep_s);
    cJSON_AddNumberToObject(params, "patience_ms", wish->patience_s * 1000.0);
    const lp_exit_t rc = lp_board_call(board, "Sys.Sleep", params, 0, &result, f);
    cJSON_Delete(result);
    if (rc != LP_EXIT_OK || !wish->is_waiting) {
        return rc;
    }
    lp_ui_info("the board sleeps for %ld s", wish->sleep_s);
    const uint64_t wait_ms =
        (uint64_t)wish->sleep_s * 1000 + (uint64_t)wish->patience_s * 1000 + LATE_MS;
    return lp_board_wait_boot(board, before, wait_ms, f);
}

int lp_cmd_sleep(int argc, char **argv)
{
    lp_board_options_t options = {.port = "auto"};
    wish_t wish = {.patience_s = PATIENCE_DEFAULT_S};
    const lp_opt_t opts[] = {
        LP_BOARD_FLAGS_URL(options),
        {"patience", LP_OPT_INT, &wish.patience_s, "SECONDS",
         "how long messages and connections may keep it awake (10)"},
        {"wait", LP_OPT_BOOL, &wish.is_waiting, NULL, "wait until it is back"},
    };
    int n_args = 0;
    int rc = lp_opt_parse(&help, opts, sizeof opts / sizeof opts[0], argc, argv, &n_args);
    if (rc != LP_OPT_GO_ON) {
        return rc;
    }
    wish.sleep_s = n_args == 1 ? parse_time(argv[1]) : 0;
    if (wish.sleep_s == 0 || wish.patience_s < 0 || wish.patience_s > PATIENCE_MAX_S) {
        return lp_ui_fail(LP_EXIT_USAGE, "usage",
                          "a time is needed, 1 s to 24 h; --patience is 0 to 600 seconds", NULL,
                          "limpet sleep 15m");
    }
    lp_interrupt_catch();
    lp_fault_t fault = {0};
    lp_board_t *board = NULL;
    rc = (int)lp_board_open(&options, &board, &fault);
    if (rc == LP_EXIT_OK) {
        rc = (int)send_to_sleep(board, &wish, &fault);
    }
    lp_board_close(board);
    if (rc != LP_EXIT_OK) {
        return lp_fault_print(&fault);
    }
    cJSON *line = cJSON_CreateObject();
    cJSON_AddNumberToObject(line, "sleep_s", (double)wish.sleep_s);
    cJSON_AddBoolToObject(line, "is_back", wish.is_waiting);
    lp_ui_json_tree(line);
    return LP_EXIT_OK;
}
