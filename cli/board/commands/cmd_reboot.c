// SPDX-License-Identifier: Apache-2.0
// limpet reboot: restarts a board and waits until it is back.
#include <cjson/cJSON.h>
#include <stdio.h>

#include "boot_chart.h"
#include "boots.h"
#include "limpet/board_cmd.h"
#include "limpet/cmd.h"

enum { DELAY_MS = 100, BACK_MS = 20000, CHART_MS = 60000, WAIT_MS = 2000, CALL_MS = 10000 };

static lp_exit_t reboot(lp_board_t *board, bool is_waiting, lp_fault_t *f)
{
    double before = lp_board_boots(board, f);
    cJSON *result = NULL;
    cJSON *params = cJSON_CreateObject();
    cJSON_AddNumberToObject(params, "delay_ms", DELAY_MS);
    lp_exit_t rc = before >= 0 ? LP_EXIT_OK : f->exit;
    if (rc != LP_EXIT_OK) {
        cJSON_Delete(params);
        return rc;
    }
    rc = lp_board_call(board, "Sys.Reboot", params, 0, &result, f);
    cJSON_Delete(result);
    return rc == LP_EXIT_OK && is_waiting ? lp_board_wait_boot(board, before, BACK_MS, f) : rc;
}

static int run(const lp_board_options_t *options, bool is_waiting)
{
    lp_fault_t fault = {0};
    lp_board_t *board = NULL;
    uint64_t start = lp_ui_now_ms();
    lp_interrupt_catch();
    lp_exit_t rc = lp_board_open(options, &board, &fault);
    if (rc == LP_EXIT_OK) {
        rc = reboot(board, is_waiting, &fault);
    }
    lp_board_close(board);
    if (rc != LP_EXIT_OK) {
        return lp_fault_print(&fault);
    }
    double took_s = (double)(lp_ui_now_ms() - start) / 1000;
    if (is_waiting) {
        lp_ui_out("back after %.1f s", took_s);
    }
    cJSON *line = cJSON_CreateObject();
    cJSON_AddBoolToObject(line, "is_back", is_waiting);
    cJSON_AddNumberToObject(line, "took_s", took_s);
    lp_ui_json_tree(line);
    return LP_EXIT_OK;
}

// ---- --chart

static void take_line(void *ctx, const char *line)
{
    lp_boot_chart_line(ctx, line);
}

static void show_chart(const lp_boot_chart_t *chart)
{
    cJSON *line = cJSON_CreateObject();
    cJSON *phases = cJSON_AddArrayToObject(line, "phases");
    lp_ui_out("power-on to the first acknowledged message, by the board's clock");
    for (unsigned i = 0; i < chart->seen; i++) {
        char row[100];
        lp_boot_chart_row(chart, i, row, sizeof row);
        lp_ui_out("  %s", row);
        cJSON *phase = cJSON_CreateObject();
        cJSON_AddStringToObject(phase, "name", lp_boot_chart_name(chart->order[i]));
        cJSON_AddNumberToObject(phase, "at_ms", (double)chart->at_ms[chart->order[i]]);
        cJSON_AddItemToArray(phases, phase);
    }
    cJSON_AddBoolToObject(line, "is_acknowledged", chart->is_done);
    lp_ui_json_tree(line);
}

static lp_exit_t watch_boot(lp_board_t *board, lp_boot_chart_t *chart, lp_fault_t *f)
{
    lp_boot_chart_init(chart);
    lp_exit_t rc = reboot(board, false, f);
    lp_board_on_log(board, take_line, chart);
    if (rc == LP_EXIT_OK) {
        rc = lp_board_watch(board, &chart->is_done, CHART_MS, f);
    }
    if (rc == LP_EXIT_OK && lp_interrupt_seen()) {
        rc = lp_fault_interrupted(f);
    }
    return rc;
}

// Where no log comes by itself the board is asked for it, from this start's first line on.
static lp_exit_t read_log(lp_board_t *board, lp_boot_chart_t *chart, char *cursor, size_t cap,
                          lp_fault_t *f)
{
    cJSON *result = NULL;
    cJSON *params = cJSON_CreateObject();
    cJSON_AddNumberToObject(params, "wait_ms", WAIT_MS);
    if (cursor[0] != '\0') {
        cJSON_AddStringToObject(params, "cursor", cursor);
    } else {
        cJSON_AddNumberToObject(params, "start", 0);
    }
    const lp_exit_t rc = lp_board_call(board, "Log.Read", params, CALL_MS, &result, f);
    const cJSON *line = NULL;
    cJSON_ArrayForEach(line, cJSON_GetObjectItemCaseSensitive(result, "lines"))
    {
        const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(line, "text"));
        lp_boot_chart_line(chart, text != NULL ? text : "");
    }
    const char *next = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(result, "cursor"));
    snprintf(cursor, cap, "%s", next != NULL ? next : "");
    cJSON_Delete(result);
    return rc;
}

static lp_exit_t fetch_boot(lp_board_t *board, lp_boot_chart_t *chart, lp_fault_t *f)
{
    char cursor[32] = "";
    lp_boot_chart_init(chart);
    lp_exit_t rc = reboot(board, true, f);
    const uint64_t end_ms = lp_ui_now_ms() + CHART_MS;
    while (rc == LP_EXIT_OK && !chart->is_done && lp_ui_now_ms() < end_ms) {
        rc = lp_interrupt_seen() ? lp_fault_interrupted(f)
                                 : read_log(board, chart, cursor, sizeof cursor, f);
    }
    return rc;
}

static int run_chart(const lp_board_options_t *options)
{
    lp_fault_t fault = {0};
    lp_board_t *board = NULL;
    lp_boot_chart_t chart;
    lp_interrupt_catch();
    lp_exit_t rc = lp_board_open(options, &board, &fault);
    if (rc == LP_EXIT_OK) {
        rc = lp_board_has_no_log(options) ? fetch_boot(board, &chart, &fault)
                                          : watch_boot(board, &chart, &fault);
    }
    lp_board_close(board);
    if (rc == LP_EXIT_OK) {
        show_chart(&chart);
    }
    if (rc == LP_EXIT_OK && !chart.is_done) {
        lp_fault_set(&fault, LP_EXIT_UNPROVEN, "not-connected",
                     "no message was acknowledged within %d s", CHART_MS / 1000);
        lp_fault_next(&fault, "limpet call Cloud.Status says what it waits for");
        rc = LP_EXIT_UNPROVEN;
    }
    return rc == LP_EXIT_OK ? LP_EXIT_OK : lp_fault_print(&fault);
}

int lp_cmd_reboot(int argc, char **argv)
{
    static const int exits[] = {LP_EXIT_NO_BOARD, LP_EXIT_UNPROVEN, LP_EXIT_LOCAL, LP_EXIT_BOARD,
                                0};
    static const lp_help_t help = {
        .name = "reboot",
        .args = "",
        .summary = "Restarts a board and waits until it answers again.",
        .examples = {"limpet reboot", "limpet reboot --no-wait", "limpet reboot --chart", NULL},
        .exit_codes = exits,
    };
    lp_board_options_t options = {.port = "auto"};
    bool is_leaving = false;
    bool is_chart = false;
    const lp_opt_t opts[] = {
        LP_BOARD_FLAGS(options),
        {"no-wait", LP_OPT_BOOL, &is_leaving, NULL, "do not wait until it is back"},
        {"chart", LP_OPT_BOOL, &is_chart, NULL,
         "show what its start takes, up to the first acknowledged message (log.level debug has "
         "more)"},
    };
    int n_args = 0;
    int rc = lp_opt_parse(&help, opts, sizeof opts / sizeof opts[0], argc, argv, &n_args);
    if (rc != LP_OPT_GO_ON) {
        return rc;
    }
    return is_chart ? run_chart(&options) : run(&options, !is_leaving);
}
