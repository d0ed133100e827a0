// SPDX-License-Identifier: Apache-2.0
// limpet ls, get, put, rm, cat, fs: a board's files.
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "board_files.h"
#include "limpet/cmd.h"
#include "limpet/opt.h"

static const int exits[] = {LP_EXIT_NO_BOARD, LP_EXIT_LOCAL, LP_EXIT_BOARD, 0};

#define BOARD_OPTS(options)                                                                        \
    {"port", LP_OPT_STR, &(options).port, "PORT", "auto, a device, a board's id, tcp:host:port"},  \
    {                                                                                              \
        "baud", LP_OPT_INT, &(options).baud, "RATE", "speed of a real serial port (115200)"        \
    }

static int finish(lp_board_t *board, lp_exit_t rc, const lp_fault_t *fault)
{
    lp_board_close(board);
    return rc == LP_EXIT_OK ? LP_EXIT_OK : lp_fault_print(fault);
}

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
        .exit_codes = exits,
    };
    lp_board_options_t options = {.port = "auto"};
    const lp_opt_t opts[] = {BOARD_OPTS(options)};
    int n_args = 0;
    int rc = lp_opt_parse(&help, opts, sizeof opts / sizeof opts[0], argc, argv, &n_args);
    if (rc != LP_OPT_GO_ON) {
        return rc;
    }
    lp_fault_t fault = {0};
    lp_board_t *board = NULL;
    cJSON *list = NULL;
    lp_interrupt_catch();
    lp_exit_t status = lp_board_open(&options, &board, &fault);
    if (status == LP_EXIT_OK) {
        status = lp_board_call(board, "FS.ListExt", NULL, 0, &list, &fault);
    }
    if (status == LP_EXIT_OK) {
        show_list(list);
    }
    return finish(board, status, &fault);
}

// -- get and cat

// What is behind the last slash.
static const char *base_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

static lp_exit_t fetch(const lp_board_options_t *options, const char *name, lp_content_t *content,
                       lp_fault_t *f)
{
    lp_board_t *board = NULL;
    lp_interrupt_catch();
    lp_exit_t rc = lp_board_open(options, &board, f);
    if (rc == LP_EXIT_OK) {
        rc = lp_board_files_get(board, name, content, f);
    }
    lp_board_close(board);
    return rc;
}

int lp_cmd_get(int argc, char **argv)
{
    static const lp_help_t help = {
        .name = "get",
        .args = "NAME [FILE]",
        .summary = "Copies a file of a board to this computer.",
        .examples = {"limpet get log.txt", "limpet get log.txt /tmp/board-log.txt", NULL},
        .notes = "FILE appears when it is complete; until then an old one stays as it is.",
        .exit_codes = exits,
        .max_args = 2,
    };
    lp_board_options_t options = {.port = "auto"};
    const lp_opt_t opts[] = {BOARD_OPTS(options)};
    int n_args = 0;
    int rc = lp_opt_parse(&help, opts, sizeof opts / sizeof opts[0], argc, argv, &n_args);
    if (rc != LP_OPT_GO_ON) {
        return rc;
    }
    if (n_args == 0) {
        return lp_ui_fail(LP_EXIT_USAGE, "usage", "name the file to get", NULL,
                          "limpet ls lists the board's files");
    }
    const char *path = n_args > 1 ? argv[2] : argv[1];
    lp_fault_t fault = {0};
    lp_content_t content = {0};
    lp_exit_t status = fetch(&options, argv[1], &content, &fault);
    if (status == LP_EXIT_OK) {
        status = lp_content_save(&content, path, &fault);
    }
    if (status == LP_EXIT_OK) {
        lp_ui_info("%s: %zu bytes", path, content.len);
        cJSON *line = cJSON_CreateObject();
        cJSON_AddStringToObject(line, "file", path);
        cJSON_AddNumberToObject(line, "size", (double)content.len);
        lp_ui_json_tree(line);
    }
    lp_content_free(&content);
    return status == LP_EXIT_OK ? LP_EXIT_OK : lp_fault_print(&fault);
}

// A terminal gets text without its control characters; a file or a pipe each byte as it is.
static lp_exit_t show_content(const lp_content_t *content, lp_fault_t *f)
{
    if (lp_ui.json) {
        cJSON *line = cJSON_CreateObject();
        char *text = lp_content_base64(content);
        cJSON_AddStringToObject(line, "data", text != NULL ? text : "");
        cJSON_AddNumberToObject(line, "size", (double)content->len);
        free(text);
        lp_ui_json_tree(line);
        return LP_EXIT_OK;
    }
    if (!isatty(STDOUT_FILENO)) {
        const bool is_out =
            fwrite(content->bytes, 1, content->len, stdout) == content->len && fflush(stdout) == 0;
        return is_out
                   ? LP_EXIT_OK
                   : lp_fault_set(f, LP_EXIT_LOCAL, "file-write", "the output cannot be written");
    }
    char *text = calloc(1, content->len + 1);
    if (text == NULL) {
        return lp_fault_set(f, LP_EXIT_LOCAL, "no-memory", "out of memory");
    }
    for (size_t i = 0; i < content->len; i++) {
        text[i] = content->bytes[i] != 0 ? (char)content->bytes[i] : '?';
    }
    lp_ui_out_long(text);
    free(text);
    return LP_EXIT_OK;
}

int lp_cmd_cat(int argc, char **argv)
{
    static const lp_help_t help = {
        .name = "cat",
        .args = "NAME",
        .summary = "Prints a file of a board.",
        .examples = {"limpet cat log.txt", "limpet cat data.bin > data.bin", NULL},
        .notes = "With --json the content comes as base64.",
        .exit_codes = exits,
        .max_args = 1,
    };
    lp_board_options_t options = {.port = "auto"};
    const lp_opt_t opts[] = {BOARD_OPTS(options)};
    int n_args = 0;
    int rc = lp_opt_parse(&help, opts, sizeof opts / sizeof opts[0], argc, argv, &n_args);
    if (rc != LP_OPT_GO_ON) {
        return rc;
    }
    if (n_args == 0) {
        return lp_ui_fail(LP_EXIT_USAGE, "usage", "name the file to show", NULL,
                          "limpet ls lists the board's files");
    }
    lp_fault_t fault = {0};
    lp_content_t content = {0};
    lp_exit_t status = fetch(&options, argv[1], &content, &fault);
    if (status == LP_EXIT_OK) {
        status = show_content(&content, &fault);
    }
    lp_content_free(&content);
    return status == LP_EXIT_OK ? LP_EXIT_OK : lp_fault_print(&fault);
}

// -- put

static lp_exit_t send_file(const lp_board_options_t *options, const lp_content_t *content,
                           const char *name, lp_put_t *outcome, lp_fault_t *f)
{
    lp_board_t *board = NULL;
    lp_interrupt_catch();
    lp_exit_t rc = lp_board_open(options, &board, f);
    if (rc == LP_EXIT_OK) {
        rc = lp_board_files_put(board, name, content, outcome, f);
    }
    lp_board_close(board);
    return rc;
}

static void show_put(const char *name, const lp_content_t *content, const lp_put_t *outcome)
{
    if (outcome->is_unchanged) {
        lp_ui_info("%s is on the board already, byte for byte", name);
    } else if (outcome->resumed_at > 0) {
        lp_ui_info("%s: %zu bytes, of which %zu were there from an earlier try", name, content->len,
                   outcome->resumed_at);
    } else {
        lp_ui_info("%s: %zu bytes", name, content->len);
    }
    cJSON *line = cJSON_CreateObject();
    cJSON_AddStringToObject(line, "name", name);
    cJSON_AddNumberToObject(line, "size", (double)content->len);
    cJSON_AddBoolToObject(line, "unchanged", outcome->is_unchanged);
    cJSON_AddNumberToObject(line, "resumed_at", (double)outcome->resumed_at);
    lp_ui_json_tree(line);
}

int lp_cmd_put(int argc, char **argv)
{
    static const lp_help_t help = {
        .name = "put",
        .args = "FILE [NAME]",
        .summary = "Copies a file to a board.",
        .examples = {"limpet put index.html", "limpet put build/a.bin a.bin", NULL},
        .notes =
            "The board's old file stays until the new one is there completely. A put that was\n"
            "broken off goes on where it was when the same command is run again.",
        .exit_codes = exits,
        .max_args = 2,
    };
    lp_board_options_t options = {.port = "auto"};
    const lp_opt_t opts[] = {BOARD_OPTS(options)};
    int n_args = 0;
    int rc = lp_opt_parse(&help, opts, sizeof opts / sizeof opts[0], argc, argv, &n_args);
    if (rc != LP_OPT_GO_ON) {
        return rc;
    }
    if (n_args == 0) {
        return lp_ui_fail(LP_EXIT_USAGE, "usage", "name the file to put", NULL,
                          "limpet put --help");
    }
    const char *name = n_args > 1 ? argv[2] : base_of(argv[1]);
    lp_fault_t fault = {0};
    lp_content_t content = {0};
    lp_put_t outcome = {0};
    lp_exit_t status = lp_content_load(&content, argv[1], &fault);
    if (status == LP_EXIT_OK) {
        status = send_file(&options, &content, name, &outcome, &fault);
    }
    if (status == LP_EXIT_OK) {
        show_put(name, &content, &outcome);
    }
    lp_content_free(&content);
    return status == LP_EXIT_OK ? LP_EXIT_OK : lp_fault_print(&fault);
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
        .exit_codes = exits,
        .max_args = -1,
    };
    lp_board_options_t options = {.port = "auto"};
    const lp_opt_t opts[] = {BOARD_OPTS(options)};
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
    return finish(board, status, &fault);
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
    cJSON *info = NULL;
    lp_exit_t rc = lp_board_call(board, "Sys.GetInfo", NULL, 0, &info, f);
    if (rc != LP_EXIT_OK) {
        return rc;
    }
    const cJSON *id = cJSON_GetObjectItemCaseSensitive(info, "id");
    char question[160];
    snprintf(question, sizeof question, "Erase all files of the board %.60s?",
             cJSON_IsString(id) ? id->valuestring : "?");
    rc = lp_ui_ask(question, is_yes);
    if (rc != LP_EXIT_OK) { // said already
        cJSON_Delete(info);
        return rc;
    }
    cJSON *params = cJSON_CreateObject();
    cJSON *result = NULL;
    cJSON_AddStringToObject(params, "confirm", cJSON_IsString(id) ? id->valuestring : "");
    cJSON_Delete(info);
    rc = lp_board_call(board, "FS.Mkfs", params, 0, &result, f);
    cJSON_Delete(result);
    if (rc == LP_EXIT_OK) {
        lp_ui_info("the board has an empty file system");
        lp_ui_json("{\"ok\":true}");
    }
    return rc;
}

int lp_cmd_fs(int argc, char **argv)
{
    static const int fs_exits[] = {LP_EXIT_NO_BOARD, LP_EXIT_DECLINED, LP_EXIT_LOCAL, LP_EXIT_BOARD,
                                   0};
    static const lp_help_t help = {
        .name = "fs",
        .args = "[info|mkfs]",
        .summary = "Says how full a board's file system is, or makes a new, empty one.",
        .examples = {"limpet fs", "limpet fs mkfs", NULL},
        .exit_codes = fs_exits,
        .max_args = 1,
    };
    lp_board_options_t options = {.port = "auto"};
    bool is_yes = false;
    const lp_opt_t opts[] = {BOARD_OPTS(options),
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
    if (status != LP_EXIT_OK && fault.exit == LP_EXIT_OK) { // the question was answered with no
        lp_board_close(board);
        return (int)status;
    }
    return finish(board, status, &fault);
}
