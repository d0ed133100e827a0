// SPDX-License-Identifier: Apache-2.0
// limpet build: an application's firmware, on this computer.
#include <cjson/cJSON.h>
#include <sys/stat.h>

#include "limpet/cmd.h"
#include "limpet/opt.h"
#include "sdk.h"

static void report(const app_manifest_t *m, const app_board_t *board, const char *image)
{
    struct stat st = {0};
    cJSON *line = cJSON_CreateObject();
    (void)stat(image, &st);
    lp_ui_out("%s for %s: %s", m->name, board->name, image);
    cJSON_AddStringToObject(line, "app", m->name);
    cJSON_AddStringToObject(line, "board", board->name);
    cJSON_AddStringToObject(line, "image", image);
    cJSON_AddNumberToObject(line, "file_bytes", (double)st.st_size);
    lp_ui_json_tree(line);
}

static int run(const char *folder, const char *board_name, const char *sdk_wish)
{
    lp_fault_t fault = {0};
    app_manifest_t manifest;
    char sdk[APP_PATH];
    char image[APP_PATH];
    const app_board_t *board = app_board_find(board_name, &fault);
    lp_interrupt_catch();
    lp_exit_t rc = board != NULL ? app_manifest_load(&manifest, folder, &fault) : fault.exit;
    if (rc == LP_EXIT_OK) {
        rc = app_sdk_find(sdk_wish, sdk, &fault);
    }
    if (rc == LP_EXIT_OK) {
        rc = app_build(&manifest, board, sdk, image, &fault);
    }
    if (rc != LP_EXIT_OK) {
        return lp_fault_print(&fault);
    }
    report(&manifest, board, image);
    return LP_EXIT_OK;
}

int lp_cmd_build(int argc, char **argv)
{
    static const int exits[] = {LP_EXIT_LOCAL, LP_EXIT_INTERRUPTED, 0};
    static const lp_help_t help = {
        .name = "build",
        .args = "[FOLDER]",
        .summary = "Builds the application in a folder (default: here).",
        .examples = {"limpet build", "limpet build my-sensor --board qemu-lx106", NULL},
        .notes = "The image is in FOLDER/build/BOARD. Everything is built on this computer.",
        .exit_codes = exits,
        .max_args = 1,
    };
    const char *board = "posix";
    const char *sdk = "";
    const lp_opt_t opts[] = {
        {"board", LP_OPT_STR, &board, "BOARD", "posix (this computer), qemu-mps2, qemu-lx106"},
        {"sdk", LP_OPT_STR, &sdk, "DIR", "Limpet's sources (default: where this tool comes from)"},
    };
    int n_args = 0;
    int rc = lp_opt_parse(&help, opts, sizeof opts / sizeof opts[0], argc, argv, &n_args);
    return rc == LP_OPT_GO_ON ? run(n_args > 0 ? argv[1] : ".", board, sdk) : rc;
}
