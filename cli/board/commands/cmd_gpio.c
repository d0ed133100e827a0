// SPDX-License-Identifier: Apache-2.0
// limpet gpio: a board's pins, for somebody who wires it.
#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "limpet/board_cmd.h"
#include "limpet/cmd.h"
#include "words.h"

enum { WATCH_MS = 100, ARGS_MAX = 3, TTL_S = 30, RENEW_MS = 10000, GOODBYE_MS = 1000 };

static int usage(const char *what, const char *why)
{
    return lp_ui_fail(LP_EXIT_USAGE, "usage", what, why, "limpet gpio --help");
}

// -- info

static void put_pin(const cJSON *pin)
{
    char can[80] = "";
    size_t n = 0;
    const cJSON *word = NULL;
    cJSON_ArrayForEach(word, cJSON_GetObjectItemCaseSensitive(pin, "can"))
    {
        const char *s = cJSON_GetStringValue(word);
        if (s != NULL && n + strlen(s) + 2 < sizeof can) {
            n += (size_t)snprintf(can + n, sizeof can - n, "%s%s", n > 0 ? " " : "", s);
        }
    }
    const int level = words_int(pin, "value");
    lp_ui_out("%4d  %-12.12s  %-4s  %-12.12s  %s", words_int(pin, "pin"), words_text(pin, "name"),
              level < 0 ? "-" : (level == 0 ? "low" : "high"), words_text(pin, "user"), can);
}

static void put_pins(const cJSON *pins)
{
    const cJSON *pin = NULL;
    lp_ui_out(" pin  name          is    used by       can");
    cJSON_ArrayForEach(pin, pins)
    {
        put_pin(pin);
    }
}

// -- calls

typedef struct {
    const char *name, *method;
    const char *args[ARGS_MAX + 1]; // of numbers; null-ended
    const char *mode;               // null: none is sent
    bool has_pull;                  // "up" or "down" may follow
} call_t;

static const call_t calls[] = {
    {"info", "GPIO.Info", {NULL}, NULL, false},
    {"read", "GPIO.Read", {"pin", NULL}, NULL, false},
    {"write", "GPIO.Write", {"pin", "value", NULL}, NULL, false},
    {"toggle", "GPIO.Toggle", {"pin", NULL}, NULL, false},
    {"blink", "GPIO.Blink", {"pin", "on_ms", "off_ms", NULL}, NULL, false},
    {"input", "GPIO.Configure", {"pin", NULL}, "in", true},
    {"release", "GPIO.Release", {"pin", NULL}, NULL, false},
    {"watch", NULL, {"pin", NULL}, NULL, true},
};

static long most_of(const char *arg)
{
    if (strcmp(arg, "pin") == 0) {
        return 65535;
    }
    return strcmp(arg, "value") == 0 ? 1 : 86400000;
}

// The words as parameters. Null: one is wrong, `why` says which.
static cJSON *take_words(const call_t *c, int n, char **words, char *why, size_t cap)
{
    cJSON *params = cJSON_CreateObject();
    int i = 0;
    for (; c->args[i] != NULL; i++) {
        long value = 0;
        if (i >= n || !words_number(words[i], most_of(c->args[i]), &value)) {
            snprintf(why, cap, "%s: a number from 0 to %ld is needed", c->args[i],
                     most_of(c->args[i]));
            cJSON_Delete(params);
            return NULL;
        }
        cJSON_AddNumberToObject(params, c->args[i], (double)value);
    }
    if (c->mode != NULL) {
        cJSON_AddStringToObject(params, "mode", c->mode);
    }
    if (c->has_pull && i < n && (strcmp(words[i], "up") == 0 || strcmp(words[i], "down") == 0)) {
        cJSON_AddStringToObject(params, "pull", words[i++]);
    }
    if (i == n) {
        return params;
    }
    snprintf(why, cap, "%s takes fewer words", c->name);
    cJSON_Delete(params);
    return NULL;
}

static void put_result(const call_t *c, cJSON *result)
{
    if (cJSON_IsArray(result)) {
        put_pins(result);
    } else if (words_int(result, "value") >= 0) {
        lp_ui_out("%d", words_int(result, "value"));
    } else {
        lp_ui_info("%s: done", c->name);
    }
    lp_ui_json_tree(result);
}

// -- watching

typedef struct {
    int pin;
    int before;   // the last level that was shown; -1: none
    bool is_gone; // the application has the pin now
} watch_t;

static void show_level(watch_t *w, cJSON *result)
{
    const int now = words_int(result, "value");
    const int lost = words_int(result, "lost");
    if (lost > 0) {
        lp_ui_warn("%d edges came faster than they could be told", lost);
    }
    w->before = now;
    lp_ui_out("%d", now);
    lp_ui_json_tree(result);
    fflush(stdout);
}

// Looks again and again: the pin is somebody else's, or the way carries answers only.
static lp_exit_t poll_pin(lp_board_t *board, watch_t *w, lp_fault_t *f)
{
    while (!lp_interrupt_seen()) {
        cJSON *params = cJSON_CreateObject();
        cJSON *result = NULL;
        cJSON_AddNumberToObject(params, "pin", w->pin);
        const lp_exit_t rc = lp_board_call(board, "GPIO.Read", params, 0, &result, f);
        if (rc != LP_EXIT_OK) {
            return rc;
        }
        if (words_int(result, "value") != w->before) {
            show_level(w, result);
        } else {
            cJSON_Delete(result);
        }
        lp_ui_pause(WATCH_MS);
    }
    return LP_EXIT_INTERRUPTED;
}

static void take_edge(void *ctx, const cJSON *frame)
{
    watch_t *w = ctx;
    const char *method = words_text(frame, "method");
    const cJSON *params = cJSON_GetObjectItemCaseSensitive(frame, "params");
    if (strcmp(method, "GPIO.Int") != 0 || words_int(params, "pin") != w->pin) {
        return;
    }
    if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(params, "is_gone"))) {
        w->is_gone = true;
    } else {
        show_level(w, cJSON_Duplicate(params, true));
    }
}

static lp_exit_t ask_for_edges(lp_board_t *board, const watch_t *w, const char *pull,
                               cJSON **result, lp_fault_t *f)
{
    cJSON *params = cJSON_CreateObject();
    cJSON_AddNumberToObject(params, "pin", w->pin);
    cJSON_AddNumberToObject(params, "ttl_s", TTL_S);
    if (pull != NULL) {
        cJSON_AddStringToObject(params, "pull", pull);
    }
    return lp_board_call(board, "GPIO.SetIntHandler", params, 0, result, f);
}

// The board tells each edge, as long as somebody says again that he listens.
static lp_exit_t hear_edges(lp_board_t *board, watch_t *w, lp_fault_t *f)
{
    lp_exit_t rc = LP_EXIT_OK;
    while (rc == LP_EXIT_OK && !lp_interrupt_seen() && !w->is_gone) {
        cJSON *result = NULL;
        rc = lp_board_watch(board, &w->is_gone, RENEW_MS, f);
        if (rc == LP_EXIT_OK && !lp_interrupt_seen() && !w->is_gone) {
            rc = ask_for_edges(board, w, NULL, &result, f);
            cJSON_Delete(result);
        }
    }
    if (w->is_gone) {
        lp_ui_info("the application has pin %d now", w->pin);
        return poll_pin(board, w, f);
    }
    return lp_interrupt_seen() ? LP_EXIT_INTERRUPTED : rc;
}

static void say_goodbye(lp_board_t *board, const watch_t *w)
{
    lp_fault_t ignored = {0};
    cJSON *params = cJSON_CreateObject();
    cJSON *result = NULL;
    cJSON_AddNumberToObject(params, "pin", w->pin);
    lp_interrupt_forget();
    (void)lp_board_call(board, "GPIO.RemoveIntHandler", params, GOODBYE_MS, &result, &ignored);
    cJSON_Delete(result);
}

// A line a change, until Ctrl-C.
static lp_exit_t watch(lp_board_t *board, const cJSON *words, lp_fault_t *f)
{
    watch_t w = {.pin = words_int(words, "pin"), .before = -1};
    const lp_board_console_t hooks = {.input_fd = -1, .on_frame = take_edge, .ctx = &w};
    const cJSON *pull = cJSON_GetObjectItemCaseSensitive(words, "pull");
    cJSON *result = NULL;
    lp_fault_t refused = {0};
    lp_board_set_console(board, &hooks);
    if (ask_for_edges(board, &w, cJSON_GetStringValue(pull), &result, &refused) != LP_EXIT_OK) {
        lp_ui_detail("%s; looking every %d ms instead", refused.why, WATCH_MS);
        return poll_pin(board, &w, f);
    }
    cJSON_DeleteItemFromObjectCaseSensitive(result, "ttl_s");
    show_level(&w, result);
    const lp_exit_t rc = hear_edges(board, &w, f);
    if (rc == LP_EXIT_INTERRUPTED) {
        say_goodbye(board, &w);
    }
    return rc;
}

static lp_exit_t call(const lp_board_options_t *o, const call_t *c, cJSON *params, lp_fault_t *f)
{
    lp_board_t *board = NULL;
    cJSON *result = NULL;
    lp_exit_t rc = lp_board_open(o, &board, f);
    if (rc == LP_EXIT_OK && strcmp(c->name, "watch") == 0) {
        rc = watch(board, params, f);
        cJSON_Delete(params);
    } else if (rc == LP_EXIT_OK) {
        rc = lp_board_call(board, c->method, params, 0, &result, f);
    } else {
        cJSON_Delete(params);
    }
    lp_board_close(board);
    if (result != NULL) {
        put_result(c, result);
    }
    return rc;
}

static int run_call(const lp_board_options_t *o, const call_t *c, int n, char **words)
{
    lp_fault_t fault = {0};
    char why[100] = "";
    lp_interrupt_catch();
    cJSON *params = take_words(c, n, words, why, sizeof why);
    if (params == NULL) {
        return usage("that is not understood", why);
    }
    const lp_exit_t rc = call(o, c, params, &fault);
    return rc == LP_EXIT_OK || rc == LP_EXIT_INTERRUPTED ? (int)rc : lp_fault_print(&fault);
}

static int run(const lp_board_options_t *o, int n, char **words)
{
    const char *name = n > 0 ? words[0] : "info";
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        if (strcmp(name, calls[i].name) == 0) {
            return run_call(o, &calls[i], n > 0 ? n - 1 : 0, words + 1);
        }
    }
    return usage("that is none of info, read, write, toggle, blink, input, release, watch", NULL);
}

int lp_cmd_gpio(int argc, char **argv)
{
    static const lp_help_t help = {
        .name = "gpio",
        .args = "[info | COMMAND PIN [VALUE ...]]",
        .summary = "Shows a board's pins, reads and drives them.",
        .examples = {"limpet gpio", "limpet gpio write 4 1", "limpet gpio blink 4 100 900", NULL},
        .notes =
            "The commands: read PIN, write PIN 0|1, toggle PIN, blink PIN ON_MS OFF_MS,\n"
            "input PIN [up|down], release PIN, watch PIN [up|down] (a line a change, until "
            "Ctrl-C:\n"
            "each edge, told by the board; a pin of the application is looked at ten times a "
            "second).\n"
            "A pin that the application or the board uses itself can be looked at, not changed.\n"
            "What a command took stays as it is until release, or until the board restarts;\n"
            "blink PIN 0 0 ends blinking.",
        .exit_codes = lp_board_exits,
        .max_args = 4,
    };
    lp_board_options_t o = {.port = "auto"};
    const lp_opt_t opts[] = {
        LP_BOARD_FLAGS(o),
    };
    int n_args = 0;
    int rc = lp_opt_parse(&help, opts, sizeof opts / sizeof opts[0], argc, argv, &n_args);
    return rc == LP_OPT_GO_ON ? run(&o, n_args, argv + 1) : rc;
}
