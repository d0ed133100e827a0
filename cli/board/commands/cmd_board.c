// SPDX-License-Identifier: Apache-2.0
// limpet board: hands on a virtual board while it runs: its buttons, its wires, its knobs. They are
// a socket beside its terminal (docs/hardware.md), so that console and calls go on meanwhile.
#include <cjson/cJSON.h>
#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "limpet/board.h"
#include "limpet/cmd.h"
#include "limpet/opt.h"
#include "line.h"
#include "words.h"

enum {
    PIN_MAX = 65535,
    PRESS_MS = 100,
    PRESS_MS_MAX = 60000,
    ANSWER_MS = 5000, // beside the press itself
    TEXT_MAX = 8192,
    COMMAND_MAX = 300,
};

static const char suffix[] = ".hands";

static int usage(const char *what, const char *why)
{
    return lp_ui_fail(LP_EXIT_USAGE, "usage", what, why, "limpet board --help");
}

// -- the socket

static lp_exit_t no_hands(const char *port, lp_fault_t *f)
{
    lp_fault_set(f, LP_EXIT_NO_BOARD, "board-no-hands", "%s is no board that hands can reach",
                 port);
    lp_fault_why(f, "only boards that are a process on this computer have virtual buttons (limpet "
                    "run, limpet-board); real ones and those in QEMU have none");
    lp_fault_next(f, "limpet devices lists the boards that are seen");
    return f->exit;
}

static lp_exit_t reach(const char *wanted, int *fd, lp_fault_t *f)
{
    char port[256];
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    const lp_exit_t rc = lp_line_find(wanted, port, sizeof port, f);
    if (rc != LP_EXIT_OK) {
        return rc;
    }
    if (strlen(port) + sizeof suffix > sizeof addr.sun_path) {
        return no_hands(port, f);
    }
    memcpy(addr.sun_path, port, strlen(port));
    memcpy(addr.sun_path + strlen(port), suffix, sizeof suffix);
    *fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (*fd < 0 || connect(*fd, (struct sockaddr *)&addr, sizeof addr) != 0) {
        return no_hands(port, f);
    }
    return LP_EXIT_OK;
}

// Whether the last line is there, which is "ok" or "error WHY"; null: not yet.
static char *verdict_in(char *text, size_t len)
{
    if (len == 0 || text[len - 1] != '\n') {
        return NULL;
    }
    text[len - 1] = '\0';
    char *last = strrchr(text, '\n');
    last = last != NULL ? last + 1 : text;
    const bool is_end = strcmp(last, "ok") == 0 || strncmp(last, "error ", 6) == 0;
    text[len - 1] = '\n';
    return is_end ? last : NULL;
}

static lp_exit_t refused(const char *words, lp_fault_t *f)
{
    lp_fault_set(f, LP_EXIT_BOARD, "board-hands", "the board's wires cannot do that");
    lp_fault_why(f, "%.*s", (int)strcspn(words, "\n"), words);
    lp_fault_next(f, "limpet board shows what there is");
    return f->exit;
}

static lp_exit_t no_answer(lp_fault_t *f)
{
    if (lp_interrupt_seen()) {
        return lp_fault_interrupted(f);
    }
    lp_fault_set(f, LP_EXIT_BOARD, "board-timeout", "the board does not answer");
    lp_fault_why(f, "its loop hangs, or it ended");
    lp_fault_next(f, "limpet devices, limpet console");
    return f->exit;
}

// Sends a line; what comes before the verdict is left in text[TEXT_MAX].
static lp_exit_t ask(int fd, const char *line, int timeout_ms, char *text, lp_fault_t *f)
{
    size_t len = 0;
    if (send(fd, line, strlen(line), MSG_NOSIGNAL) != (ssize_t)strlen(line)) {
        return no_answer(f);
    }
    while (!lp_interrupt_seen()) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (poll(&p, 1, timeout_ms) <= 0) {
            break;
        }
        const ssize_t n = recv(fd, text + len, TEXT_MAX - 1 - len, 0);
        if (n <= 0) {
            break;
        }
        len += (size_t)n;
        text[len] = '\0';
        char *verdict = verdict_in(text, len);
        if (verdict != NULL && strncmp(verdict, "error ", 6) == 0) {
            return refused(verdict + 6, f);
        }
        if (verdict != NULL) {
            *verdict = '\0';
            return LP_EXIT_OK;
        }
    }
    return no_answer(f);
}

// -- what there is to see

static void show_pin(char *words, cJSON *pins)
{
    char mode[8], pull[8], hand[8];
    char pulses[48] = "";
    int pin = 0, level = 0;
    unsigned long freq_hz = 0, duty = 0;
    if (sscanf(words, "%d %7s %7s %d %7s %lu %lu", &pin, mode, pull, &level, hand, &freq_hz,
               &duty) != 7) {
        return;
    }
    if (freq_hz > 0) {
        snprintf(pulses, sizeof pulses, "  %lu Hz, %.1f %%", freq_hz, (double)duty / 655.36);
    }
    lp_ui_out("%4d  %-4s  %-4s  %-4s  %s%s", pin, level != 0 ? "high" : "low", mode, pull,
              strcmp(hand, "off") == 0 ? "-" : hand, pulses);
    cJSON *row = cJSON_CreateObject();
    cJSON_AddNumberToObject(row, "pin", pin);
    cJSON_AddNumberToObject(row, "value", level);
    cJSON_AddStringToObject(row, "mode", mode);
    cJSON_AddStringToObject(row, "pull", pull);
    cJSON_AddStringToObject(row, "hand", hand);
    if (freq_hz > 0) {
        cJSON_AddNumberToObject(row, "freq", (double)freq_hz);
        cJSON_AddNumberToObject(row, "duty", (double)duty / 65536);
    }
    cJSON_AddItemToArray(pins, row);
}

static void show_input(const char *words, cJSON *inputs)
{
    int input = 0, mv = 0;
    const int n = sscanf(words, "%d %d", &input, &mv);
    cJSON *row = cJSON_CreateObject();
    cJSON_AddNumberToObject(row, "adc", input);
    if (n == 2) {
        cJSON_AddNumberToObject(row, "mv", mv);
        lp_ui_out("adc%d  %d mV", input, mv);
    } else {
        lp_ui_out("adc%d  cannot be read", input);
    }
    cJSON_AddItemToArray(inputs, row);
}

static void show(char *text)
{
    char *rest = NULL;
    cJSON *all = cJSON_CreateObject();
    cJSON *pins = cJSON_AddArrayToObject(all, "pins");
    cJSON *inputs = cJSON_AddArrayToObject(all, "inputs");
    lp_ui_out(" pin  is    mode  pull  by hand");
    for (char *line = strtok_r(text, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        if (strncmp(line, "pin ", 4) == 0) {
            show_pin(line + 4, pins);
        } else if (strncmp(line, "adc ", 4) == 0) {
            show_input(line + 4, inputs);
        }
    }
    lp_ui_json_tree(all);
}

// -- words

typedef struct {
    const char *port;
    long ms;
    char line[COMMAND_MAX]; // for the board
    int timeout_ms;
} order_t;

static int compose_press(order_t *o, int n, char **words)
{
    long pin = 0;
    if (n != 1 || !words_number(words[0], PIN_MAX, &pin)) {
        return usage("press needs the number of one pin", NULL);
    }
    if (o->ms < 1 || o->ms > PRESS_MS_MAX) {
        return usage("--ms is 1 to 60000", NULL);
    }
    snprintf(o->line, sizeof o->line, "press %ld %ld\n", pin, o->ms);
    o->timeout_ms = (int)o->ms + ANSWER_MS;
    return LP_EXIT_OK;
}

// The board opens files from its own folder, not from this one.
static int compose_input(order_t *o, const char *input, const char *where)
{
    char path[COMMAND_MAX - 40];
    const bool is_file = access(where, F_OK) == 0;
    char *real = is_file ? realpath(where, NULL) : NULL;
    snprintf(path, sizeof path, "%s", real != NULL ? real : where);
    const bool is_whole = strlen(real != NULL ? real : where) < sizeof path;
    free(real);
    if (!is_whole || strpbrk(path, "\r\n") != NULL) {
        return usage("that is no voltage, and the name of no file that can be followed", path);
    }
    snprintf(o->line, sizeof o->line, "adc %s %s\n", input, path);
    return LP_EXIT_OK;
}

static int compose_set(order_t *o, int n, char **words)
{
    long number = 0;
    if (n != 2) {
        return usage("set needs a pin or an input, and what it shall be", NULL);
    }
    if (strncmp(words[0], "adc", 3) == 0 && words_number(words[0] + 3, PIN_MAX, &number)) {
        return compose_input(o, words[0] + 3, words[1]);
    }
    if (!words_number(words[0], PIN_MAX, &number)) {
        return usage("that is neither a pin (5) nor an input (adc0)", words[0]);
    }
    if (strlen(words[1]) > 8 || strcspn(words[1], " \r\n") != strlen(words[1])) {
        return usage("a pin is set to 0, 1, up, down or off", NULL);
    }
    snprintf(o->line, sizeof o->line, "pin %ld %s\n", number, words[1]);
    return LP_EXIT_OK;
}

static int compose(order_t *o, int n, char **words)
{
    const char *name = n > 0 ? words[0] : "look";
    o->timeout_ms = ANSWER_MS;
    if (strcmp(name, "press") == 0) {
        return compose_press(o, n - 1, words + 1);
    }
    if (strcmp(name, "set") == 0) {
        return compose_set(o, n - 1, words + 1);
    }
    if (strcmp(name, "look") != 0 || n > 1) {
        return usage("that is none of look, press PIN, set WHAT VALUE", NULL);
    }
    snprintf(o->line, sizeof o->line, "look\n");
    return LP_EXIT_OK;
}

static int run(order_t *o, int n, char **words)
{
    static char text[TEXT_MAX];
    lp_fault_t fault = {0};
    int fd = -1;
    const int bad = compose(o, n, words);
    if (bad != LP_EXIT_OK) {
        return bad;
    }
    lp_interrupt_catch();
    lp_exit_t rc = reach(o->port, &fd, &fault);
    if (rc == LP_EXIT_OK) {
        rc = ask(fd, o->line, o->timeout_ms, text, &fault);
    }
    if (fd >= 0) {
        close(fd);
    }
    if (rc != LP_EXIT_OK) {
        return lp_fault_print(&fault);
    }
    if (strcmp(o->line, "look\n") == 0) {
        show(text);
    } else {
        lp_ui_json_tree(cJSON_CreateObject());
    }
    return LP_EXIT_OK;
}

int lp_cmd_board(int argc, char **argv)
{
    static const int exits[] = {LP_EXIT_NO_BOARD, LP_EXIT_BOARD, 0};
    static const lp_help_t help = {
        .name = "board",
        .args = "[look | press PIN | set PIN|adcN VALUE]",
        .summary = "Hands on a virtual board: presses its buttons, drives its pins, turns its "
                   "knobs.",
        .examples = {"limpet board press 5", "limpet board set adc0 1.2V", "limpet board set 4 1",
                     NULL},
        .notes =
            "For boards that limpet run or limpet-board started on this computer, beside console\n"
            "and calls. press closes a button against the pin's own resistor, with a contact that\n"
            "bounces, and waits until it has let go. A pin is set to 0, 1, up, down (a resistor)\n"
            "or off; an input to a voltage (1.2V, 1200mV) or to a file that has one.",
        .exit_codes = exits,
        .max_args = 3,
    };
    order_t o = {.port = "auto", .ms = PRESS_MS};
    const lp_opt_t opts[] = {
        {"port", LP_OPT_STR, &o.port, "PORT", "auto, a board's id, or its terminal"},
        {"ms", LP_OPT_INT, &o.ms, "MS", "how long press holds the button (100)"},
    };
    int n_args = 0;
    const int rc = lp_opt_parse(&help, opts, sizeof opts / sizeof opts[0], argc, argv, &n_args);
    return rc == LP_OPT_GO_ON ? run(&o, n_args, argv + 1) : rc;
}
