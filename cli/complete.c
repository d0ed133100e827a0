// SPDX-License-Identifier: Apache-2.0
// What may come next on the command line: commands, flags, and values by their kind.
#include "complete.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "cli_private.h"
#include "limpet/board.h"
#include "limpet/ui.h"

enum { OPEN_MS = 700, MAX_BOARDS = 64 };

typedef struct {
    int n;
    char **words;
    const char *cur;
    const char *prefix; // of what is offered: "--flag=", or ""
    bool is_group;
    int skip; // words that name the command
} line_t;

void lp_command_walk(const lp_command_t *command, const char *sub, const lp_opt_walk_t *walk)
{
    char name[64];
    char second[64];
    if (command->run == lp_cmd_help) {
        return;
    }
    snprintf(name, sizeof name, "%s", command->name);
    snprintf(second, sizeof second, "%s", sub != NULL ? sub : "");
    char *argv[] = {name, sub != NULL ? second : NULL, NULL};
    lp_opt_is_listing = true;
    lp_opt_walk = walk;
    (void)command->run(sub != NULL ? 2 : 1, argv);
    lp_opt_walk = NULL;
    lp_opt_is_listing = false;
}

static void offer(const line_t *l, const char *word, const char *about)
{
    if (strncmp(word, l->cur, strlen(l->cur)) == 0) {
        printf("%s%s\t%s\n", l->prefix, word, about != NULL ? about : "");
    }
}

// -- values

static const char *flag_value(const line_t *l, const char *name)
{
    const size_t len = strlen(name);
    for (int i = 1; i < l->n - 1; i++) {
        if (strncmp(l->words[i], "--", 2) == 0 && strncmp(l->words[i] + 2, name, len) == 0) {
            const char *rest = l->words[i] + 2 + len;
            if (*rest == '=' || (*rest == '\0' && i + 1 < l->n - 1)) {
                return *rest == '=' ? rest + 1 : l->words[i + 1];
            }
        }
    }
    return NULL;
}

static void offer_ports(const line_t *l)
{
    lp_board_found_t found[MAX_BOARDS];
    size_t n = 0;
    lp_board_list(found, MAX_BOARDS, &n);
    offer(l, "auto", "the one board that is connected");
    for (size_t i = 0; i < n && i < MAX_BOARDS; i++) {
        offer(l, found[i].id[0] != '\0' ? found[i].id : found[i].port, found[i].about);
    }
    if (l->cur[0] == '/' || l->cur[0] == '.') {
        puts(":files");
    }
}

// Whether the port means a board that runs on this computer. Nobody else is asked: opening the
// serial port of a real board may restart it, and the network may want a password.
static bool is_virtual(const char *port)
{
    lp_board_found_t found[MAX_BOARDS];
    size_t n = 0;
    const bool is_auto = port == NULL || strcmp(port, "auto") == 0;
    lp_board_list(found, MAX_BOARDS, &n);
    n = n < MAX_BOARDS ? n : MAX_BOARDS;
    for (size_t i = 0; i < n; i++) {
        if (is_auto ? n == 1 : strcmp(found[i].id, port) == 0 || strcmp(found[i].port, port) == 0) {
            return found[i].is_virtual;
        }
    }
    return false;
}

// Asks the board that the line means, when it answers at once. Owned by the caller.
static cJSON *ask_board(const line_t *l, const char *method)
{
    lp_board_options_t options = {.port = flag_value(l, "port"), .open_ms = OPEN_MS};
    lp_board_t *board = NULL;
    cJSON *result = NULL;
    lp_fault_t fault = {.exit = LP_EXIT_OK};
    if (!is_virtual(options.port)) {
        return NULL;
    }
    if (lp_board_open(&options, &board, &fault) == LP_EXIT_OK &&
        lp_board_call(board, method, NULL, OPEN_MS, &result, &fault) != LP_EXIT_OK) {
        result = NULL;
    }
    lp_board_close(board);
    return result;
}

static void offer_settings(const line_t *l, const cJSON *tree, const char *path, const char *tail)
{
    const cJSON *item = NULL;
    char name[128];
    cJSON_ArrayForEach(item, tree)
    {
        snprintf(name, sizeof name, "%.60s%s%.60s", path, path[0] != '\0' ? "." : "", item->string);
        if (cJSON_IsObject(item)) {
            offer_settings(l, item, name, tail);
        } else {
            char word[132];
            snprintf(word, sizeof word, "%s%s", name, tail);
            offer(l, word, "");
        }
    }
}

static void offer_methods(const line_t *l)
{
    cJSON *list = ask_board(l, "RPC.List");
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, list)
    {
        if (cJSON_IsString(item)) {
            offer(l, item->valuestring, "");
        }
    }
    cJSON_Delete(list);
}

static void offer_slots(const line_t *l)
{
    for (int i = 0; i < 16; i++) {
        char word[8];
        snprintf(word, sizeof word, "%d", i);
        offer(l, word, "a slot of the chip");
    }
}

// One word of a metavar or of a command's arguments: capitals are a kind, the rest stands for
// itself.
static void offer_kind(const line_t *l, const char *kind)
{
    const bool is_pair = strncmp(kind, "KEY=", 4) == 0;
    if (strcmp(kind, "PORT") == 0) {
        offer_ports(l);
    } else if (strcmp(kind, "FILE") == 0 || strcmp(kind, "DEST") == 0) {
        puts(":files");
    } else if (strcmp(kind, "DIR") == 0 || strcmp(kind, "FOLDER") == 0) {
        puts(":dirs");
    } else if (strncmp(kind, "KEY", 3) == 0) {
        cJSON *tree = ask_board(l, "Config.Get");
        offer_settings(l, tree, "", is_pair ? "=" : "");
        cJSON_Delete(tree);
    } else if (strcmp(kind, "METHOD") == 0) {
        offer_methods(l);
    } else if (strncmp(kind, "SLOT", 4) == 0) {
        offer_slots(l);
    } else if (strcmp(kind, "COMMAND") == 0) {
        for (const lp_command_t *c = lp_commands; c->name != NULL; c++) {
            offer(l, c->name, c->summary);
        }
    } else if (islower((unsigned char)kind[0])) {
        offer(l, kind, "");
    }
}

// "yaml|json|hex", "FILE|limpet-1"
static void offer_kinds(const line_t *l, const char *text)
{
    char kind[64];
    while (*text != '\0') {
        const size_t len = strcspn(text, "|");
        snprintf(kind, sizeof kind, "%.*s", (int)len, text);
        kind[strcspn(kind, ".")] = '\0'; // "KEY..."
        offer_kind(l, kind);
        text += len + (text[len] == '|');
    }
}

// -- flags and arguments

static const lp_opt_t *find_flag(const lp_opt_t *opts, size_t n_opts, const char *word, size_t len)
{
    for (size_t i = 0; i < n_opts; i++) {
        if (strlen(opts[i].name) == len && strncmp(opts[i].name, word, len) == 0) {
            return &opts[i];
        }
    }
    return NULL;
}

static void offer_flags(const line_t *l, const lp_opt_t *opts, size_t n_opts)
{
    static const char *const all[] = {"--json", "--verbose", "--quiet", "--help"};
    char word[64];
    for (size_t i = 0; i < n_opts; i++) {
        snprintf(word, sizeof word, "--%s", opts[i].name);
        offer(l, word, opts[i].help);
    }
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        offer(l, all[i], "");
    }
}

// Which of the command's own words is being written, flags and their values left out.
static int place_of(const line_t *l, const lp_opt_t *opts, size_t n_opts)
{
    int place = 0;
    for (int i = l->skip; i < l->n - 1; i++) {
        const char *word = l->words[i];
        if (strncmp(word, "--", 2) != 0) {
            place++;
            continue;
        }
        const lp_opt_t *o = find_flag(opts, n_opts, word + 2, strcspn(word + 2, "="));
        i += o != NULL && o->metavar != NULL && strchr(word, '=') == NULL;
    }
    return place;
}

static void offer_argument(const line_t *l, const char *args, int place)
{
    char copy[128];
    char *rest = NULL;
    const char *last = NULL;
    snprintf(copy, sizeof copy, "%s", args);
    for (char *word = strtok_r(copy, " []", &rest); word != NULL;
         word = strtok_r(NULL, " []", &rest)) {
        last = word;
        if (place-- == 0) {
            offer_kinds(l, word);
            return;
        }
    }
    if (last != NULL && strstr(last, "...") != NULL) {
        offer_kinds(l, last);
    }
}

static void on_help(void *ctx, const lp_help_t *help, const lp_opt_t *opts, size_t n_opts)
{
    line_t l = *(const line_t *)ctx;
    const char *equals = strchr(l.cur, '=');
    const char *before = l.n >= 2 ? l.words[l.n - 2] : "";
    const lp_opt_t *flag = NULL;
    if (strncmp(l.cur, "--", 2) == 0 && equals != NULL) {
        char prefix[64];
        flag = find_flag(opts, n_opts, l.cur + 2, (size_t)(equals - l.cur) - 2);
        snprintf(prefix, sizeof prefix, "%.*s", (int)(equals - l.cur) + 1, l.cur);
        l.prefix = prefix;
        l.cur = equals + 1;
        offer_kinds(&l, flag == NULL ? "" : flag->metavar != NULL ? flag->metavar : "true|false");
        return;
    }
    if (strncmp(before, "--", 2) == 0 && strchr(before, '=') == NULL) {
        flag = find_flag(opts, n_opts, before + 2, strlen(before + 2));
    }
    if (flag != NULL && flag->metavar != NULL) {
        offer_kinds(&l, flag->metavar);
    } else if (l.cur[0] == '-') {
        offer_flags(&l, opts, n_opts);
    } else {
        offer_argument(&l, help->args, place_of(&l, opts, n_opts));
    }
}

static void on_command(void *ctx, const char *name, const char *about)
{
    line_t *l = ctx;
    l->is_group = true;
    if (l->n == 2) {
        offer(l, name, about);
    }
}

static void ignore_help(void *ctx, const lp_help_t *help, const lp_opt_t *opts, size_t n_opts)
{
    (void)ctx;
    (void)help;
    (void)opts;
    (void)n_opts;
}

void lp_complete(int n, char **words)
{
    line_t l = {.n = n, .words = words, .cur = n > 0 ? words[n - 1] : "", .prefix = "", .skip = 1};
    lp_ui.quiet = true;
    if (n <= 1) {
        for (const lp_command_t *c = lp_commands; c->name != NULL; c++) {
            if (!c->is_hidden) {
                offer(&l, c->name, c->summary);
            }
        }
        return;
    }
    const lp_command_t *command = lp_command_find(words[0]);
    if (command != NULL && command->run == lp_cmd_help) {
        offer_kind(&l, n == 2 ? "COMMAND" : "");
        return;
    }
    lp_opt_walk_t walk = {.command = on_command, .help = ignore_help, .ctx = &l};
    if (command != NULL) {
        lp_command_walk(command, NULL, &walk);
        walk.help = on_help;
        l.skip = l.is_group ? 2 : 1;
        if (!l.is_group || n > 2) {
            lp_command_walk(command, l.is_group ? words[1] : NULL, &walk);
        }
    }
}
