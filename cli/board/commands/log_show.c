// SPDX-License-Identifier: Apache-2.0
#include "log_show.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "limpet/ui.h"

enum { LINE_MAX_SHOWN = 8192 };

static const struct {
    char letter;
    const char *level;
    const char *colour;
} levels[] = {
    {'E', "error", "\033[31m"},
    {'W', "warn", "\033[33m"},
    {'I', "info", ""},
    {'D', "debug", "\033[2m"},
};

// "E 12.345 module: text". -1: it is not of that form.
static int find_level(const char *line)
{
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
        if (line[0] == levels[i].letter && line[1] == ' ') {
            const size_t whole = strspn(line + 2, "0123456789");
            const char *dot = line + 2 + whole;
            return whole > 0 && dot[0] == '.' && strspn(dot + 1, "0123456789") == 3 ? (int)i : -1;
        }
    }
    return -1;
}

const char *lp_log_show_level(const char *line)
{
    const int i = find_level(line);
    return i >= 0 ? levels[i].level : "";
}

// The time is dim and the module bold; the line has its level's colour.
static void paint(char *out, size_t cap, const char *line, const char *colour)
{
    static const char plain[] = "\033[0m";
    const size_t time = 2 + strcspn(line + 2, " ");
    const size_t head = time + (line[time] == ' ' ? 1 : 0);
    const char *module = line + head;
    const size_t module_len = strcspn(module, ":");
    snprintf(out, cap, "\033[2m%.*s%s%s\033[1m%.*s%s%s%s%s", (int)head, line, plain, colour,
             (int)module_len, module, plain, colour, module + module_len, plain);
}

void lp_log_show_paint(char *out, size_t cap, const char *line, int has_colour)
{
    char clean[LINE_MAX_SHOWN + 4];
    char short_line[LINE_MAX_SHOWN];
    snprintf(short_line, sizeof short_line, "%s", line);
    lp_ui_clean(clean, sizeof clean, short_line);
    const int i = find_level(clean);
    if (has_colour && i >= 0) {
        paint(out, cap, clean, levels[i].colour);
    } else {
        snprintf(out, cap, "%s", clean);
    }
}

void lp_log_show(const char *line)
{
    char text[LINE_MAX_SHOWN + 64];
    if (lp_ui.json) {
        return;
    }
    lp_log_show_paint(text, sizeof text, line, lp_ui.color && isatty(STDOUT_FILENO));
    puts(text);
    fflush(stdout);
}
