// SPDX-License-Identifier: Apache-2.0
// One table of flags: parser, environment, help, listing for completion.
#include "limpet/opt.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "limpet/ui.h"

bool lp_opt_is_listing;
const lp_opt_walk_t *lp_opt_walk;

void lp_opt_list_command(const char *name, const char *about)
{
    if (lp_opt_walk != NULL) {
        lp_opt_walk->command(lp_opt_walk->ctx, name, about);
    }
}

typedef struct {
    const lp_help_t *help;
    const lp_opt_t *opts;
    size_t n_opts;
} table_t;

const char *lp_exit_text(int exit_code)
{
    static const struct {
        int code;
        const char *text;
    } texts[] = {
        {LP_EXIT_OK, "it worked"},
        {LP_EXIT_FAILED, "anything without a code of its own"},
        {LP_EXIT_USAGE, "the command line is wrong"},
        {LP_EXIT_NO_BOARD, "no board found, or more than one and none named"},
        {LP_EXIT_CHIP, "the crypto chip: missing, foreign, refused"},
        {LP_EXIT_CLOUD, "the cloud refused or answered nonsense"},
        {LP_EXIT_CREDENTIALS, "no credentials, wrong or expired ones"},
        {LP_EXIT_NETWORK, "the cloud or the board could not be reached"},
        {LP_EXIT_DECLINED, "consent was asked for and not given"},
        {LP_EXIT_CONFLICT, "something of that name exists and is different"},
        {LP_EXIT_UNPROVEN, "everything was set, but the proof of connection failed"},
        {LP_EXIT_LOCAL, "this computer: file, disk, missing program"},
        {LP_EXIT_BOARD, "the board refused or stopped answering"},
        {LP_EXIT_FINDINGS, "it worked, and found something to mend"},
        {LP_EXIT_INTERRUPTED, "interrupted by Ctrl-C"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (texts[i].code == exit_code) {
            return texts[i].text;
        }
    }
    return NULL;
}

// Damerau-free edit distance of two short words, enough for typing mistakes.
static unsigned distance(const char *a, const char *b)
{
    enum { MAX = 40 };
    unsigned row[MAX + 1];
    size_t n = strlen(b);
    if (strlen(a) > MAX || n > MAX) {
        return MAX;
    }
    for (size_t j = 0; j <= n; j++) {
        row[j] = (unsigned)j;
    }
    for (size_t i = 1; a[i - 1] != '\0'; i++) {
        unsigned diagonal = row[0];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= n; j++) {
            unsigned best = diagonal + (a[i - 1] == b[j - 1] ? 0u : 1u);
            diagonal = row[j];
            best = row[j] + 1 < best ? row[j] + 1 : best;
            best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
            row[j] = best;
        }
    }
    return row[n];
}

const char *lp_opt_nearest(const char *word, const char *const *words)
{
    const char *best = NULL;
    unsigned best_distance = 4;
    for (; *words != NULL; words++) {
        unsigned d = distance(word, *words);
        if (d < best_distance && d < strlen(*words)) {
            best = *words;
            best_distance = d;
        }
    }
    return best;
}

static const lp_opt_t *find_opt(const table_t *t, const char *name, size_t len)
{
    for (size_t i = 0; i < t->n_opts; i++) {
        if (strlen(t->opts[i].name) == len && strncmp(t->opts[i].name, name, len) == 0) {
            return &t->opts[i];
        }
    }
    return NULL;
}

static int fail_usage(const table_t *t, const char *what, const char *why)
{
    char next[128];
    snprintf(next, sizeof next, "limpet %s --help", t->help->name);
    return lp_ui_fail(LP_EXIT_USAGE, "usage", what, why, next);
}

static int fail_unknown(const table_t *t, const char *arg)
{
    const char *names[64];
    size_t n = t->n_opts < 63 ? t->n_opts : 63;
    for (size_t i = 0; i < n; i++) {
        names[i] = t->opts[i].name;
    }
    names[n] = NULL;
    char word[64];
    snprintf(word, sizeof word, "%.*s", (int)strcspn(arg, "="), arg);
    const char *near = lp_opt_nearest(word, names);
    char what[160];
    char why[96];
    // A value behind '=' might be a secret: only the name is shown.
    snprintf(what, sizeof what, "limpet %s has no flag --%s", t->help->name, word);
    snprintf(why, sizeof why, "did you mean --%s?", near != NULL ? near : "");
    return fail_usage(t, what, near != NULL ? why : NULL);
}

static bool parse_bool(const char *text, bool *value)
{
    static const char *const yes[] = {"1", "true", "yes", "on"};
    static const char *const no[] = {"", "0", "false", "no", "off"};
    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++) {
        if (strcmp(text, yes[i]) == 0) {
            *value = true;
            return true;
        }
    }
    for (size_t i = 0; i < sizeof no / sizeof no[0]; i++) {
        if (strcmp(text, no[i]) == 0) {
            *value = false;
            return true;
        }
    }
    return false;
}

static bool store(const lp_opt_t *opt, const char *text)
{
    if (opt->kind == LP_OPT_BOOL) {
        return parse_bool(text, (bool *)opt->value);
    }
    if (opt->kind == LP_OPT_STR) {
        *(const char **)opt->value = text;
        return true;
    }
    char *end = NULL;
    errno = 0;
    long number = strtol(text, &end, 0);
    if (errno != 0 || end == text || *end != '\0') {
        return false;
    }
    *(long *)opt->value = number;
    return true;
}

static int store_or_fail(const table_t *t, const lp_opt_t *opt, const char *text, const char *from)
{
    if (store(opt, text)) {
        return LP_OPT_GO_ON;
    }
    char what[160];
    snprintf(what, sizeof what, "%s needs %s", from,
             opt->kind == LP_OPT_BOOL ? "true or false" : "a number");
    return fail_usage(t, what, NULL);
}

static const char *from_environment(const char *prefix, const lp_opt_t *opt, char name[64])
{
    int n = snprintf(name, 64, "%s%s", prefix, opt->name);
    for (int k = 0; k < n && k < 63; k++) {
        name[k] = name[k] == '-' ? '_' : (char)toupper((unsigned char)name[k]);
    }
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

// The least first, so that what counts more comes over it.
static int parse_surroundings(const table_t *t)
{
    int rc = LP_OPT_GO_ON;
    for (size_t i = 0; i < t->n_opts && rc == LP_OPT_GO_ON; i++) {
        const lp_opt_t *opt = &t->opts[i];
        char name[64];
        char from[96];
        const char *value = strcmp(opt->name, "yes") != 0 ? lp_opt_from_file(opt->name) : NULL;
        snprintf(from, sizeof from, "%s in limpet's config file", opt->name);
        rc = value != NULL ? store_or_fail(t, opt, value, from) : rc;
        value = from_environment("MOS_", opt, name);
        if (value != NULL) {
            (void)store(opt, value);
        }
        value = from_environment("LIMPET_", opt, name);
        rc = rc == LP_OPT_GO_ON && value != NULL ? store_or_fail(t, opt, value, name) : rc;
    }
    return rc;
}

// argv[*i] is a flag; takes its value too.
static int parse_flag(const table_t *t, int argc, char **argv, int *i)
{
    const char *name = argv[*i] + 2;
    size_t len = strcspn(name, "=");
    const lp_opt_t *opt = find_opt(t, name, len);
    if (opt == NULL) {
        return fail_unknown(t, name);
    }
    char from[72];
    snprintf(from, sizeof from, "--%s", opt->name);
    if (name[len] == '=') {
        return store_or_fail(t, opt, name + len + 1, from);
    }
    if (opt->kind == LP_OPT_BOOL) {
        *(bool *)opt->value = true;
        return LP_OPT_GO_ON;
    }
    if (*i + 1 >= argc) {
        char what[128];
        snprintf(what, sizeof what, "--%s needs a value (%s)", opt->name, opt->metavar);
        return fail_usage(t, what, NULL);
    }
    *i += 1;
    return store_or_fail(t, opt, argv[*i], from);
}

static int parse_arguments(const table_t *t, int argc, char **argv, int *n_args)
{
    bool is_ended = false;
    int n = 0;
    for (int i = 1; i < argc; i++) {
        if (!is_ended && strcmp(argv[i], "--") == 0) {
            is_ended = true;
        } else if (!is_ended && (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)) {
            lp_opt_help(t->help, t->opts, t->n_opts);
            return LP_EXIT_OK;
        } else if (!is_ended && strncmp(argv[i], "--", 2) == 0) {
            int rc = parse_flag(t, argc, argv, &i);
            if (rc != LP_OPT_GO_ON) {
                return rc;
            }
        } else if (!is_ended && argv[i][0] == '-' && argv[i][1] != '\0' && !isdigit(argv[i][1])) {
            return fail_unknown(t, argv[i] + 1);
        } else {
            argv[++n] = argv[i];
        }
    }
    *n_args = n;
    return LP_OPT_GO_ON;
}

int lp_opt_parse(const lp_help_t *help, const lp_opt_t *opts, size_t n_opts, int argc, char **argv,
                 int *n_args)
{
    table_t t = {.help = help, .opts = opts, .n_opts = n_opts};
    if (lp_opt_is_listing) {
        if (lp_opt_walk != NULL) {
            lp_opt_walk->help(lp_opt_walk->ctx, help, opts, n_opts);
        }
        return LP_EXIT_OK;
    }
    int rc = parse_surroundings(&t);
    if (rc == LP_OPT_GO_ON) {
        rc = parse_arguments(&t, argc, argv, n_args);
    }
    if (rc == LP_OPT_GO_ON && help->max_args >= 0 && *n_args > help->max_args) {
        char what[160];
        snprintf(what, sizeof what, "limpet %s does not know what to do with \"%.60s\"", help->name,
                 argv[help->max_args + 1]);
        return fail_usage(&t, what, NULL);
    }
    return rc;
}

bool lp_opt_take_list(int *argc, char **argv, const char *name, const char **list, size_t cap,
                      size_t *n)
{
    size_t len = strlen(name);
    int kept = 0;
    for (int i = 0; i < *argc; i++) {
        const char *value = NULL;
        if (strncmp(argv[i], "--", 2) == 0 && strncmp(argv[i] + 2, name, len) == 0) {
            const char *rest = argv[i] + 2 + len;
            value = *rest == '=' ? rest + 1 : *rest == '\0' && i + 1 < *argc ? argv[++i] : NULL;
        }
        if (value == NULL) {
            argv[kept++] = argv[i];
            continue;
        }
        if (*n == cap) {
            return false;
        }
        list[(*n)++] = value;
    }
    *argc = kept;
    return true;
}

static void help_exit_codes(const int *codes)
{
    printf("\nExit codes\n");
    static const int always[] = {LP_EXIT_OK, LP_EXIT_FAILED, LP_EXIT_USAGE};
    for (size_t i = 0; i < sizeof always / sizeof always[0]; i++) {
        printf("  %3d  %s\n", always[i], lp_exit_text(always[i]));
    }
    for (; codes != NULL && *codes != 0; codes++) {
        printf("  %3d  %s\n", *codes, lp_exit_text(*codes));
    }
}

// Text whose lines are broken at blanks before they get too long; `indent` is what stands left of
// it, and of each further line.
static void print_wrapped(const char *text, size_t indent)
{
    enum { WIDTH = 100 };
    while (*text != '\0') {
        size_t len = strcspn(text, "\n");
        if (len + indent > WIDTH) {
            size_t at = WIDTH - indent;
            while (at > 0 && text[at] != ' ') {
                at--;
            }
            len = at > 0 ? at : len;
        }
        printf("%.*s\n", (int)len, text);
        text += len + (text[len] != '\0');
        printf("%*s", *text != '\0' ? (int)indent : 0, "");
    }
}

void lp_opt_help(const lp_help_t *help, const lp_opt_t *opts, size_t n_opts)
{
    print_wrapped(help->summary, 0);
    printf("\nUsage\n  limpet %s%s%s%s\n\nExamples\n", help->name, help->args[0] != '\0' ? " " : "",
           help->args, n_opts > 0 ? " [flags]" : "");
    for (size_t i = 0; i < 4 && help->examples[i] != NULL; i++) {
        printf("  %s\n", help->examples[i]);
    }
    printf("\nFlags\n");
    for (size_t i = 0; i < n_opts; i++) {
        char left[64];
        snprintf(left, sizeof left, "--%s%s%s", opts[i].name, opts[i].metavar != NULL ? " " : "",
                 opts[i].metavar != NULL ? opts[i].metavar : "");
        printf("  %-24s ", left);
        print_wrapped(opts[i].help, strlen(left) < 24 ? 27 : strlen(left) + 3);
    }
    printf("  %-24s %s\n", "--json", "one JSON object a line on standard output");
    printf("  %-24s %s\n", "--verbose, --quiet", "say more, say less");
    printf("Each flag is also an environment variable: --some-flag is LIMPET_SOME_FLAG.\n"
           "What is in neither may be in ~/.config/limpet/config: some-flag = value.\n");
    if (help->notes != NULL) {
        printf("\n");
        print_wrapped(help->notes, 0);
    }
    help_exit_codes(help->exit_codes);
}
