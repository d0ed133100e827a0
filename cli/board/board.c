// SPDX-License-Identifier: Apache-2.0
// The RPC client: one call at a time over a line that also carries log text, noise and reboots.
#include "limpet/board.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "limpet/rpc_frame.h"
#include "line.h"
#include "login.h"
#include "wire.h"

enum {
    OPEN_MS = 6000,
    PING_MS = 700,
    POLL_SLICE_MS = 100, // how soon Ctrl-C is noticed
    READ_TRIES = 3,
    BUSY_MS = 20000, // a TLS handshake that a server never answers takes 15 s
    BUSY_WAIT_MS = 200,
    MAX_LINE_SHOWN = 160,
};

struct lp_board {
    int fd;
    lp_wire_t *wire; // instead of fd: a way that carries whole frames
    lp_login_t login;
    char wanted[256]; // what was asked for, so that reopen finds the board again
    char where[256];
    long baud;
    uint32_t next_id;
    lp_rpc_reader_t reader;
    uint8_t bytes[1024];
    size_t n_bytes;
    size_t used;
    bool is_gone;        // the line ended
    unsigned n_damaged;  // frames that arrived damaged during this call
    uint64_t n_received; // bytes since it was opened
    char last_log[MAX_LINE_SHOWN];
    lp_board_log_fn *on_log;
    void *log_ctx;
    lp_board_error_t error;
    const lp_board_console_t *console; // may be null
};

// Methods that may be sent again when an answer is lost, and how long each may take.
static const struct {
    const char *method;
    int timeout_ms;
    bool is_repeatable;
} methods[] = {
    {"RPC.Ping", 2000, true},         {"RPC.List", 3000, true},
    {"RPC.Describe", 3000, true},     {"Sys.GetInfo", 3000, true},
    {"Sys.Reboot", 3000, false},      {"Config.Get", 4000, true},
    {"Config.Set", 6000, true},       {"Config.Save", 8000, false},
    {"Chip.Scan", 12000, true},       {"Chip.Info", 8000, true},
    {"Chip.Configure", 20000, false}, {"Chip.Lock", 10000, false},
    {"Identity.Info", 8000, true},    {"Identity.GenKey", 15000, false},
    {"Identity.Csr", 15000, true},    {"Cloud.Status", 4000, true},
    {"Cloud.Prove", 30000, false},    {"Config.Schema", 4000, true},
    {"Config.Confirm", 8000, false},  {"Config.Reset", 20000, false},
    {"FS.List", 4000, true},          {"FS.ListExt", 4000, true},
    {"FS.Stat", 8000, true},          {"FS.Info", 6000, true},
    {"FS.Get", 6000, true},           {"FS.Put", 15000, false},
    {"FS.Remove", 8000, false},       {"FS.Rename", 8000, false},
    {"FS.Mkfs", 60000, false},        {"Chip.Bind", 15000, true},
    {"Log.Read", 4000, true},         {"Crash.Info", 4000, true},
    {"Crash.Read", 4000, true},       {"Crash.Clear", 8000, true},
};

enum { DEFAULT_TIMEOUT_MS = 10000, LOGIN_TRIES = 2, WHO_ARE_YOU = 401, TOO_MANY_LOGINS = 429 };

static int timeout_of(const char *method, bool *is_repeatable)
{
    // For slow lines and for tests: one time for every method.
    const char *set = getenv("LIMPET_RPC_TIMEOUT_MS");
    long set_ms = set != NULL ? strtol(set, NULL, 10) : 0;
    bool is_set = set_ms > 0 && set_ms <= 600000;
    *is_repeatable = false;
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        if (strcmp(methods[i].method, method) == 0) {
            *is_repeatable = methods[i].is_repeatable;
            return is_set ? (int)set_ms : methods[i].timeout_ms;
        }
    }
    return is_set ? (int)set_ms : DEFAULT_TIMEOUT_MS;
}

// A part of a file with its offset may come twice; one that is to be added to a file may not.
static bool is_repeatable_put(const char *method, const cJSON *params)
{
    return strcmp(method, "FS.Put") == 0 &&
           cJSON_GetObjectItemCaseSensitive(params, "offset") != NULL;
}

static void take_log(lp_board_t *b, const char *line)
{
    snprintf(b->last_log, sizeof b->last_log, "%.*s", MAX_LINE_SHOWN - 1, line);
    if (b->on_log != NULL) {
        b->on_log(b->log_ctx, line);
    } else {
        lp_ui_detail("board: %s", line);
    }
}

// Waits for bytes up to deadline_ms. False at the deadline, on Ctrl-C, or when the line ended.
static bool fill(lp_board_t *b, uint64_t deadline_ms)
{
    while (!b->is_gone && !lp_interrupt_seen()) {
        uint64_t now = lp_ui_now_ms();
        if (now >= deadline_ms) {
            return false;
        }
        uint64_t left = deadline_ms - now;
        const int input_fd = b->console != NULL ? b->console->input_fd : -1;
        struct pollfd p[] = {{.fd = b->fd, .events = POLLIN}, {.fd = input_fd, .events = POLLIN}};
        int rc = poll(p, 2, left < POLL_SLICE_MS ? (int)left : POLL_SLICE_MS);
        if (rc > 0 && p[1].revents != 0) {
            b->console->on_input(b->console->ctx);
        }
        if (rc <= 0 || p[0].revents == 0) {
            continue;
        }
        ssize_t n = read(b->fd, b->bytes, sizeof b->bytes);
        if (n > 0) {
            b->n_bytes = (size_t)n;
            b->used = 0;
            b->n_received += (uint64_t)n;
            return true;
        }
        b->is_gone = n == 0 || (errno != EAGAIN && errno != EINTR);
    }
    return false;
}

// Of a way that carries whole frames.
static cJSON *next_whole(lp_board_t *b, uint64_t deadline_ms)
{
    bool is_gone = false;
    char *text = b->wire->ops->receive(b->wire, deadline_ms, &is_gone);
    cJSON *frame = text != NULL ? cJSON_Parse(text) : NULL;
    b->is_gone = b->is_gone || is_gone;
    b->n_received += text != NULL ? strlen(text) : 0;
    b->n_damaged += text != NULL && frame == NULL ? 1 : 0;
    free(text);
    return frame;
}

// The next frame until deadline_ms; log lines are handed out on the way. Null: none came.
static cJSON *next_frame(lp_board_t *b, uint64_t deadline_ms)
{
    if (b->wire != NULL) {
        return next_whole(b, deadline_ms);
    }
    for (;;) {
        const char *text = NULL;
        cJSON *frame = NULL;
        lp_rpc_line_t kind =
            lp_rpc_reader_feed(&b->reader, b->bytes, b->n_bytes, &b->used, &text, &frame);
        if (kind == LP_RPC_LINE_FRAME) {
            return frame;
        }
        if (kind == LP_RPC_LINE_LOG) {
            take_log(b, text);
        } else if (kind == LP_RPC_LINE_DAMAGED || kind == LP_RPC_LINE_TOO_LONG) {
            b->n_damaged++;
        } else if (kind == LP_RPC_LINE_NONE && !fill(b, deadline_ms)) {
            return NULL;
        }
    }
}

static bool send_text(lp_board_t *b, const char *text, size_t len)
{
    if (b->wire != NULL) { // whole frames need neither checksum nor line end
        b->is_gone = !b->wire->ops->send(b->wire, text, len - LP_RPC_TAIL);
        return !b->is_gone;
    }
    uint64_t deadline = lp_ui_now_ms() + DEFAULT_TIMEOUT_MS;
    while (len > 0 && !lp_interrupt_seen() && lp_ui_now_ms() < deadline) {
        ssize_t n = write(b->fd, text, len);
        if (n > 0) {
            text += n;
            len -= (size_t)n;
        } else if (errno == EAGAIN || errno == EINTR) {
            struct pollfd p = {.fd = b->fd, .events = POLLOUT};
            poll(&p, 1, POLL_SLICE_MS);
        } else {
            b->is_gone = true;
            return false;
        }
    }
    return len == 0;
}

// Waits for the answer to `id`. Answers to earlier, given-up calls are dropped.
static cJSON *wait_answer(lp_board_t *b, uint32_t id, uint64_t deadline_ms)
{
    unsigned damaged = b->n_damaged;
    for (;;) {
        cJSON *frame = next_frame(b, deadline_ms);
        if (frame == NULL) {
            return NULL;
        }
        const cJSON *got = cJSON_GetObjectItemCaseSensitive(frame, "id");
        bool is_answer = cJSON_GetObjectItemCaseSensitive(frame, "method") == NULL;
        if (is_answer && cJSON_IsNumber(got) && got->valuedouble == (double)id) {
            return frame;
        }
        cJSON_Delete(frame);
        // A frame of ours may be the one that was damaged; the caller decides about repeating.
        if (b->n_damaged > damaged + 8) {
            return NULL;
        }
    }
}

// A request may carry a key or a password.
static void forget(char *line)
{
    explicit_bzero(line, strlen(line));
    free(line);
}

static cJSON *try_once(lp_board_t *b, const char *method, const cJSON *params, int timeout_ms)
{
    uint32_t id = b->next_id++ & 0x7FFFFFFFu;
    char *params_text = params != NULL ? cJSON_PrintUnformatted(params) : NULL;
    cJSON *auth = lp_login_prove(&b->login, method, params_text != NULL ? params_text : "");
    char *line = lp_rpc_request_with(id, method, params, auth);
    cJSON_free(params_text);
    cJSON_Delete(auth);
    if (line == NULL) {
        return NULL;
    }
    bool is_sent = send_text(b, line, strlen(line));
    forget(line);
    if (!is_sent) {
        return NULL;
    }
    uint64_t deadline = lp_ui_now_ms() + (uint64_t)timeout_ms;
    cJSON *answer = wait_answer(b, id, deadline);
    return answer;
}

static lp_exit_t fail_no_answer(lp_board_t *b, const char *method, lp_fault_t *f)
{
    if (lp_interrupt_seen()) {
        return lp_fault_interrupted(f);
    }
    if (b->is_gone) {
        lp_fault_set(f, LP_EXIT_BOARD, "board-lost", "the board went away during %s", method);
        lp_fault_why(f, "the line %s was closed", b->where);
        if (b->wire != NULL && b->wire->trouble[0] != '\0') {
            lp_fault_why(f, "%s", b->wire->trouble);
        }
    } else if (b->n_damaged > 0) {
        lp_fault_set(f, LP_EXIT_BOARD, "board-garbled", "the board's answers to %s arrive damaged",
                     method);
        lp_fault_why(f, "%u frames failed their checksum or are not JSON", b->n_damaged);
    } else {
        lp_fault_set(f, LP_EXIT_BOARD, "board-timeout", "the board did not answer %s in time",
                     method);
    }
    if (b->last_log[0] != '\0') {
        lp_fault_why(f, "its last log line: %s", b->last_log);
    }
    lp_fault_next(f, "check cable and power, then run the same command again");
    return f->exit;
}

static void copy_string(char *to, size_t cap, const cJSON *item)
{
    snprintf(to, cap, "%s", cJSON_IsString(item) ? item->valuestring : "");
}

// What to do about a refusal, by what the board calls it.
static void next_step(const lp_board_t *b, const char *method, lp_fault_t *f)
{
    static const struct {
        const char *name;
        const char *methods; // "": of all
        const char *next;
    } rows[] = {
        {"LP_E_NOT_FOUND", "Config.", "limpet config-get lists what there is"},
        {"LP_E_INVALID", "Config.", "limpet config-get --schema says what each setting takes"},
        {"LP_E_RANGE", "Config.", "limpet config-get --schema says what each setting takes"},
        {"LP_E_INVALID", "", "limpet call RPC.Describe '{\"name\":\"METHOD\"}' says what it takes"},
        {"LP_E_DENIED", "", "over a network a role says who may what; the serial port may more"},
        {"LP_E_BUSY", "", "wait a moment, then run the same command again"},
        {"LP_E_CHIP_MISSING", "", "limpet doctor looks at the chip and its wires"},
    };
    if (b->error.code == 404) {
        lp_fault_next(f, "this firmware does not know the method: limpet call RPC.List");
    }
    for (size_t i = 0; i < sizeof rows / sizeof rows[0] && f->next[0] == '\0'; i++) {
        if (strcmp(b->error.name, rows[i].name) == 0 &&
            strncmp(method, rows[i].methods, strlen(rows[i].methods)) == 0) {
            lp_fault_next(f, "%s", rows[i].next);
        }
    }
}

static lp_exit_t take_error(lp_board_t *b, const char *method, const cJSON *error, lp_fault_t *f)
{
    const cJSON *code = cJSON_GetObjectItemCaseSensitive(error, "code");
    b->error.code = cJSON_IsNumber(code) ? code->valueint : -1;
    copy_string(b->error.name, sizeof b->error.name,
                cJSON_GetObjectItemCaseSensitive(error, "name"));
    copy_string(b->error.message, sizeof b->error.message,
                cJSON_GetObjectItemCaseSensitive(error, "message"));
    lp_fault_set(f, LP_EXIT_BOARD, "board-refused", "the board refused %s", method);
    lp_fault_why(f, "%s%s%s", b->error.message, b->error.name[0] != '\0' ? ", " : "",
                 b->error.name);
    if (b->error.code == 401 || b->error.code == 429) {
        lp_fault_set(f, LP_EXIT_CREDENTIALS, "board-login-refused", "the board does not let %s in",
                     b->login.user);
        lp_fault_why(f, "%s", b->error.code == 429 ? b->error.message : "the password is wrong");
        lp_fault_next(f, "a new password, at its UART: limpet auth-set %s --role ROLE",
                      b->login.user);
    }
    next_step(b, method, f);
    return f->exit;
}

static lp_exit_t take_answer(lp_board_t *b, const char *method, cJSON *answer, cJSON **result,
                             lp_fault_t *f)
{
    lp_exit_t rc = LP_EXIT_OK;
    const cJSON *error = cJSON_GetObjectItemCaseSensitive(answer, "error");
    if (error != NULL) {
        rc = take_error(b, method, error, f);
    } else {
        cJSON *r = cJSON_DetachItemFromObjectCaseSensitive(answer, "result");
        *result = r != NULL ? r : cJSON_CreateObject();
    }
    cJSON_Delete(answer);
    return rc;
}

static cJSON *call_repeatedly(lp_board_t *b, const char *method, const cJSON *params, int limit_ms,
                              bool is_repeatable)
{
    cJSON *answer = NULL;
    for (int i = 0; answer == NULL && i < (is_repeatable ? READ_TRIES : 1); i++) {
        answer = b->is_gone ? NULL : try_once(b, method, params, limit_ms);
    }
    return answer;
}

static int error_code(const cJSON *answer)
{
    const cJSON *error = cJSON_GetObjectItemCaseSensitive(answer, "error");
    const cJSON *code = cJSON_GetObjectItemCaseSensitive(error, "code");
    return cJSON_IsNumber(code) ? code->valueint : 0;
}

static bool is_busy(const cJSON *answer)
{
    const cJSON *error = cJSON_GetObjectItemCaseSensitive(answer, "error");
    const cJSON *name = cJSON_GetObjectItemCaseSensitive(error, "name");
    return error_code(answer) != TOO_MANY_LOGINS && cJSON_IsString(name) &&
           strcmp(name->valuestring, "LP_E_BUSY") == 0;
}

// A board that asks who calls is told; a nonce that has become too old is replaced. Nothing was
// done before, so any method may be sent again. Null answer with a fault: nobody knows the
// password.
static cJSON *call_known(lp_board_t *b, const char *method, const cJSON *params, int limit_ms,
                         bool is_repeatable, lp_fault_t *f)
{
    cJSON *answer = call_repeatedly(b, method, params, limit_ms, is_repeatable);
    for (int i = 0; i < LOGIN_TRIES && error_code(answer) == WHO_ARE_YOU; i++) {
        const cJSON *error = cJSON_GetObjectItemCaseSensitive(answer, "error");
        const cJSON *message = cJSON_GetObjectItemCaseSensitive(error, "message");
        if (!cJSON_IsString(message) || !lp_login_take(&b->login, message->valuestring)) {
            break;
        }
        cJSON_Delete(answer);
        answer = NULL;
        if (lp_login_find(&b->login, f) != LP_EXIT_OK) {
            return NULL;
        }
        answer = call_repeatedly(b, method, params, limit_ms, is_repeatable);
    }
    return answer;
}

lp_exit_t lp_board_call(lp_board_t *board, const char *method, struct cJSON *params, int timeout_ms,
                        struct cJSON **result, lp_fault_t *f)
{
    bool is_repeatable = false;
    int usual_ms = timeout_of(method, &is_repeatable);
    is_repeatable = is_repeatable || is_repeatable_put(method, params);
    int limit_ms = timeout_ms > 0 ? timeout_ms : usual_ms;
    board->n_damaged = 0;
    board->error = (lp_board_error_t){.code = 0};
    char *line = lp_rpc_request(1, method, params);
    if (line == NULL) {
        cJSON_Delete(params);
        return lp_fault_set(f, LP_EXIT_USAGE, "rpc-too-long",
                            "the call of %s is longer than a board takes (%d bytes)", method,
                            LP_RPC_MAX_REQUEST);
    }
    forget(line);
    uint64_t busy_until = lp_ui_now_ms() + BUSY_MS;
    f->exit = LP_EXIT_OK;
    cJSON *answer = call_known(board, method, params, limit_ms, is_repeatable, f);
    // Busy means that nothing was done, so waiting is right for any method: an earlier run that
    // died may have left the board in the middle of something long.
    while (is_busy(answer) && !lp_interrupt_seen() && lp_ui_now_ms() < busy_until) {
        cJSON_Delete(answer);
        lp_ui_pause(BUSY_WAIT_MS);
        answer = call_known(board, method, params, limit_ms, is_repeatable, f);
    }
    cJSON_Delete(params);
    if (answer == NULL && f->exit != LP_EXIT_OK) {
        return f->exit;
    }
    return answer != NULL ? take_answer(board, method, answer, result, f)
                          : fail_no_answer(board, method, f);
}

const lp_board_error_t *lp_board_last_error(const lp_board_t *board)
{
    return &board->error;
}

const char *lp_board_where(const lp_board_t *board)
{
    return board->where;
}

void lp_board_on_log(lp_board_t *board, lp_board_log_fn *fn, void *ctx)
{
    board->on_log = fn;
    board->log_ctx = ctx;
}

static lp_exit_t fail_silent(lp_board_t *b, int waited_ms, lp_fault_t *f)
{
    if (lp_interrupt_seen()) {
        return lp_fault_interrupted(f);
    }
    if (b->wire != NULL && b->wire->trouble[0] != '\0') {
        return lp_wire_fail(f, b->where, b->wire->trouble);
    }
    if (b->n_received == 0) {
        lp_fault_set(f, LP_EXIT_BOARD, "board-silent", "the board on %s says nothing", b->where);
        lp_fault_why(f, "asked for %d s and not one byte came back", waited_ms / 1000);
        lp_fault_next(f, "press its reset button; check that Limpet's firmware is on it and that "
                         "this is the right port (limpet devices)");
        return f->exit;
    }
    lp_fault_set(f, LP_EXIT_BOARD, "board-no-rpc", "what is on %s does not speak Limpet's RPC",
                 b->where);
    lp_fault_why(f, "%llu bytes came, none of them an answer%s%s",
                 (unsigned long long)b->n_received, b->last_log[0] != '\0' ? "; last line: " : "",
                 b->last_log);
    lp_fault_next(f, "flash Limpet's firmware, or give the right speed with --baud");
    return f->exit;
}

// Opens the channel and asks until an answer comes. @source docs/rpc.md
static bool say_hello(lp_board_t *b, uint64_t deadline_ms)
{
    while (!b->is_gone && !lp_interrupt_seen() && lp_ui_now_ms() < deadline_ms) {
        if (b->wire == NULL && !send_text(b, "\n\x04\n", 3)) {
            return false;
        }
        cJSON *answer = try_once(b, "RPC.Ping", NULL, PING_MS);
        if (answer != NULL) {
            cJSON_Delete(answer);
            return true;
        }
    }
    return false;
}

static lp_exit_t open_line(lp_board_t *b, lp_fault_t *f)
{
    char port[256];
    lp_exit_t rc = LP_EXIT_OK;
    if (lp_wire_is_address(b->wanted)) {
        snprintf(port, sizeof port, "%s", b->wanted);
        snprintf(b->where, sizeof b->where, "%s", b->wanted);
        rc = lp_wire_open(port, &b->wire, f);
    } else {
        rc = lp_line_find(b->wanted, port, sizeof port, f);
    }
    if (rc == LP_EXIT_OK && b->wire == NULL) {
        rc = lp_line_open(port, b->baud, &b->fd, b->where, sizeof b->where, f);
    }
    if (rc == LP_EXIT_OK) {
        // After a reboot the same board is meant, whatever else was plugged in meanwhile.
        snprintf(b->wanted, sizeof b->wanted, "%s", port);
        lp_rpc_reader_reset(&b->reader);
        b->n_bytes = b->used = 0;
        b->n_received = 0;
        b->is_gone = false;
    }
    return rc;
}

static lp_board_t *new_board(const lp_board_options_t *options)
{
    lp_board_t *b = calloc(1, sizeof *b);
    if (b != NULL) {
        b->fd = -1;
        b->baud = options->baud;
        snprintf(b->wanted, sizeof b->wanted, "%s", options->port != NULL ? options->port : "auto");
        // Random, so that a late answer to another run's call is never taken for ours.
        if (getrandom(&b->next_id, sizeof b->next_id, 0) != (ssize_t)sizeof b->next_id) {
            b->next_id = (uint32_t)lp_ui_now_ms();
        }
    }
    return b;
}

lp_exit_t lp_board_listen(const lp_board_options_t *options, lp_board_t **board, lp_fault_t *f)
{
    lp_board_t *b = new_board(options);
    if (b == NULL) {
        return lp_fault_set(f, LP_EXIT_LOCAL, "no-memory", "out of memory");
    }
    lp_exit_t rc = open_line(b, f);
    if (rc != LP_EXIT_OK) {
        lp_board_close(b);
        return rc;
    }
    *board = b;
    return LP_EXIT_OK;
}

lp_exit_t lp_board_open(const lp_board_options_t *options, lp_board_t **board, lp_fault_t *f)
{
    lp_board_t *b = NULL;
    lp_exit_t rc = lp_board_listen(options, &b, f);
    if (rc != LP_EXIT_OK) {
        return rc;
    }
    int wait_ms = options->open_ms > 0 ? options->open_ms : OPEN_MS;
    if (!say_hello(b, lp_ui_now_ms() + (uint64_t)wait_ms)) {
        rc = fail_silent(b, wait_ms, f);
        lp_board_close(b);
        return rc;
    }
    *board = b;
    return LP_EXIT_OK;
}

static void close_line(lp_board_t *b)
{
    if (b->fd >= 0) {
        close(b->fd);
    }
    if (b->wire != NULL) {
        b->wire->ops->close(b->wire);
    }
    b->wire = NULL;
    b->fd = -1;
}

void lp_board_close(lp_board_t *board)
{
    if (board != NULL) {
        close_line(board);
        lp_login_wipe(&board->login);
        free(board);
    }
}

lp_exit_t lp_board_reopen(lp_board_t *board, int timeout_ms, lp_fault_t *f)
{
    uint64_t deadline = lp_ui_now_ms() + (uint64_t)timeout_ms;
    lp_exit_t rc = LP_EXIT_OK;
    do {
        close_line(board);
        lp_ui_pause(POLL_SLICE_MS);
        rc = open_line(board, f);
        uint64_t slice = lp_ui_now_ms() + 2u * PING_MS;
        if (rc == LP_EXIT_OK && say_hello(board, slice < deadline ? slice : deadline)) {
            return LP_EXIT_OK;
        }
    } while (!lp_interrupt_seen() && lp_ui_now_ms() < deadline);
    return rc == LP_EXIT_OK || lp_interrupt_seen() ? fail_silent(board, timeout_ms, f) : rc;
}

void lp_board_set_console(lp_board_t *board, const lp_board_console_t *console)
{
    board->console = console;
}

bool lp_board_send(lp_board_t *board, const char *text, size_t len)
{
    return send_text(board, text, len);
}

lp_exit_t lp_board_relisten(lp_board_t *board, lp_fault_t *f)
{
    close_line(board);
    return open_line(board, f);
}

bool lp_board_has_no_log(const lp_board_options_t *options)
{
    return options->port != NULL && lp_wire_is_address(options->port);
}

static lp_exit_t follow(lp_board_t *board, const bool *is_enough, uint64_t end_ms, lp_fault_t *f)
{
    while (!board->is_gone && !lp_interrupt_seen() && !*is_enough && lp_ui_now_ms() < end_ms) {
        cJSON *frame = next_frame(board, lp_ui_now_ms() + 200u);
        if (frame != NULL && board->console != NULL) {
            board->console->on_frame(board->console->ctx, frame);
        }
        cJSON_Delete(frame);
    }
    if (!board->is_gone || lp_interrupt_seen()) {
        return LP_EXIT_OK;
    }
    lp_fault_set(f, LP_EXIT_BOARD, "board-lost", "the board went away");
    lp_fault_why(f, "the line %s was closed", board->where);
    lp_fault_next(f, "check the cable; limpet devices shows whether it is back");
    return f->exit;
}

lp_exit_t lp_board_follow(lp_board_t *board, lp_fault_t *f)
{
    static const bool never = false;
    return follow(board, &never, UINT64_MAX, f);
}

lp_exit_t lp_board_watch(lp_board_t *board, const bool *is_enough, int timeout_ms, lp_fault_t *f)
{
    return follow(board, is_enough, lp_ui_now_ms() + (uint64_t)timeout_ms, f);
}
