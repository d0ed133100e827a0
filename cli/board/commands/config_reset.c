// SPDX-License-Identifier: Apache-2.0
// limpet config-confirm, factory-reset.
#include <cjson/cJSON.h>

#include "confirm.h"
#include "limpet/board_cmd.h"
#include "limpet/cmd.h"

int lp_cmd_config_confirm(int argc, char **argv)
{
    static const lp_help_t help = {
        .name = "config-confirm",
        .args = "",
        .summary = "Keeps the settings that a board is trying (config-set --try-once).",
        .examples = {"limpet config-confirm", NULL},
        .exit_codes = lp_board_exits,
    };
    lp_board_options_t options = {.port = "auto"};
    const lp_opt_t opts[] = {
        LP_BOARD_FLAGS(options),
    };
    int n_args = 0;
    int rc = lp_opt_parse(&help, opts, sizeof opts / sizeof opts[0], argc, argv, &n_args);
    if (rc != LP_OPT_GO_ON) {
        return rc;
    }
    lp_fault_t fault = {0};
    cJSON *result = NULL;
    const lp_exit_t status =
        lp_board_call_once(&options, "Config.Confirm", NULL, 0, &result, &fault);
    cJSON_Delete(result);
    if (status == LP_EXIT_OK) {
        lp_ui_info("confirmed: the settings stay");
        lp_ui_json("{\"ok\":true}");
    }
    return lp_fault_end(status, &fault);
}

static lp_exit_t reset(lp_board_t *board, bool is_yes, lp_fault_t *f)
{
    const confirm_t order = {.method = "Config.Reset",
                             .question = "Remove all settings of the board",
                             .rest = ", its certificate too?",
                             .is_yes = is_yes};
    const lp_exit_t rc = confirm_and_call(board, &order, f);
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
    const lp_opt_t opts[] = {
        LP_BOARD_FLAGS(options),
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
        status = reset(board, is_yes, &fault);
    }
    return lp_board_end(board, status, &fault);
}
