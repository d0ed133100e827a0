// SPDX-License-Identifier: Apache-2.0
// limpet console: what a board logs, until Ctrl-C.
#include <cjson/cJSON.h>
#include <stdio.h>

#include "limpet/board.h"
#include "limpet/cmd.h"
#include "limpet/opt.h"

static void show_line(void *ctx, const char *line)
{
    (void)ctx;
    lp_ui_out("%s", line);
    cJSON *fields = cJSON_CreateObject();
    cJSON_AddStringToObject(fields, "text", line);
    lp_ui_event("log", fields);
}

int lp_cmd_console(int argc, char **argv)
{
    static const int exits[] = {LP_EXIT_NO_BOARD, LP_EXIT_LOCAL, LP_EXIT_BOARD, 0};
    static const lp_help_t help = {
        .name = "console",
        .args = "",
        .summary = "Shows what a board logs; Ctrl-C ends it.",
        .examples = {"limpet console", "limpet console --port /dev/ttyUSB0", NULL},
        .exit_codes = exits,
    };
    lp_board_options_t board_options = {.port = "auto"};
    const lp_opt_t opts[] = {
        {"port", LP_OPT_STR, &board_options.port, "PORT",
         "auto, a device, an id, or a URL (help call)"},
        {"baud", LP_OPT_INT, &board_options.baud, "RATE", "speed of a real serial port (115200)"},
    };
    int n_args = 0;
    int rc = lp_opt_parse(&help, opts, sizeof opts / sizeof opts[0], argc, argv, &n_args);
    if (rc != LP_OPT_GO_ON) {
        return rc;
    }
    lp_interrupt_catch();
    lp_fault_t fault = {0};
    lp_board_t *board = NULL;
    rc = (int)lp_board_listen(&board_options, &board, &fault);
    if (rc == LP_EXIT_OK) {
        lp_ui_info("listening on %s; Ctrl-C ends", lp_board_where(board));
        lp_board_on_log(board, show_line, NULL);
        rc = (int)lp_board_follow(board, &fault);
    }
    lp_board_close(board);
    return rc == LP_EXIT_OK ? rc : lp_fault_print(&fault);
}
