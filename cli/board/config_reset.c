// SPDX-License-Identifier: Apache-2.0
// limpet config-confirm, factory-reset.
#include <cjson/cJSON.h>
#include <stdio.h>

#include "limpet/board.h"
#include "limpet/cmd.h"
#include "limpet/opt.h"

static lp_exit_t confirm(lp_board_t *board, lp_fault_t *f)
{
    cJSON *result = NULL;
    const lp_exit_t rc = lp_board_call(board, "Config.Confirm", NULL, 0, &result, f);
    cJSON_Delete(result);
    if (rc == LP_EXIT_OK) {
        lp_ui_info("confirmed: the settings stay");
    }
    return rc;
}

int lp_cmd_config_confirm(int argc, char **argv)
{
    static const int exits[] = {LP_EXIT_NO_BOARD, LP_EXIT_LOCAL, LP_EXIT_BOARD, 0};
    static const lp_help_t help = {
        .name = "config-confirm",
        .args = "",
        .summary = "Keeps the settings that a board is trying (config-set --try-once).",
        .examples = {"limpet config-confirm", NULL},
        .exit_codes = exits,
    };
    lp_board_options_t options = {.port = "auto"};
    const lp_opt_t opts[] = {
        {"port", LP_OPT_STR, &options.port, "PORT", "auto, a device, a board's id, tcp:host:port"},
        {"baud", LP_OPT_INT, &options.baud, "RATE", "speed of a real serial port (115200)"},
    };
    int n_args = 0;
    int rc = lp_opt_parse(&help, opts, sizeof opts / sizeof opts[0], argc, argv, &n_args);
    if (rc != LP_OPT_GO_ON) {
        return rc;
    }
    lp_fault_t fault = {0};
    lp_board_t *board = NULL;
    lp_interrupt_catch();
    lp_exit_t status = lp_board_open(&options, &board, &fault);
    if (status == LP_EXIT_OK) {
        status = confirm(board, &fault);
    }
    lp_board_close(board);
    if (status != LP_EXIT_OK) {
        return lp_fault_print(&fault);
    }
    lp_ui_json("{\"ok\":true}");
    return LP_EXIT_OK;
}

// *declined: the question was answered with no, which is said already.
static lp_exit_t reset(lp_board_t *board, bool is_yes, bool *declined, lp_fault_t *f)
{
    cJSON *info = NULL;
    cJSON *result = NULL;
    char id[64];
    char question[160];
    lp_exit_t rc = lp_board_call(board, "Sys.GetInfo", NULL, 0, &info, f);
    if (rc != LP_EXIT_OK) {
        return rc;
    }
    const cJSON *found = cJSON_GetObjectItemCaseSensitive(info, "id");
    snprintf(id, sizeof id, "%s", cJSON_IsString(found) ? found->valuestring : "");
    cJSON_Delete(info);
    snprintf(question, sizeof question,
             "Remove all settings of the board %.63s, its certificate too?", id);
    rc = lp_ui_ask(question, is_yes);
    *declined = rc != LP_EXIT_OK;
    if (*declined) {
        return rc;
    }
    cJSON *params = cJSON_CreateObject();
    cJSON_AddStringToObject(params, "confirm", id);
    rc = lp_board_call(board, "Config.Reset", params, 0, &result, f);
    cJSON_Delete(result);
    if (rc == LP_EXIT_OK) {
        lp_ui_info("all settings are at their defaults; the board restarts. Its key, counters and "
                   "files stay");
        lp_ui_json("{\"ok\":true}");
    }
    return rc;
}

int lp_cmd_factory_reset(int argc, char **argv)
{
    static const int exits[] = {LP_EXIT_NO_BOARD, LP_EXIT_DECLINED, LP_EXIT_LOCAL, LP_EXIT_BOARD,
                                0};
    static const lp_help_t help = {
        .name = "factory-reset",
        .args = "",
        .summary = "Removes all settings of a board; its key, counters and files stay.",
        .examples = {"limpet factory-reset", NULL},
        .notes = "limpet fs mkfs removes the files.",
        .exit_codes = exits,
    };
    lp_board_options_t options = {.port = "auto"};
    bool is_yes = false;
    bool declined = false;
    const lp_opt_t opts[] = {
        {"port", LP_OPT_STR, &options.port, "PORT", "auto, a device, a board's id, tcp:host:port"},
        {"baud", LP_OPT_INT, &options.baud, "RATE", "speed of a real serial port (115200)"},
        {"yes", LP_OPT_BOOL, &is_yes, NULL, "do not ask"},
    };
    int n_args = 0;
    int rc = lp_opt_parse(&help, opts, sizeof opts / sizeof opts[0], argc, argv, &n_args);
    if (rc != LP_OPT_GO_ON) {
        return rc;
    }
    lp_fault_t fault = {0};
    lp_board_t *board = NULL;
    lp_interrupt_catch();
    lp_exit_t status = lp_board_open(&options, &board, &fault);
    if (status == LP_EXIT_OK) {
        status = reset(board, is_yes, &declined, &fault);
    }
    lp_board_close(board);
    if (status == LP_EXIT_OK || declined) {
        return (int)status;
    }
    return lp_fault_print(&fault);
}
