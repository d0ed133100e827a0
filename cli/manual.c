// SPDX-License-Identifier: Apache-2.0
// limpet manual: the man pages and the reference in Markdown, made of what --help shows.
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli_private.h"
#include "limpet/ui.h"

// Of the release, so that a page is the same whenever it is made.
#define PAGE_DATE "2026-11-28"

typedef struct {
    const char *folder; // null: Markdown to standard output
    FILE *out;          // of a group's page
    const lp_command_t *command;
    bool is_group;
    bool has_failed;
} book_t;

// -- roff

enum { COLUMNS = 60 };

// Text as roff takes it; `is_code` keeps '-' a minus and lines as they are.
static void put_text(FILE *f, const char *text, bool is_code)
{
    bool is_start = true;
    unsigned column = 0;
    for (; *text != '\0'; text++) {
        if (is_start && (*text == '.' || *text == '\'')) {
            fputs("\\&", f);
        }
        const bool is_broken = !is_code && *text == ' ' && column >= COLUMNS;
        if (*text == '\\') {
            fputs("\\e", f);
        } else if (*text == '-' && is_code) {
            fputs("\\-", f);
        } else {
            fputc(is_broken ? '\n' : *text, f);
        }
        is_start = is_broken || *text == '\n';
        column = is_start ? 0 : column + 1;
    }
}

// limpet-cloud-up, from "cloud up"
static void page_name(const char *command, char out[96])
{
    snprintf(out, 96, "limpet%s%.80s", command[0] != '\0' ? "-" : "", command);
    for (char *c = out; *c != '\0'; c++) {
        *c = *c == ' ' ? '-' : *c;
    }
}

static FILE *open_page(const char *folder, const char *command)
{
    char name[96];
    char path[512];
    page_name(command, name);
    snprintf(path, sizeof path, "%.400s/%s.1", folder, name);
    FILE *f = fopen(path, "w");
    if (f == NULL) {
        return NULL;
    }
    fputs(".TH \"", f);
    for (const char *c = name; *c != '\0'; c++) {
        fputc(toupper((unsigned char)*c), f);
    }
    fprintf(f, "\" 1 %s \"limpet %s\" Limpet\n.SH NAME\n", PAGE_DATE, LP_VERSION);
    put_text(f, name, true);
    fputs(" \\- ", f);
    return f;
}

static void put_flags(FILE *f, const lp_opt_t *opts, size_t n_opts)
{
    fputs(".SH OPTIONS\n", f);
    for (size_t i = 0; i < n_opts; i++) {
        fputs(".TP\n\\fB\\-\\-", f);
        put_text(f, opts[i].name, true);
        fputs("\\fR", f);
        if (opts[i].metavar != NULL) {
            fputs(" \\fI", f);
            put_text(f, opts[i].metavar, true);
            fputs("\\fR", f);
        }
        fputc('\n', f);
        put_text(f, opts[i].help, false);
        fputc('\n', f);
    }
    fputs(".TP\n\\fB\\-\\-json\\fR\nOne JSON object a line on standard output.\n"
          ".TP\n\\fB\\-\\-verbose\\fR, \\fB\\-\\-quiet\\fR\nSay more, say less.\n",
          f);
}

static void put_environment(FILE *f, const lp_opt_t *opts, size_t n_opts)
{
    fputs(".SH ENVIRONMENT\nEach option may be given as a variable; the command line counts\n"
          "before it.\nWhat is in neither may stand in\n.I \\(ti/.config/limpet/config\nas a line "
          "of the form \\(lqoption = value\\(rq.\n",
          f);
    for (size_t i = 0; i < n_opts; i++) {
        fputs(".TP\n.B LIMPET_", f);
        for (const char *c = opts[i].name; *c != '\0'; c++) {
            fputc(*c == '-' ? '_' : toupper((unsigned char)*c), f);
        }
        fprintf(f, "\nas\n.BR \\-\\-");
        put_text(f, opts[i].name, true);
        fputc('\n', f);
    }
}

static void put_exits(FILE *f, const int *codes)
{
    static const int always[] = {LP_EXIT_OK, LP_EXIT_FAILED, LP_EXIT_USAGE};
    fputs(".SH \"EXIT STATUS\"\n", f);
    for (size_t i = 0; i < sizeof always / sizeof always[0]; i++) {
        fprintf(f, ".TP\n%d\n%s\n", always[i], lp_exit_text(always[i]));
    }
    for (; codes != NULL && *codes != 0; codes++) {
        fprintf(f, ".TP\n%d\n%s\n", *codes, lp_exit_text(*codes));
    }
}

static void put_lines(FILE *f, const char *title, const char *const *lines)
{
    fprintf(f, ".SH %s\n.nf\n", title);
    for (size_t i = 0; i < 4 && lines[i] != NULL; i++) {
        put_text(f, lines[i], true);
        fputc('\n', f);
    }
    fputs(".fi\n", f);
}

static void put_page(book_t *book, const lp_help_t *help, const lp_opt_t *opts, size_t n_opts)
{
    FILE *f = open_page(book->folder, help->name);
    if (f == NULL) {
        book->has_failed = true;
        return;
    }
    put_text(f, help->summary, false);
    fputs("\n.SH SYNOPSIS\n.B limpet ", f);
    put_text(f, help->name, true);
    fputc('\n', f);
    if (help->args[0] != '\0') {
        put_text(f, help->args, true);
        fputc('\n', f);
    }
    fputs("[flags]\n.SH DESCRIPTION\n", f);
    put_text(f, help->summary, false);
    fputc('\n', f);
    if (help->notes != NULL) {
        fputs(".PP\n", f);
        put_text(f, help->notes, false);
        fputc('\n', f);
    }
    put_flags(f, opts, n_opts);
    put_environment(f, opts, n_opts);
    put_exits(f, help->exit_codes);
    put_lines(f, "EXAMPLES", help->examples);
    fputs(".SH \"SEE ALSO\"\n.BR limpet (1)\n", f);
    book->has_failed = fclose(f) != 0 || book->has_failed;
}

// -- the walk

static void on_help(void *ctx, const lp_help_t *help, const lp_opt_t *opts, size_t n_opts)
{
    book_t *book = ctx;
    if (book->folder != NULL) {
        put_page(book, help, opts, n_opts);
        return;
    }
    printf("\n## limpet %s\n```\n", help->name);
    lp_opt_help(help, opts, n_opts);
    printf("```\n");
}

enum { SUBS_MAX = 24 };

typedef struct {
    book_t *book;
    size_t n;
    const char *names[SUBS_MAX];
    const char *abouts[SUBS_MAX];
} group_t;

static void on_command(void *ctx, const char *name, const char *about)
{
    group_t *g = ctx;
    if (g->n < SUBS_MAX) {
        g->names[g->n] = name;
        g->abouts[g->n++] = about;
    }
}

static void on_group_help(void *ctx, const lp_help_t *help, const lp_opt_t *opts, size_t n_opts)
{
    on_help(((group_t *)ctx)->book, help, opts, n_opts);
}

// Names of commands with what they do, each with a page of its own.
static void put_list(FILE *f, const char *of, const char *name, const char *about)
{
    char page[96];
    char whole[96];
    snprintf(whole, sizeof whole, "%.40s%s%.40s", of, of[0] != '\0' ? " " : "", name);
    page_name(whole, page);
    fputs(".TP\n.BR ", f);
    put_text(f, page, true);
    fputs(" (1)\n", f);
    put_text(f, about, false);
    fputc('\n', f);
}

static void put_group_page(book_t *book, const lp_command_t *c, const group_t *g)
{
    FILE *f = open_page(book->folder, c->name);
    if (f == NULL) {
        book->has_failed = true;
        return;
    }
    put_text(f, c->summary, false);
    fprintf(f, "\n.SH SYNOPSIS\n.B limpet %s\ncommand\n[flags]\n.SH DESCRIPTION\n", c->name);
    put_text(f, c->summary, false);
    fputs(".\n.SH COMMANDS\n", f);
    for (size_t i = 0; i < g->n; i++) {
        put_list(f, c->name, g->names[i], g->abouts[i]);
    }
    fputs(".SH \"SEE ALSO\"\n.BR limpet (1)\n", f);
    book->has_failed = fclose(f) != 0 || book->has_failed;
}

static void put_command(book_t *book, const lp_command_t *c)
{
    group_t g = {.book = book};
    const lp_opt_walk_t walk = {.command = on_command, .help = on_group_help, .ctx = &g};
    lp_command_walk(c, NULL, &walk);
    if (g.n > 0 && book->folder != NULL) {
        put_group_page(book, c, &g);
    }
    const size_t n = g.n;
    for (size_t i = 0; i < n; i++) {
        lp_command_walk(c, g.names[i], &walk);
    }
}

static void put_main_page(book_t *book)
{
    FILE *f = open_page(book->folder, "");
    if (f == NULL) {
        book->has_failed = true;
        return;
    }
    fputs("from a bare board and a crypto chip to a proven cloud connection\n"
          ".SH SYNOPSIS\n.B limpet\ncommand\n[flags]\n.SH DESCRIPTION\n"
          "One tool to build, set up and look after boards with an ATECC508A or ATECC608.\n"
          ".SH COMMANDS\n",
          f);
    for (const lp_command_t *c = lp_commands; c->name != NULL; c++) {
        if (!c->is_hidden && c->run != lp_cmd_help) {
            put_list(f, "", c->name, c->summary);
        }
    }
    fputs(".SH \"EXIT STATUS\"\n", f);
    for (int code = 0; code < 256; code++) {
        if (lp_exit_text(code) != NULL) {
            fprintf(f, ".TP\n%d\n%s\n", code, lp_exit_text(code));
        }
    }
    fputs(".SH EXAMPLES\n.nf\nlimpet aws\\-iot\\-setup\nlimpet console\n.fi\n", f);
    book->has_failed = fclose(f) != 0 || book->has_failed;
}

static void put_all(book_t *book)
{
    for (const lp_command_t *c = lp_commands; c->name != NULL; c++) {
        if (!c->is_hidden) {
            put_command(book, c);
        }
    }
}

int lp_cmd_manual(int argc, char **argv)
{
    static const lp_help_t help = {
        .name = "manual",
        .args = "man DIR | markdown",
        .summary = "Writes the man pages to a folder, or the reference in Markdown.",
        .examples = {"limpet manual man /tmp/man1", "limpet manual markdown", NULL},
        .max_args = 2,
    };
    int n_args = 0;
    int rc = lp_opt_parse(&help, NULL, 0, argc, argv, &n_args);
    if (rc != LP_OPT_GO_ON) {
        return rc;
    }
    book_t book = {.folder = n_args == 2 ? argv[2] : NULL};
    if (n_args == 2 && strcmp(argv[1], "man") == 0) {
        put_main_page(&book);
        put_all(&book);
    } else if (n_args == 1 && strcmp(argv[1], "markdown") == 0) {
        printf("# Every command\n\nMade by `tools/gen-commands` from what `limpet COMMAND --help` "
               "shows; the man pages come from the same text.\n");
        put_all(&book);
    } else {
        return lp_ui_fail(LP_EXIT_USAGE, "usage", "man DIR, or markdown", NULL,
                          "limpet manual --help");
    }
    if (book.has_failed) {
        return lp_ui_fail(LP_EXIT_LOCAL, "file-write", "a man page cannot be written",
                          strerror(errno), "name a folder that is there and yours");
    }
    return LP_EXIT_OK;
}
