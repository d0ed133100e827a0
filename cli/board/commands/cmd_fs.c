// SPDX-License-Identifier: Apache-2.0
// limpet ls, rm, fs: which files a board has, and how much room.
#include <cjson/cJSON.h>
#include <string.h>

#include "board_files.h"
#include "confirm.h"
#include "limpet/board_cmd.h"
#include "limpet/cmd.h"

// -- ls

static void show_list(cJSON *list)
{
    const cJSON *file = NULL;
    if (lp_ui.json) {
        cJSON *line = cJSON_CreateObject();
        cJSON_AddItemToObject(line, "files", list);
        lp_ui_json_tree(line);
        return;
    }
    cJSON_ArrayForEach(file, list)
    {
        const cJSON *name = cJSON_GetObjectItemCaseSensitive(file, "name");
        const cJSON *size = cJSON_GetObjectItemCaseSensitive(file, "size");
        if (cJSON_IsString(name) && cJSON_IsNumber(size)) {
            lp_ui_out("%8.0f  %s", size->valuedouble, name->valuestring);
        }
    }
    cJSON_Delete(list);
}

int lp_cmd_ls(int argc, char **argv)
{
    static const lp_help_t help = {
        .name = "ls",
        .args = "",
        .summary = "Lists the files of a board, with their sizes in bytes.",
        .examples = {"limpet ls", NULL},
        .exit_codes = lp_board_exits,
    };
    lp_board_options_t options = {.port = "auto"};
    const lp_opt_t opts[] = {LP_BOARD_FLAGS(options)};
    int n_args = 0;
    int rc = lp_opt_parse(&help, opts, sizeof opts / sizeof opts[0], argc, argv, &n_args);
    if (rc != LP_OPT_GO_ON) {
        return rc;
    }
    lp_fault_t fault = {0};
    cJSON *list = NULL;
    const lp_exit_t status = lp_board_call_once(&options, "FS.ListExt", NULL, 0, &list, &fault);
    if (status == LP_EXIT_OK) {
        show_list(list);
    }
    return lp_fault_end(status, &fault);
}

// -- rm

static lp_exit_t remove_all(lp_board_t *board, int n, char **names, lp_fault_t *f)
{
    lp_exit_t rc = LP_EXIT_OK;
    for (int i = 0; rc == LP_EXIT_OK && i < n; i++) {
        rc = lp_board_files_remove(board, names[i], f);
        if (rc == LP_EXIT_OK) {
            lp_ui_info("removed %s", names[i]);
        }
    }
    return rc;
}

int lp_cmd_rm(int argc, char **argv)
{
    static const lp_help_t help = {
        .name = "rm",
        .args = "NAME...",
        .summary = "Removes files of a board, and what an unfinished put of them has left.",
        .examples = {"limpet rm old.txt", NULL},
        .exit_codes = lp_board_exits,
        .max_args = -1,
    };
    lp_board_options_t options = {.port = "auto"};
    const lp_opt_t opts[] = {LP_BOARD_FLAGS(options)};
    int n_args = 0;
    int rc = lp_opt_parse(&help, opts, sizeof opts / sizeof opts[0], argc, argv, &n_args);
    if (rc != LP_OPT_GO_ON) {
        return rc;
    }
    if (n_args == 0) {
        return lp_ui_fail(LP_EXIT_USAGE, "usage", "name the files to remove", NULL,
                          "limpet ls lists the board's files");
    }
    lp_fault_t fault = {0};
    lp_board_t *board = NULL;
    lp_interrupt_catch();
    lp_exit_t status = lp_board_open(&options, &board, &fault);
    if (status == LP_EXIT_OK) {
        status = remove_all(board, n_args, argv + 1, &fault);
    }
    if (status == LP_EXIT_OK) {
        lp_ui_json("{\"ok\":true}");
    }
    return lp_board_end(board, status, &fault);
}

// -- fs

static void show_info(cJSON *info)
{
    const cJSON *staged = cJSON_GetObjectItemCaseSensitive(info, "staged");
    const cJSON *file = NULL;
    if (lp_ui.json) {
        lp_ui_json_tree(info);
        return;
    }
    lp_ui_out("%.0f of %.0f bytes free, %.0f of %.0f files, a file may have %.0f bytes",
              lp_json_number(info, "free"), lp_json_number(info, "size"),
              lp_json_number(info, "files"), lp_json_number(info, "max_files"),
              lp_json_number(info, "max_file"));
    cJSON_ArrayForEach(file, staged)
    {
        const cJSON *name = cJSON_GetObjectItemCaseSensitive(file, "name");
        lp_ui_out("unfinished: %s, %.0f bytes so far (put it again, or rm it)",
                  cJSON_IsString(name) ? name->valuestring : "?", lp_json_number(file, "size"));
    }
    cJSON_Delete(info);
}

static lp_exit_t make_new(lp_board_t *board, bool is_yes, lp_fault_t *f)
{
    const confirm_t order = {.method = "FS.Mkfs",
                             .question = "Erase all files of the board",
                             .rest = "?",
                             .is_yes = is_yes};
    const lp_exit_t rc = confirm_and_call(board, &order, f);
    if (rc == LP_EXIT_OK) {
        lp_ui_info("the board has an empty file system");
        lp_ui_json("{\"ok\":true}");
    }
    return rc;
}

int lp_cmd_fs(int argc, char **argv)
{
    static const int exits[] = {LP_EXIT_NO_BOARD, LP_EXIT_DECLINED, LP_EXIT_LOCAL, LP_EXIT_BOARD,
                                0};
    static const lp_help_t help = {
        .name = "fs",
        .args = "[info|mkfs]",
        .summary = "Says how full a board's file system is, or makes a new, empty one.",
        .examples = {"limpet fs", "limpet fs mkfs", NULL},
        .exit_codes = exits,
        .max_args = 1,
    };
    lp_board_options_t options = {.port = "auto"};
    bool is_yes = false;
    const lp_opt_t opts[] = {LP_BOARD_FLAGS(options),
                             {"yes", LP_OPT_BOOL, &is_yes, NULL, "do not ask before erasing"}};
    int n_args = 0;
    int rc = lp_opt_parse(&help, opts, sizeof opts / sizeof opts[0], argc, argv, &n_args);
    if (rc != LP_OPT_GO_ON) {
        return rc;
    }
    const char *what = n_args > 0 ? argv[1] : "info";
    const bool is_mkfs = strcmp(what, "mkfs") == 0;
    if (!is_mkfs && strcmp(what, "info") != 0) {
        return lp_ui_fail(LP_EXIT_USAGE, "usage", "fs knows info and mkfs", NULL,
                          "limpet fs --help");
    }
    lp_fault_t fault = {0};
    lp_board_t *board = NULL;
    cJSON *info = NULL;
    lp_interrupt_catch();
    lp_exit_t status = lp_board_open(&options, &board, &fault);
    if (status == LP_EXIT_OK && is_mkfs) {
        status = make_new(board, is_yes, &fault);
    } else if (status == LP_EXIT_OK) {
        status = lp_board_call(board, "FS.Info", NULL, 0, &info, &fault);
        if (status == LP_EXIT_OK) {
            show_info(info);
        }
    }
    return lp_board_end(board, status, &fault);
}
