// SPDX-License-Identifier: Apache-2.0
#include "limpet/group.h"

#include <stdio.h>
#include <string.h>

#include "limpet/opt.h"
#include "limpet/ui.h"

enum { MAX_COMMANDS = 32 };

static void list(const lp_group_t *g)
{
    for (size_t i = 0; i < g->n; i++) {
        if (g->commands[i].about != NULL) {
            lp_opt_list_command(g->commands[i].name, g->commands[i].about);
        }
    }
}

static void print_help(const lp_group_t *g)
{
    fputs(g->intro, stdout);
    for (size_t i = 0; i < g->n; i++) {
        if (g->commands[i].about != NULL) {
            printf("  limpet %s %-8s %s\n", g->name, g->commands[i].name, g->commands[i].about);
        }
    }
    fputs(g->outro, stdout);
}

static int fail_without(const lp_group_t *g)
{
    char what[100];
    char why[200] = "";
    char next[100];
    size_t len = 0;
    for (size_t i = 0; i < g->n && len < sizeof why; i++) {
        if (g->commands[i].about != NULL) {
            len += (size_t)snprintf(why + len, sizeof why - len, "%s%s", len > 0 ? ", " : "",
                                    g->commands[i].name);
        }
    }
    snprintf(what, sizeof what, "limpet %s needs one of its commands", g->name);
    snprintf(next, sizeof next, "limpet %s --help", g->name);
    return lp_ui_fail(LP_EXIT_USAGE, "usage", what, why, next);
}

static int fail_unknown(const lp_group_t *g, const char *word)
{
    const char *names[MAX_COMMANDS + 1] = {0};
    size_t n = 0;
    for (size_t i = 0; i < g->n && n < MAX_COMMANDS; i++) {
        if (g->commands[i].about != NULL) {
            names[n++] = g->commands[i].name;
        }
    }
    const char *near = lp_opt_nearest(word, names);
    char what[100];
    char why[100];
    char next[100];
    snprintf(what, sizeof what, "limpet %s has no command \"%.40s\"", g->name, word);
    snprintf(why, sizeof why, "did you mean \"%s %s\"?", g->name, near != NULL ? near : "");
    snprintf(next, sizeof next, "limpet %s --help", g->name);
    return lp_ui_fail(LP_EXIT_USAGE, "usage", what, near != NULL ? why : NULL, next);
}

static bool is_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0;
}

int lp_group_run(const lp_group_t *g, int argc, char **argv)
{
    if (argc < 2 && lp_opt_is_listing) {
        list(g);
        return LP_EXIT_OK;
    }
    if (argc < 2 && (g->is_command_due || lp_ui.json)) {
        return fail_without(g);
    }
    if (argc < 2 || is_help(argv[1])) {
        print_help(g);
        return LP_EXIT_OK;
    }
    for (size_t i = 0; i < g->n; i++) {
        if (strcmp(g->commands[i].name, argv[1]) == 0) {
            return g->commands[i].run(argc - 1, argv + 1);
        }
    }
    return fail_unknown(g, argv[1]);
}
