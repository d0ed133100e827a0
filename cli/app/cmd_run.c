// SPDX-License-Identifier: Apache-2.0
// limpet run: builds an application and runs it here: a board, a crypto chip, and what both say,
// until Ctrl-C.
#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "limpet/cmd.h"
#include "limpet/opt.h"
#include "limpet/parts_line.h"
#include "sdk.h"

enum {
    PARTS_MAX = 8,
    UART_FIRST = 2,
    UART_LAST = 4,
    UARTS = UART_LAST - UART_FIRST + 1,
    INPUTS = 4
};
enum { CHIP_WAIT_MS = 10000, SLICE_MS = 20, STOP_MS = 5000, SOCKET_PATH_MAX = 100 };

typedef struct {
    const char *board, *chip, *model, *log_level, *sdk;
    const char *parts[PARTS_MAX]; // sensors beside the chip
    size_t n_parts;
    const char *uart[UARTS]; // what the board's serial lines are wired to; null: nothing
    const char *adc[INPUTS]; // what its analog inputs are wired to; null: nothing
    bool is_built;
} run_options_t;

typedef struct {
    const run_options_t *options;
    const app_board_t *board;
    app_manifest_t manifest;
    char sdk[APP_PATH];
    char image[APP_PATH];
    char place[APP_PATH + 40];       // where flash and chip are kept
    char bus[APP_PATH + 60];         // what the board's --i2c gets
    char uart[UARTS][APP_PATH + 60]; // "": not wired
    pid_t chip_pid, board_pid, line_pid[UARTS];
} run_t;

static void pause_ms(long ms)
{
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    (void)nanosleep(&t, NULL);
}

// Ends a child and waits for it; one that does not listen is killed.
static void stop(pid_t *pid)
{
    if (*pid <= 0) {
        return;
    }
    kill(-*pid, SIGTERM);
    for (int waited = 0; waited < STOP_MS; waited += SLICE_MS) {
        if (waitpid(*pid, NULL, WNOHANG) != 0) {
            *pid = 0;
            return;
        }
        pause_ms(SLICE_MS);
    }
    kill(-*pid, SIGKILL);
    (void)waitpid(*pid, NULL, 0);
    *pid = 0;
}

// -- one at a time

// Two runs of one application would share flash and chip: the second is refused before it touches
// anything of the first. The lock goes with the process, however that ends.
static lp_exit_t take_place(run_t *r, lp_fault_t *f)
{
    char path[sizeof r->place + 16];
    struct stat st;
    snprintf(path, sizeof path, "%s/build", r->manifest.folder);
    (void)mkdir(path, 0777);
    (void)mkdir(r->place, 0777);
    snprintf(path, sizeof path, "%s/run.lock", r->place);
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (fd < 0 || fstat(fd, &st) != 0) {
        lp_fault_set(f, LP_EXIT_LOCAL, "app-write", "%s cannot be written", r->place);
        lp_fault_why(f, "%s", strerror(errno));
        lp_fault_next(f, "is the folder yours? limpet new makes one that is");
        return f->exit;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        lp_fault_set(f, LP_EXIT_CONFLICT, "run-twice", "%s runs already, on %s", r->manifest.name,
                     r->board->name);
        lp_fault_why(f, "its flash and its chip are in use: %s", r->place);
        lp_fault_next(f, "end it with Ctrl-C in its terminal; for a second board copy the folder");
        return f->exit;
    }
    return LP_EXIT_OK; // open until the end
}

// -- the chip

// Until the child has made its socket. False: it ended, or does not come to it.
static bool wait_for(pid_t pid, const char *path)
{
    struct stat st;
    siginfo_t info;
    for (int waited = 0; waited < CHIP_WAIT_MS && !lp_interrupt_seen(); waited += SLICE_MS) {
        if (stat(path, &st) == 0) {
            return true;
        }
        info.si_pid = 0;
        if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid != 0) {
            return false; // stop() takes it away
        }
        pause_ms(SLICE_MS);
    }
    return false;
}

// The words of `limpet chip serve`.
typedef struct {
    char text[2 * PARTS_MAX + 12][APP_PATH + 80];
    char *argv[2 * PARTS_MAX + 13];
    size_t n;
} words_t;

static void add_word(words_t *w, const char *word)
{
    snprintf(w->text[w->n], sizeof w->text[0], "%s", word);
    w->argv[w->n] = w->text[w->n];
    w->argv[++w->n] = NULL;
}

static void compose_chip(const run_t *r, const char *path, words_t *w)
{
    static const char *const always[] = {"/proc/self/exe", "chip", "serve", "--quiet", "--state"};
    char text[sizeof r->place + 16];
    struct stat st;
    w->n = 0;
    for (size_t i = 0; i < sizeof always / sizeof always[0]; i++) {
        add_word(w, always[i]);
    }
    snprintf(text, sizeof text, "%s/chip.state", r->place);
    add_word(w, text);
    if (stat(text, &st) != 0) {
        add_word(w, "--model");
        add_word(w, r->options->model);
    }
    add_word(w, "--listen");
    snprintf(text, sizeof text, "%s:%s", r->board->chip, path);
    add_word(w, text);
    for (size_t i = 0; i < r->options->n_parts; i++) {
        if (!lp_line_part_is(r->options->parts[i])) {
            add_word(w, "--part");
            add_word(w, r->options->parts[i]);
        }
    }
}

static lp_exit_t start_chip(run_t *r, lp_fault_t *f)
{
    static words_t words;
    char path[sizeof r->place + 8];
    snprintf(path, sizeof path, "%s/bus", r->place);
    if (strlen(path) > SOCKET_PATH_MAX) {
        lp_fault_set(f, LP_EXIT_LOCAL, "app-path",
                     "the path of the application is too long for a socket in it");
        lp_fault_why(f, "%s", path);
        return LP_EXIT_LOCAL;
    }
    bool is_terminal = strcmp(r->board->chip, "pty") == 0;
    snprintf(r->bus, sizeof r->bus, "%s%s", is_terminal ? "" : "unix:", path);
    compose_chip(r, path, &words);
    (void)unlink(path);
    r->chip_pid = app_spawn(words.argv);
    return wait_for(r->chip_pid, path)
               ? LP_EXIT_OK
               : lp_fault_set(f, LP_EXIT_CHIP, "run-chip", "the virtual chip did not start");
}

static lp_exit_t connect_chip(run_t *r, lp_fault_t *f)
{
    if (strcmp(r->options->chip, "virtual") == 0) {
        return start_chip(r, f);
    }
    snprintf(r->bus, sizeof r->bus, "%s", r->options->chip);
    return LP_EXIT_OK;
}

// -- parts on serial lines

static lp_exit_t refuse_line(const char *words, const char *why, lp_fault_t *f)
{
    lp_fault_set(f, LP_EXIT_USAGE, "usage", "--part %s cannot be wired", words);
    lp_fault_why(f, "%s", why);
    lp_fault_next(f, "limpet run --help");
    return LP_EXIT_USAGE;
}

static lp_exit_t check_line(const run_t *r, const char *words, unsigned uart, lp_fault_t *f)
{
    char why[200] = "";
    lp_line_part_t *part = NULL;
    if (lp_line_part_new(&part, words, why, sizeof why) != LP_OK) {
        return refuse_line(words, why, f);
    }
    lp_line_part_free(part);
    if (r->uart[uart - UART_FIRST][0] != '\0') {
        return refuse_line(words,
                           "something is wired to this serial line already; @N names another", f);
    }
    if (strcmp(r->board->name, "qemu-lx106") == 0) {
        return refuse_line(words, "this board has one UART, which is its console", f);
    }
    return LP_EXIT_OK;
}

static lp_exit_t start_line(run_t *r, const char *words, lp_fault_t *f)
{
    static words_t w;
    const unsigned uart = lp_line_part_uart(words);
    lp_exit_t rc = check_line(r, words, uart, f);
    if (rc != LP_EXIT_OK) {
        return rc;
    }
    char *where = r->uart[uart - UART_FIRST];
    snprintf(where, sizeof r->uart[0], "unix:%s/uart%u", r->place, uart);
    (void)unlink(where + strlen("unix:"));
    w.n = 0;
    add_word(&w, "/proc/self/exe");
    add_word(&w, "chip");
    add_word(&w, "part");
    add_word(&w, "--quiet");
    add_word(&w, words);
    add_word(&w, "--listen");
    add_word(&w, where);
    r->line_pid[uart - UART_FIRST] = app_spawn(w.argv);
    return wait_for(r->line_pid[uart - UART_FIRST], where + strlen("unix:"))
               ? LP_EXIT_OK
               : lp_fault_set(f, LP_EXIT_LOCAL, "run-part", "%s did not start", words);
}

static lp_exit_t connect_lines(run_t *r, lp_fault_t *f)
{
    lp_exit_t rc = LP_EXIT_OK;
    for (size_t i = 0; i < UARTS; i++) {
        const char *where = r->options->uart[i];
        snprintf(r->uart[i], sizeof r->uart[i], "%s", where != NULL ? where : "");
    }
    for (size_t i = 0; i < r->options->n_parts && rc == LP_EXIT_OK; i++) {
        const char *words = r->options->parts[i];
        rc = lp_line_part_is(words) ? start_line(r, words, f) : LP_EXIT_OK;
    }
    return rc;
}

// -- the board

static int add_lines(const run_t *r, char **argv, int n)
{
    static char names[UARTS][12];
    static char where[UARTS][sizeof r->uart[0]];
    for (size_t i = 0; i < UARTS; i++) {
        if (r->uart[i][0] != '\0') {
            snprintf(names[i], sizeof names[i], "--uart%zu", i + UART_FIRST);
            memcpy(where[i], r->uart[i], sizeof where[i]);
            argv[n++] = names[i];
            argv[n++] = where[i];
        }
    }
    return n;
}

static int add_inputs(const run_t *r, char **argv, int n)
{
    static char names[INPUTS][8];
    static char where[INPUTS][APP_PATH];
    for (size_t i = 0; i < INPUTS; i++) {
        if (r->options->adc[i] != NULL) {
            snprintf(names[i], sizeof names[i], "--adc%zu", i);
            snprintf(where[i], sizeof where[i], "%s", r->options->adc[i]);
            argv[n++] = names[i];
            argv[n++] = where[i];
        }
    }
    return n;
}

static lp_exit_t check_inputs(const run_t *r, lp_fault_t *f)
{
    for (size_t i = 0; i < INPUTS && strcmp(r->board->name, "posix") != 0; i++) {
        if (r->options->adc[i] != NULL) {
            lp_fault_set(f, LP_EXIT_USAGE, "usage", "--adc%zu cannot be wired", i);
            lp_fault_why(f, "analog inputs of %s are not wired from outside", r->board->name);
            lp_fault_next(f, "limpet run --board posix");
            return f->exit;
        }
    }
    return LP_EXIT_OK;
}

static lp_exit_t start_board(run_t *r, lp_fault_t *f)
{
    char starter[APP_PATH + 16];
    char flash[sizeof r->place + 16];
    char board[32];
    char level[64];
    char words[][12] = {"--image", "--flash", "--i2c", "--log-level"};
    char *argv[12 + 2 * UARTS + 2 * INPUTS];
    int n = 0;
    snprintf(flash, sizeof flash, "%s/flash.bin", r->place);
    snprintf(starter, sizeof starter, "%s/tools/board", r->sdk);
    snprintf(board, sizeof board, "%s", r->board->name);
    snprintf(level, sizeof level, "%s", r->options->log_level);
    if (strcmp(r->board->name, "posix") == 0) {
        argv[n++] = r->image;
    } else {
        argv[n++] = starter;
        argv[n++] = board;
        argv[n++] = words[0];
        argv[n++] = r->image;
    }
    argv[n++] = words[1];
    argv[n++] = flash;
    argv[n++] = words[2];
    argv[n++] = r->bus;
    if (level[0] != '\0') {
        argv[n++] = words[3];
        argv[n++] = level;
    }
    n = add_lines(r, argv, n);
    n = add_inputs(r, argv, n);
    argv[n] = NULL;
    r->board_pid = app_spawn(argv);
    return r->board_pid > 0
               ? LP_EXIT_OK
               : lp_fault_set(f, LP_EXIT_LOCAL, "run-board", "the board cannot be started");
}

static lp_exit_t board_ended(run_t *r, int status, lp_fault_t *f)
{
    r->board_pid = 0;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        return LP_EXIT_OK;
    }
    lp_fault_set(f, LP_EXIT_BOARD, "run-board", "the board ended (%s %d)",
                 WIFEXITED(status) ? "exit code" : "signal",
                 WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
    lp_fault_next(f, "what it said last is above");
    return LP_EXIT_BOARD;
}

// Until Ctrl-C, which is how this ends well, or until one of the two ends by itself.
static lp_exit_t watch(run_t *r, lp_fault_t *f)
{
    while (!lp_interrupt_seen()) {
        int status = 0;
        pid_t pid = waitpid(-1, &status, WNOHANG);
        if (pid > 0 && pid == r->board_pid) {
            return board_ended(r, status, f);
        }
        if (pid > 0 && pid == r->chip_pid) {
            r->chip_pid = 0;
            return lp_fault_set(f, LP_EXIT_CHIP, "run-chip", "the virtual chip ended");
        }
        pause_ms(SLICE_MS);
    }
    return LP_EXIT_OK;
}

// -- all of it

static lp_exit_t prepare(run_t *r, const char *folder, lp_fault_t *f)
{
    r->board = app_board_find(r->options->board, f);
    lp_exit_t rc = r->board != NULL ? app_manifest_load(&r->manifest, folder, f) : f->exit;
    if (rc == LP_EXIT_OK) {
        rc = app_sdk_find(r->options->sdk, r->sdk, f);
    }
    if (rc == LP_EXIT_OK) {
        snprintf(r->place, sizeof r->place, "%s/build/%s", r->manifest.folder, r->board->name);
        snprintf(r->image, sizeof r->image, "%.*s/%s%s", (int)sizeof r->image - 64, r->place,
                 r->manifest.name, r->board->suffix);
        rc = take_place(r, f);
    }
    if (rc == LP_EXIT_OK) {
        rc = r->options->is_built ? LP_EXIT_OK
                                  : app_build(&r->manifest, r->board, r->sdk, r->image, f);
    }
    if (rc == LP_EXIT_OK && access(r->image, R_OK) != 0) {
        lp_fault_set(f, LP_EXIT_LOCAL, "run-image", "there is no image of %s for %s",
                     r->manifest.name, r->board->name);
        lp_fault_next(f, "leave out --no-build");
        rc = LP_EXIT_LOCAL;
    }
    return rc;
}

static void say(const run_t *r)
{
    cJSON *fields = cJSON_CreateObject();
    cJSON_AddStringToObject(fields, "app", r->manifest.name);
    cJSON_AddStringToObject(fields, "board", r->board->name);
    cJSON_AddStringToObject(fields, "place", r->place);
    lp_ui_event("running", fields);
    lp_ui_info("%s runs on %s; Ctrl-C ends it. Flash and chip are kept in %s", r->manifest.name,
               r->board->name, r->place);
    lp_ui_info("In another terminal: limpet cloud up, limpet aws-iot-setup, limpet console");
    if (strcmp(r->board->name, "posix") == 0) {
        lp_ui_info("Its buttons and knobs: limpet board press PIN, limpet board set adc0 1.2V");
    }
}

static int run(const char *folder, const run_options_t *options)
{
    static run_t r;
    lp_fault_t fault = {0};
    r.options = options;
    lp_interrupt_catch();
    lp_exit_t rc = prepare(&r, folder, &fault);
    if (rc == LP_EXIT_OK) {
        rc = check_inputs(&r, &fault);
    }
    if (rc == LP_EXIT_OK) {
        rc = connect_chip(&r, &fault);
    }
    if (rc == LP_EXIT_OK) {
        rc = connect_lines(&r, &fault);
    }
    if (rc == LP_EXIT_OK) {
        rc = start_board(&r, &fault);
    }
    const bool is_running = rc == LP_EXIT_OK;
    if (is_running) {
        say(&r);
        rc = watch(&r, &fault);
    }
    // Ctrl-C reaches compiler, chip and board as well: that they end then is no failure of theirs.
    if (lp_interrupt_seen()) {
        rc = is_running ? LP_EXIT_OK : lp_fault_interrupted(&fault);
    }
    stop(&r.board_pid);
    stop(&r.chip_pid);
    for (size_t i = 0; i < UARTS; i++) {
        stop(&r.line_pid[i]);
    }
    return rc == LP_EXIT_OK ? LP_EXIT_OK : lp_fault_print(&fault);
}

int lp_cmd_run(int argc, char **argv)
{
    static const int exits[] = {LP_EXIT_CHIP, LP_EXIT_CONFLICT, LP_EXIT_LOCAL, LP_EXIT_BOARD, 0};
    static const lp_help_t help = {
        .name = "run",
        .args = "[FOLDER]",
        .summary = "Builds the application in a folder and runs it on this computer, with a "
                   "virtual crypto chip.",
        .examples = {"limpet run", "limpet run my-sensor --board qemu-mps2",
                     "limpet run --part sht3x=21.5,40", NULL},
        .notes = "Flash and chip stay in FOLDER/build/BOARD from one run to the next; delete them "
                 "for a new board.",
        .exit_codes = exits,
        .max_args = 1,
    };
    run_options_t o = {
        .board = "posix", .chip = "virtual", .model = "atecc608b", .log_level = "", .sdk = ""};
    const char *part = NULL;
    if (!lp_opt_take_list(&argc, argv, "part", o.parts, PARTS_MAX, &o.n_parts)) {
        return lp_ui_fail(LP_EXIT_USAGE, "usage", "a bus has room for eight parts", NULL,
                          "limpet run --help");
    }
    const lp_opt_t opts[] = {
        {"board", LP_OPT_STR, &o.board, "BOARD", "posix (this computer), qemu-mps2, qemu-lx106"},
        {"chip", LP_OPT_STR, &o.chip, "WHERE", "virtual, none, or what the board's --i2c takes"},
        {"part", LP_OPT_STR, &part, "WORDS",
         "a virtual part: sht3x=21.5,40; ds18b20=FILE; gps=47.3,8.5; ssd1306=/dev/tty"},
        {"uart2", LP_OPT_STR, &o.uart[0], "WHERE", "serial line 2: unix:PATH, /dev/ttyX, pty:LINK"},
        {"uart3", LP_OPT_STR, &o.uart[1], "WHERE", "serial line 3"},
        {"uart4", LP_OPT_STR, &o.uart[2], "WHERE", "serial line 4"},
        {"adc0", LP_OPT_STR, &o.adc[0], "WHERE", "analog input 0 (posix): 1.2V, or a file with it"},
        {"adc1", LP_OPT_STR, &o.adc[1], "WHERE", "analog input 1"},
        {"adc2", LP_OPT_STR, &o.adc[2], "WHERE", "analog input 2"},
        {"adc3", LP_OPT_STR, &o.adc[3], "WHERE", "analog input 3"},
        {"model", LP_OPT_STR, &o.model, "MODEL",
         "of a new virtual chip: atecc508a, atecc608a, atecc608b"},
        {"log-level", LP_OPT_STR, &o.log_level, "LEVEL",
         "error, warn, info, debug; info,cloud=debug"},
        {"no-build", LP_OPT_BOOL, &o.is_built, NULL, "run what was built last"},
        {"sdk", LP_OPT_STR, &o.sdk, "DIR",
         "Limpet's sources (default: where this tool comes from)"},
    };
    int n_args = 0;
    int rc = lp_opt_parse(&help, opts, sizeof opts / sizeof opts[0], argc, argv, &n_args);
    if (o.n_parts == 0 && part != NULL) {
        o.parts[o.n_parts++] = part;
    }
    return rc == LP_OPT_GO_ON ? run(n_args > 0 ? argv[1] : ".", &o) : rc;
}
