// SPDX-License-Identifier: Apache-2.0
// limpet call: any method of a board, from the command line.
#include <cjson/cJSON.h>
#include <stdio.h>

#include "limpet/board_cmd.h"
#include "limpet/cmd.h"

static void show_result(cJSON *result)
{
    if (lp_ui.json) {
        cJSON *line = cJSON_CreateObject();
        cJSON_AddItemToObject(line, "result", result);
        lp_ui_json_tree(line);
        return;
    }
    char *text = cJSON_Print(result);
    lp_ui_out_long(text != NULL ? text : "");
    cJSON_free(text);
    cJSON_Delete(result);
}

static int run(const lp_board_options_t *options, const char *method, cJSON *params,
               long timeout_ms)
{
    lp_fault_t fault = {0};
    cJSON *result = NULL;
    const lp_exit_t rc =
        lp_board_call_once(options, method, params, (int)timeout_ms, &result, &fault);
    if (rc != LP_EXIT_OK) {
        return lp_fault_print(&fault);
    }
    show_result(result);
    return LP_EXIT_OK;
}

int lp_cmd_call(int argc, char **argv)
{
    static const lp_help_t help = {
        .name = "call",
        .args = "METHOD [PARAMS]",
        .summary = "Calls a method of a board and prints its result as JSON.",
        .examples = {"limpet call Sys.GetInfo", "limpet call Config.Get '{\"key\":\"cloud\"}'",
                     NULL},
        .notes =
            "limpet call RPC.List lists the methods.\n"
            "A board is reached by its serial port, its id, or tcp://HOST:PORT, http://HOST:PORT,\n"
            "ws://HOST:PORT (limpet auth-set makes the account for these).",
        .exit_codes = lp_board_exits,
        .max_args = 2,
    };
    lp_board_options_t options = {.port = "auto"};
    long timeout_ms = 0;
    const lp_opt_t opts[] = {
        LP_BOARD_FLAGS_URL(options),
        {"timeout-ms", LP_OPT_INT, &timeout_ms, "MS", "how long to wait (the method's usual time)"},
    };
    int n_args = 0;
    int rc = lp_opt_parse(&help, opts, sizeof opts / sizeof opts[0], argc, argv, &n_args);
    if (rc != LP_OPT_GO_ON) {
        return rc;
    }
    if (n_args < 1 || timeout_ms < 0 || timeout_ms > 600000) {
        return lp_ui_fail(LP_EXIT_USAGE, "usage",
                          n_args < 1 ? "name the method to call" : "--timeout-ms is out of range",
                          NULL, "limpet call RPC.List lists the methods");
    }
    cJSON *params = n_args > 1 ? cJSON_Parse(argv[2]) : NULL;
    if (n_args > 1 && params == NULL) {
        return lp_ui_fail(LP_EXIT_USAGE, "usage", "the parameters are not JSON", NULL,
                          "put them in single quotes: '{\"key\":\"cloud\"}'");
    }
    return run(&options, argv[1], params, timeout_ms);
}
