// SPDX-License-Identifier: Apache-2.0
// limpet console: what a board logs, until Ctrl-C; crashes with names and lines; what is typed is
// sent.
#include <cjson/cJSON.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "limpet/board_cmd.h"
#include "limpet/cmd.h"
#include "limpet/crashdump.h"
#include "limpet/rpc_frame.h"
#include "log_show.h"

enum { INPUT_MAX = 4096, ONE_LINE_MAX = 100, WAIT_MS = 60000 };

static const lp_help_t help = {
    .name = "console",
    .args = "",
    .summary = "Shows what a board logs, and sends what is typed; Ctrl-C ends it.",
    .examples = {"limpet console", "limpet console --port /dev/ttyUSB0",
                 "limpet console --once --port tcp://10.0.0.7:23", NULL},
    .notes = "A line like Sys.GetInfo or FS.Get {\"filename\":\"a\"} is a call, whose answer is "
             "shown; any other line is sent as it\nis. A crash that the board prints is shown as "
             "a backtrace (help crash). When the board is unplugged, or the\nport goes away, it "
             "waits for it to come back. Over http, ws and mqtt the log is read from the board's "
             "memory.",
    .exit_codes = lp_board_exits,
};

typedef struct {
    lp_board_t *board;
    const char *elf; // may be null
    bool is_raw;
    bool is_once;
    lp_crash_reader_t crash;
    lp_board_console_t hooks;
    char input[INPUT_MAX];
    size_t input_len;
    uint32_t first_id; // at random: another console may share the port
    uint32_t next_id;
    bool is_opened; // the board knows that frames come (docs/rpc.md)
} console_t;

// ---- from the board

static void show_text(const char *line)
{
    lp_log_show(line);
    cJSON *fields = cJSON_CreateObject();
    cJSON_AddStringToObject(fields, "level", lp_log_show_level(line));
    cJSON_AddStringToObject(fields, "text", line);
    lp_ui_event("log", fields);
}

static void show_crash(const console_t *c)
{
    lp_fault_t fault = {0};
    if (lp_crashdump_show(c->crash.bytes, c->crash.len, c->elf, false, &fault) != LP_EXIT_OK) {
        lp_ui_warn("a crash that cannot be shown: %s", fault.what);
    }
}

static void show_line(void *ctx, const char *line)
{
    console_t *c = ctx;
    const lp_crash_line_t kind = lp_crash_reader_feed(&c->crash, line);
    if (kind == LP_CRASH_LINE_OTHER || c->is_raw) {
        show_text(line);
    }
    if (kind == LP_CRASH_LINE_WHOLE) {
        show_crash(c);
    }
}

// Answers to what was typed here; others' are none of our business.
static void show_frame(void *ctx, const cJSON *frame)
{
    const console_t *c = ctx;
    const cJSON *id = cJSON_GetObjectItemCaseSensitive(frame, "id");
    if (!cJSON_IsNumber(id) || id->valuedouble < c->first_id || id->valuedouble >= c->next_id) {
        return;
    }
    const cJSON *error = cJSON_GetObjectItemCaseSensitive(frame, "error");
    const cJSON *answer = error != NULL ? error : cJSON_GetObjectItemCaseSensitive(frame, "result");
    char *text = cJSON_PrintUnformatted(answer);
    if (text != NULL && strlen(text) > ONE_LINE_MAX) {
        cJSON_free(text);
        text = cJSON_Print(answer);
    }
    lp_ui_out("%s%s", error != NULL ? "refused: " : "", text != NULL ? text : "{}");
    cJSON_free(text);
    cJSON *fields = cJSON_CreateObject();
    cJSON_AddItemToObject(fields, error != NULL ? "error" : "result",
                          cJSON_Duplicate(answer, true));
    lp_ui_event("answer", fields);
}

// ---- to the board

// "Sys.GetInfo {...}": the method's length; 0: it is something else.
static size_t method_len(const char *line)
{
    const size_t len = strcspn(line, " ");
    const char *dot = memchr(line, '.', len);
    if (!isupper((unsigned char)line[0]) || dot == NULL || dot[1] == '\0' || dot[1] == ' ') {
        return 0;
    }
    for (size_t i = 0; i < len; i++) {
        if (!isalnum((unsigned char)line[i]) && line[i] != '.' && line[i] != '_') {
            return 0;
        }
    }
    return len;
}

static void send(console_t *c, const char *text)
{
    if (!c->is_opened) {
        (void)lp_board_send(c->board, "\n\x04\n", 3);
        c->is_opened = true;
    }
    (void)lp_board_send(c->board, text, strlen(text));
}

static void call(console_t *c, const char *line, size_t len)
{
    char method[64];
    const char *rest = line + len + strspn(line + len, " ");
    cJSON *params = cJSON_Parse(rest[0] != '\0' ? rest : "{}");
    snprintf(method, sizeof method, "%.*s", (int)len, line);
    if (!cJSON_IsObject(params)) {
        lp_ui_warn("%s: its parameters are no JSON object", method);
        cJSON_Delete(params);
        return;
    }
    char *frame = lp_rpc_request(c->next_id++, method, params);
    cJSON_Delete(params);
    if (frame != NULL) {
        send(c, frame);
    }
    free(frame);
}

static void send_line(console_t *c, const char *line)
{
    const size_t method = method_len(line);
    if (method > 0) {
        call(c, line, method);
        return;
    }
    send(c, line);
    send(c, "\n");
}

static void take_input(void *ctx)
{
    console_t *c = ctx;
    const ssize_t n =
        read(c->hooks.input_fd, c->input + c->input_len, sizeof c->input - 1 - c->input_len);
    if (n <= 0) {
        c->hooks.input_fd = -1; // the end of a file is not the end of the console
        return;
    }
    c->input_len += (size_t)n;
    char *end = NULL;
    while ((end = memchr(c->input, '\n', c->input_len)) != NULL) {
        *end = '\0';
        send_line(c, c->input);
        c->input_len -= (size_t)(end + 1 - c->input);
        memmove(c->input, end + 1, c->input_len);
    }
    if (c->input_len == sizeof c->input - 1) {
        lp_ui_warn("a line of more than %d bytes is not sent", INPUT_MAX - 2);
        c->input_len = 0;
    }
}

// ---- for as long as it takes

static lp_exit_t wait_back(console_t *c)
{
    lp_ui_info("the board is away; waiting for it (Ctrl-C ends)");
    while (!lp_interrupt_seen()) {
        lp_fault_t fault = {0};
        if (lp_board_relisten(c->board, &fault) == LP_EXIT_OK) {
            lp_ui_info("it is back on %s", lp_board_where(c->board));
            return LP_EXIT_OK;
        }
        lp_ui_pause(300);
    }
    return LP_EXIT_OK;
}

static lp_exit_t run(console_t *c, lp_fault_t *f)
{
    lp_ui_info("listening on %s; Ctrl-C ends", lp_board_where(c->board));
    lp_board_on_log(c->board, show_line, c);
    lp_board_set_console(c->board, &c->hooks);
    lp_exit_t rc = lp_board_follow(c->board, f);
    while (rc == LP_EXIT_BOARD && !c->is_once && !lp_interrupt_seen()) {
        rc = wait_back(c);
        if (!lp_interrupt_seen()) {
            c->is_opened = false;
            rc = lp_board_follow(c->board, f);
        }
    }
    return rc;
}

// A terminal that somebody else reads from is left alone.
static int input_fd(void)
{
    const bool is_ours = isatty(STDIN_FILENO) != 1 || tcgetpgrp(STDIN_FILENO) == getpgrp();
    return is_ours ? STDIN_FILENO : -1;
}

// Where no log comes by itself it is fetched.
static int follow_log(const lp_board_options_t *options)
{
    char name[] = "log", follow[] = "--follow", flag[] = "--port", port[256];
    char *argv[] = {name, follow, flag, port, NULL};
    snprintf(port, sizeof port, "%s", options->port);
    return lp_cmd_log(4, argv);
}

int lp_cmd_console(int argc, char **argv)
{
    static console_t console; // large
    uint32_t id = 0;
    if (getrandom(&id, sizeof id, 0) != (ssize_t)sizeof id) {
        id = (uint32_t)getpid();
    }
    id &= 0x3FFFFFFFu;
    console = (console_t){.first_id = id, .next_id = id};
    lp_board_options_t board_options = {.port = "auto", .wait_ms = WAIT_MS, .is_sharing = true};
    const lp_opt_t opts[] = {
        LP_BOARD_FLAGS_URL(board_options),
        {"elf", LP_OPT_STR, &console.elf, "FILE", "the image that is on the board, for crashes"},
        {"raw", LP_OPT_BOOL, &console.is_raw, NULL, "show a crash's own lines, too"},
        {"once", LP_OPT_BOOL, &console.is_once, NULL, "end when the port goes away"},
    };
    int n_args = 0;
    int rc = lp_opt_parse(&help, opts, sizeof opts / sizeof opts[0], argc, argv, &n_args);
    if (rc != LP_OPT_GO_ON) {
        return rc;
    }
    if (lp_board_has_no_log(&board_options)) {
        return follow_log(&board_options);
    }
    console.hooks = (lp_board_console_t){
        .input_fd = input_fd(), .on_input = take_input, .on_frame = show_frame, .ctx = &console};
    lp_interrupt_catch();
    lp_fault_t fault = {0};
    rc = (int)lp_board_listen(&board_options, &console.board, &fault);
    if (rc == LP_EXIT_OK) {
        rc = (int)run(&console, &fault);
    }
    lp_board_close(console.board);
    return rc == LP_EXIT_OK ? rc : lp_fault_print(&fault);
}
