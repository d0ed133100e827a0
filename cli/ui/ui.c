// SPDX-License-Identifier: Apache-2.0
// Lines for people and objects for machines.
#include "limpet/ui.h"

#include <cjson/cJSON.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ui_private.h"

lp_ui_t lp_ui;

static bool is_env_true(const char *name)
{
    const char *v = getenv(name);
    return v != NULL && (strcmp(v, "1") == 0 || strcmp(v, "true") == 0 || strcmp(v, "yes") == 0);
}

void lp_ui_init(void)
{
    const char *term = getenv("TERM");
    const char *no_color = getenv("NO_COLOR");
    lp_ui.is_tty = isatty(STDERR_FILENO) == 1;
    lp_ui.color = lp_ui.is_tty && (no_color == NULL || no_color[0] == '\0') &&
                  (term == NULL || strcmp(term, "dumb") != 0);
    lp_ui.json = is_env_true("LIMPET_JSON") || is_env_true("MOS_JSON");
    lp_ui.quiet = is_env_true("LIMPET_QUIET") || is_env_true("MOS_QUIET");
    lp_ui.verbose = is_env_true("LIMPET_VERBOSE") || is_env_true("MOS_VERBOSE");
    // Results and progress stay in order when both go to one file.
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
}

static bool take_flag(const char *arg)
{
    if (strcmp(arg, "--json") == 0) {
        lp_ui.json = true;
    } else if (strcmp(arg, "--quiet") == 0 || strcmp(arg, "-q") == 0) {
        lp_ui.quiet = true;
    } else if (strcmp(arg, "--verbose") == 0 || strcmp(arg, "-v") == 0) {
        lp_ui.verbose = true;
    } else if (strcmp(arg, "--no-color") == 0) {
        lp_ui.color = false;
    } else {
        return false;
    }
    return true;
}

int lp_ui_parse(int argc, char **argv)
{
    int n = 0;
    bool is_ended = false;
    for (int i = 0; i < argc; i++) {
        is_ended = is_ended || (i > 0 && strcmp(argv[i], "--") == 0);
        if (i == 0 || is_ended || !take_flag(argv[i])) {
            argv[n++] = argv[i];
        }
    }
    if (n < argc) {
        argv[n] = NULL;
    }
    return n;
}

// The length of the well-formed UTF-8 sequence at `p` (RFC 3629), or 0.
static size_t utf8_len(const unsigned char *p)
{
    size_t n = p[0] < 0x80u ? 1 : (p[0] & 0xE0u) == 0xC0u ? 2 : (p[0] & 0xF0u) == 0xE0u ? 3 : 4;
    if (p[0] >= 0xF5u || (p[0] >= 0x80u && p[0] < 0xC2u)) {
        return 0;
    }
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xC0u) != 0x80u) {
            return 0;
        }
    }
    bool is_overlong = (p[0] == 0xE0u && p[1] < 0xA0u) || (p[0] == 0xF0u && p[1] < 0x90u);
    bool is_surrogate = p[0] == 0xEDu && p[1] >= 0xA0u;
    return is_overlong || is_surrogate ? 0 : n;
}

// Controls that a terminal may act upon: C0, DEL, and C1 as UTF-8 (C2 80 .. C2 9F).
static bool is_control(const unsigned char *p)
{
    return (p[0] < 0x20u && p[0] != '\n' && p[0] != '\t') || p[0] == 0x7Fu ||
           (p[0] == 0xC2u && p[1] < 0xA0u);
}

void lp_ui_clean(char *out, unsigned long cap, const char *in)
{
    unsigned long n = 0;
    const unsigned char *p = (const unsigned char *)in;
    while (*p != '\0' && n + 4 < cap) {
        size_t len = utf8_len(p);
        if (len == 0 || is_control(p)) {
            out[n++] = '?';
            p += len > 0 ? len : 1;
            continue;
        }
        for (; len > 0; len--) {
            out[n++] = (char)*p++;
        }
    }
    if (cap > 0) {
        out[n] = '\0';
    }
}

void lp_ui_put_(FILE *to, const char *prefix, const char *fmt, va_list args)
{
    enum { MAX_LINE = 8192 };
    char raw[MAX_LINE];
    char clean[MAX_LINE];
    vsnprintf(raw, sizeof raw, fmt, args);
    lp_ui_clean(clean, sizeof clean, raw);
    lp_ui_step_pause_();
    fprintf(to, "%s%s\n", prefix, clean);
}

const char *lp_ui_color_(const char *code)
{
    return lp_ui.color ? code : "";
}

void lp_ui_info(const char *fmt, ...)
{
    if (lp_ui.json || lp_ui.quiet) {
        return;
    }
    va_list args;
    va_start(args, fmt);
    lp_ui_put_(stderr, "", fmt, args);
    va_end(args);
}

void lp_ui_warn(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    if (lp_ui.json) {
        char text[2048];
        vsnprintf(text, sizeof text, fmt, args);
        cJSON *fields = cJSON_CreateObject();
        cJSON_AddStringToObject(fields, "text", text);
        lp_ui_event("warning", fields);
    } else {
        char prefix[32];
        snprintf(prefix, sizeof prefix, "%swarning:%s ", lp_ui_color_("\033[1;33m"),
                 lp_ui_color_("\033[0m"));
        lp_ui_put_(stderr, prefix, fmt, args);
    }
    va_end(args);
}

void lp_ui_detail(const char *fmt, ...)
{
    if (lp_ui.json || !lp_ui.verbose) {
        return;
    }
    va_list args;
    va_start(args, fmt);
    lp_ui_put_(stderr, "     . ", fmt, args);
    va_end(args);
}

void lp_ui_out(const char *fmt, ...)
{
    if (lp_ui.json) {
        return;
    }
    va_list args;
    va_start(args, fmt);
    lp_ui_put_(stdout, "", fmt, args);
    va_end(args);
}

void lp_ui_out_long(const char *text)
{
    size_t room = strlen(text) + 8;
    char *clean = isatty(STDOUT_FILENO) == 1 ? malloc(room) : NULL;
    if (clean != NULL) {
        lp_ui_clean(clean, room, text);
    }
    printf("%s\n", clean != NULL ? clean : text);
    free(clean);
}

void lp_ui_label(const char *label, const char *fmt, ...)
{
    if (lp_ui.json || lp_ui.quiet) {
        return;
    }
    char prefix[64];
    snprintf(prefix, sizeof prefix, "%s%-8s%s ", lp_ui_color_("\033[1m"), label,
             lp_ui_color_("\033[0m"));
    va_list args;
    va_start(args, fmt);
    lp_ui_put_(stderr, prefix, fmt, args);
    va_end(args);
}

void lp_ui_json(const char *object_json)
{
    if (lp_ui.json) {
        fprintf(stdout, "%s\n", object_json);
        fflush(stdout);
    }
}

void lp_ui_json_tree(struct cJSON *object)
{
    if (object != NULL && lp_ui.json) {
        // What others said may not be UTF-8, which JSON must be.
        char *text = cJSON_PrintUnformatted(object);
        size_t room = text != NULL ? strlen(text) + 8 : 0;
        char *clean = room > 0 ? malloc(room) : NULL;
        if (clean != NULL) {
            lp_ui_clean(clean, room, text);
            lp_ui_json(clean);
        }
        free(clean);
        cJSON_free(text);
    }
    cJSON_Delete(object);
}

void lp_ui_event(const char *name, struct cJSON *fields)
{
    cJSON *event = cJSON_CreateObject();
    cJSON_AddStringToObject(event, "event", name);
    while (fields != NULL && fields->child != NULL) {
        cJSON *item = cJSON_DetachItemViaPointer(fields, fields->child);
        cJSON_AddItemToObject(event, item->string, item);
    }
    cJSON_Delete(fields);
    lp_ui_json_tree(event);
}

static void fail_json(lp_exit_t exit_code, const char *code, const char *what, const char *why,
                      const char *next)
{
    cJSON *root = cJSON_CreateObject();
    cJSON *error = cJSON_AddObjectToObject(root, "error");
    cJSON_AddStringToObject(error, "code", code);
    cJSON_AddStringToObject(error, "what", what);
    if (why != NULL) {
        cJSON_AddStringToObject(error, "why", why);
    }
    if (next != NULL) {
        cJSON_AddStringToObject(error, "next", next);
    }
    cJSON_AddNumberToObject(error, "exit", exit_code);
    lp_ui_json_tree(root);
}

// Prints `text` with each line behind `first` / `rest`.
static void put_block(const char *first, const char *rest, const char *text)
{
    char clean[4096];
    lp_ui_clean(clean, sizeof clean, text);
    const char *prefix = first;
    for (char *save = NULL, *line = strtok_r(clean, "\n", &save); line != NULL;
         line = strtok_r(NULL, "\n", &save)) {
        fprintf(stderr, "%s%s\n", prefix, line);
        prefix = rest;
    }
}

int lp_ui_fail(lp_exit_t exit_code, const char *code, const char *what, const char *why,
               const char *next)
{
    lp_ui_step_abort();
    if (lp_ui.json) {
        fail_json(exit_code, code, what, why, next);
        return exit_code;
    }
    char head[64];
    snprintf(head, sizeof head, "%serror[%.32s]:%s ", lp_ui_color_("\033[1;31m"), code,
             lp_ui_color_("\033[0m"));
    fflush(stdout);
    put_block(head, "  ", what);
    if (why != NULL) {
        put_block("  ", "  ", why);
    }
    if (next != NULL) {
        put_block("  -> ", "     ", next);
    }
    return exit_code;
}

void lp_ui_pause(int ms)
{
    const char *set = getenv("LIMPET_PAUSE_MS");
    long most_ms = set != NULL ? strtol(set, NULL, 10) : 0;
    (void)poll(NULL, 0, most_ms > 0 && most_ms < ms ? (int)most_ms : ms);
}

uint64_t lp_ui_now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000u + (uint64_t)t.tv_nsec / 1000000u;
}
