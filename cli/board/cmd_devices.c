// SPDX-License-Identifier: Apache-2.0
// limpet devices: the boards that can be seen.
#include <cjson/cJSON.h>

#include "limpet/board.h"
#include "limpet/cmd.h"
#include "limpet/opt.h"

enum { MAX_SHOWN = 64 };

static void show(const lp_board_found_t *found)
{
    lp_ui_out("%-14s %-40s %s", found->id[0] != '\0' ? found->id : "-", found->port, found->about);
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "port", found->port);
    cJSON_AddStringToObject(object, "id", found->id);
    cJSON_AddStringToObject(object, "about", found->about);
    cJSON_AddBoolToObject(object, "virtual", found->is_virtual);
    lp_ui_json_tree(object);
}

int lp_cmd_devices(int argc, char **argv)
{
    static const lp_help_t help = {
        .name = "devices",
        .args = "",
        .summary = "Lists the boards that are connected, without opening any of them.",
        .examples = {"limpet devices", "limpet devices --json", NULL},
    };
    int n_args = 0;
    int rc = lp_opt_parse(&help, NULL, 0, argc, argv, &n_args);
    if (rc != LP_OPT_GO_ON) {
        return rc;
    }
    lp_board_found_t found[MAX_SHOWN];
    size_t n = 0;
    lp_board_list(found, MAX_SHOWN, &n);
    for (size_t i = 0; i < n && i < MAX_SHOWN; i++) {
        show(&found[i]);
    }
    if (n == 0) {
        lp_ui_info("no board found: no USB serial port, no virtual board is running");
    }
    return LP_EXIT_OK;
}
