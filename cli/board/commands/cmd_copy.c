// SPDX-License-Identifier: Apache-2.0
// limpet get, cat, put: files between a board and this computer.
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "board_files.h"
#include "limpet/board_cmd.h"
#include "limpet/cmd.h"

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
        .exit_codes = lp_board_exits,
        .max_args = 2,
    };
    lp_board_options_t options = {.port = "auto"};
    const lp_opt_t opts[] = {LP_BOARD_FLAGS(options)};
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
    return lp_fault_end(status, &fault);
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
        .exit_codes = lp_board_exits,
        .max_args = 1,
    };
    lp_board_options_t options = {.port = "auto"};
    const lp_opt_t opts[] = {LP_BOARD_FLAGS(options)};
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
    return lp_fault_end(status, &fault);
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
        .exit_codes = lp_board_exits,
        .max_args = 2,
    };
    lp_board_options_t options = {.port = "auto"};
    const lp_opt_t opts[] = {LP_BOARD_FLAGS(options)};
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
    return lp_fault_end(status, &fault);
}
