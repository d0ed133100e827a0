// SPDX-License-Identifier: Apache-2.0
// limpet crash: what a board keeps of its crashes, as a backtrace.
#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "limpet/base64.h"
#include "limpet/board_cmd.h"
#include "limpet/cmd.h"
#include "limpet/crashdump.h"

enum { LINE_MAX_READ = 8192 };

static const lp_help_t help = {
    .name = "crash",
    .args = "[show [INDEX] | list | save FILE [INDEX] | clear | decode FILE]",
    .summary = "Shows where a board crashed: functions, files and lines.",
    .examples = {"limpet crash", "limpet crash decode console.log", "limpet crash clear --yes",
                 NULL},
    .notes = "The image is found by its build id in the build folders of this folder, its parents, "
             "the applications in it\nand of this tool; --elf names another. decode reads a saved "
             "dump, or a log of a console "
             "with dumps in it.\nLines with ? are found on the stack only. A board keeps "
             "the first crash until clear.",
    .exit_codes =
        (const int[]){LP_EXIT_NO_BOARD, LP_EXIT_CONFLICT, LP_EXIT_LOCAL, LP_EXIT_BOARD, 0},
    .max_args = 3,
};

typedef struct {
    lp_board_options_t board;
    const char *elf;
    bool is_sure;
} options_t;

static int usage(const char *what)
{
    return lp_ui_fail(LP_EXIT_USAGE, "usage", what, NULL, "limpet crash --help");
}

// ---- from a board

static lp_exit_t take_part(const cJSON *result, uint8_t *bytes, size_t *len, double *left,
                           lp_fault_t *f)
{
    const char *data = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(result, "data"));
    const cJSON *rest = cJSON_GetObjectItemCaseSensitive(result, "left");
    lp_buf_t out = lp_buf(bytes + *len, LP_CRASHDUMP_MAX - *len);
    if (data == NULL || !cJSON_IsNumber(rest) ||
        lp_base64_decode(&out, lp_span(data, strlen(data))) != LP_OK ||
        (out.len == 0 && rest->valuedouble > 0)) {
        return lp_fault_set(f, LP_EXIT_BOARD, "board-garbled", "the board's dump makes no sense");
    }
    *len += out.len;
    *left = rest->valuedouble;
    return LP_EXIT_OK;
}

static lp_exit_t fetch(lp_board_t *board, long index, uint8_t *bytes, size_t *len, lp_fault_t *f)
{
    double left = 1;
    lp_exit_t rc = LP_EXIT_OK;
    *len = 0;
    while (rc == LP_EXIT_OK && left > 0) {
        cJSON *result = NULL;
        cJSON *params = cJSON_CreateObject();
        cJSON_AddNumberToObject(params, "index", (double)index);
        cJSON_AddNumberToObject(params, "offset", (double)*len);
        rc = lp_board_call(board, "Crash.Read", params, 0, &result, f);
        if (rc == LP_EXIT_OK) {
            rc = take_part(result, bytes, len, &left, f);
        }
        cJSON_Delete(result);
    }
    return rc;
}

static void say_missed(const cJSON *info)
{
    const double missed = cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(info, "missed"));
    if (missed > 0) {
        lp_ui_warn("%.0f more crashes had no place; limpet crash clear makes room", missed);
    }
}

static lp_exit_t show_all(lp_board_t *board, const options_t *o, const cJSON *info, lp_fault_t *f)
{
    static uint8_t bytes[LP_CRASHDUMP_MAX];
    const cJSON *crashes = cJSON_GetObjectItemCaseSensitive(info, "crashes");
    const cJSON *crash = NULL;
    lp_exit_t rc = LP_EXIT_OK;
    if (cJSON_GetArraySize(crashes) == 0) {
        lp_ui_out("the board keeps no crash");
    }
    cJSON_ArrayForEach(crash, crashes)
    {
        const cJSON *index = cJSON_GetObjectItemCaseSensitive(crash, "index");
        size_t len = 0;
        rc = cJSON_IsNumber(index) ? fetch(board, index->valueint, bytes, &len, f)
                                   : lp_fault_set(f, LP_EXIT_BOARD, "board-garbled",
                                                  "the board's list of crashes makes no sense");
        if (rc == LP_EXIT_OK) {
            rc = lp_crashdump_show(bytes, len, o->elf, true, f);
        }
        if (rc != LP_EXIT_OK) {
            break;
        }
    }
    return rc;
}

static void list_one(const cJSON *crash)
{
    const char *reason = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(crash, "reason"));
    const char *app = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(crash, "app"));
    const char *id = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(crash, "build_id"));
    lp_ui_out("%.0f  %-8s  %s, boot %.0f, %.1f s after its start, build %.8s%s",
              cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(crash, "index")),
              reason != NULL ? reason : "?", app != NULL ? app : "?",
              cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(crash, "boot")),
              cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(crash, "uptime_ms")) / 1000,
              id != NULL ? id : "?",
              cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(crash, "is_this_build"))
                  ? " (another one is on the board now)"
                  : "");
}

static void list_all(cJSON *info)
{
    const cJSON *crash = NULL;
    cJSON_ArrayForEach(crash, cJSON_GetObjectItemCaseSensitive(info, "crashes"))
    {
        list_one(crash);
    }
    lp_ui_json_tree(cJSON_Duplicate(info, true));
}

static lp_exit_t save(lp_board_t *board, const char *path, long index, lp_fault_t *f)
{
    static uint8_t bytes[LP_CRASHDUMP_MAX];
    size_t len = 0;
    const lp_exit_t rc = fetch(board, index, bytes, &len, f);
    if (rc != LP_EXIT_OK) {
        return rc;
    }
    FILE *file = fopen(path, "wbx");
    const bool is_written = file != NULL && fwrite(bytes, 1, len, file) == len;
    const int error = errno;
    if (file == NULL || fclose(file) != 0 || !is_written) {
        lp_fault_set(f, LP_EXIT_LOCAL, "file-write", "cannot write %.200s", path);
        lp_fault_why(f, "%s", strerror(error));
        return f->exit;
    }
    lp_ui_out("%zu bytes in %s; limpet crash decode %s shows them", len, path, path);
    return LP_EXIT_OK;
}

static lp_exit_t clear(lp_board_t *board, bool is_sure, lp_fault_t *f)
{
    cJSON *info = NULL;
    lp_exit_t rc = lp_board_call(board, "Sys.GetInfo", NULL, 0, &info, f);
    const char *id = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(info, "id"));
    if (rc == LP_EXIT_OK) {
        rc = lp_ui_ask("Forget the board's crashes?", is_sure);
        f->exit = rc;
    }
    if (rc == LP_EXIT_OK) {
        cJSON *result = NULL;
        cJSON *params = cJSON_CreateObject();
        cJSON_AddStringToObject(params, "confirm", id != NULL ? id : "");
        rc = lp_board_call(board, "Crash.Clear", params, 0, &result, f);
        cJSON_Delete(result);
    }
    cJSON_Delete(info);
    return rc;
}

static lp_exit_t with_board(lp_board_t *board, const options_t *o, int n, char **argv,
                            lp_fault_t *f)
{
    const char *what = n > 0 ? argv[1] : "show";
    cJSON *info = NULL;
    if (strcmp(what, "clear") == 0) {
        return clear(board, o->is_sure, f);
    }
    if (strcmp(what, "save") == 0) {
        return save(board, argv[2], n > 2 ? strtol(argv[3], NULL, 10) : 0, f);
    }
    if (strcmp(what, "show") == 0 && n > 1) {
        static uint8_t bytes[LP_CRASHDUMP_MAX];
        size_t len = 0;
        const lp_exit_t rc = fetch(board, strtol(argv[2], NULL, 10), bytes, &len, f);
        return rc == LP_EXIT_OK ? lp_crashdump_show(bytes, len, o->elf, true, f) : rc;
    }
    lp_exit_t rc = lp_board_call(board, "Crash.Info", NULL, 0, &info, f);
    if (rc == LP_EXIT_OK && strcmp(what, "list") == 0) {
        list_all(info);
    } else if (rc == LP_EXIT_OK) {
        rc = show_all(board, o, info, f);
    }
    say_missed(info);
    cJSON_Delete(info);
    return rc;
}

// ---- from a file

static lp_exit_t no_dump(const char *path, lp_fault_t *f)
{
    lp_fault_set(f, LP_EXIT_LOCAL, "crash-none", "there is no dump in %.200s", path);
    lp_fault_why(f, "neither a saved dump, nor lines from BEGIN to END LIMPET CRASH");
    lp_fault_next(f, "save what limpet console shows, or limpet crash save FILE");
    return f->exit;
}

static lp_exit_t decode_lines(FILE *file, const char *path, const char *elf, lp_fault_t *f)
{
    static lp_crash_reader_t reader;
    char line[LINE_MAX_READ];
    unsigned shown = 0;
    lp_exit_t rc = LP_EXIT_OK;
    reader = (lp_crash_reader_t){.len = 0};
    while (rc == LP_EXIT_OK && fgets(line, sizeof line, file) != NULL) {
        // The marks may have something in front, such as a time.
        const char *mark = strstr(line, "--- ");
        if (lp_crash_reader_feed(&reader, mark != NULL ? mark : line) == LP_CRASH_LINE_WHOLE) {
            rc = lp_crashdump_show(reader.bytes, reader.len, elf, true, f);
            shown++;
        }
    }
    return rc == LP_EXIT_OK && shown == 0 ? no_dump(path, f) : rc;
}

static lp_exit_t decode(const char *path, const char *elf, lp_fault_t *f)
{
    static uint8_t bytes[LP_CRASHDUMP_MAX];
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        lp_fault_set(f, LP_EXIT_LOCAL, "file-read", "cannot read %.200s", path);
        lp_fault_why(f, "%s", strerror(errno));
        return f->exit;
    }
    const size_t len = fread(bytes, 1, sizeof bytes, file);
    lp_exit_t rc = LP_EXIT_OK;
    if (len >= 4 && memcmp(bytes, "LPCR", 4) == 0) {
        rc = lp_crashdump_show(bytes, len, elf, true, f);
    } else {
        rewind(file);
        rc = decode_lines(file, path, elf, f);
    }
    fclose(file);
    return rc;
}

// ---- the command

static bool is_known(int n, char **argv)
{
    const char *what = n > 0 ? argv[1] : "show";
    const bool is_alone = strcmp(what, "list") == 0 || strcmp(what, "clear") == 0;
    return (strcmp(what, "show") == 0 && n <= 2) || (is_alone && n == 1) ||
           (strcmp(what, "save") == 0 && n >= 2) || (strcmp(what, "decode") == 0 && n == 2);
}

static int run(const options_t *o, int n, char **argv)
{
    lp_fault_t fault = {0};
    lp_board_t *board = NULL;
    lp_exit_t rc = LP_EXIT_OK;
    if (n > 0 && strcmp(argv[1], "decode") == 0) {
        rc = decode(argv[2], o->elf, &fault);
        return rc == LP_EXIT_OK ? LP_EXIT_OK : lp_fault_print(&fault);
    }
    lp_interrupt_catch();
    rc = lp_board_open(&o->board, &board, &fault);
    if (rc == LP_EXIT_OK) {
        rc = with_board(board, o, n, argv, &fault);
    }
    lp_board_close(board);
    const bool is_said = rc == LP_EXIT_DECLINED || rc == LP_EXIT_OK;
    return is_said ? (int)rc : lp_fault_print(&fault);
}

int lp_cmd_crash(int argc, char **argv)
{
    options_t o = {.board = {.port = "auto"}};
    const lp_opt_t opts[] = {
        LP_BOARD_FLAGS_URL(o.board),
        {"elf", LP_OPT_STR, &o.elf, "FILE", "the image that crashed, with its names and lines"},
        {"yes", LP_OPT_BOOL, &o.is_sure, NULL, "do not ask"},
    };
    int n = 0;
    const int rc = lp_opt_parse(&help, opts, sizeof opts / sizeof opts[0], argc, argv, &n);
    if (rc != LP_OPT_GO_ON) {
        return rc;
    }
    return is_known(n, argv) ? run(&o, n, argv)
                             : usage("show, list, save FILE, clear or decode FILE");
}

// As mos has it: [FILE [ELF]].
int lp_cmd_debug_core_dump(int argc, char **argv)
{
    options_t o = {.board = {.port = "auto"}};
    static const int exits[] = {LP_EXIT_NO_BOARD, LP_EXIT_CONFLICT, LP_EXIT_LOCAL, LP_EXIT_BOARD,
                                0};
    static const lp_help_t mos_help = {
        .name = "debug-core-dump",
        .args = "[FILE [ELF]]",
        .summary = "Shows where a board crashed: limpet crash under the name that mos has.",
        .examples = {"limpet debug-core-dump", "limpet debug-core-dump console.log", NULL},
        .exit_codes = exits,
        .max_args = 2,
    };
    const lp_opt_t opts[] = {
        LP_BOARD_FLAGS_URL(o.board),
    };
    int n = 0;
    const int rc = lp_opt_parse(&mos_help, opts, sizeof opts / sizeof opts[0], argc, argv, &n);
    if (rc != LP_OPT_GO_ON) {
        return rc;
    }
    char decode_word[] = "decode", show_word[] = "show";
    char *args[] = {argv[0], n > 0 ? decode_word : show_word, n > 0 ? argv[1] : NULL, NULL};
    o.elf = n > 1 ? argv[2] : NULL;
    return run(&o, n > 0 ? 2 : 1, args);
}
