// SPDX-License-Identifier: Apache-2.0
#include "limpet/ini.h"

#include <stdbool.h>
#include <string.h>

enum { MAX_LINE = 4096, MAX_SECTION = 256 };

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static char *trim(char *s)
{
    while (is_blank(*s)) {
        s++;
    }
    size_t n = strlen(s);
    while (n > 0 && is_blank(s[n - 1])) {
        s[--n] = '\0';
    }
    return s;
}

// `[profile "my x"]` names the same section as `[profile my x]`.
static void take_section(char *line, char *section)
{
    char *end = strchr(line, ']');
    if (end == NULL || (size_t)(end - line) > MAX_SECTION) {
        section[0] = '\0';
        return;
    }
    *end = '\0';
    size_t n = 0;
    for (const char *p = trim(line + 1); *p != '\0'; p++) {
        if (*p != '"' && *p != '\'') {
            section[n++] = *p;
        }
    }
    section[n] = '\0';
}

static void take_line(char *line, char *section, lp_ini_fn *fn, void *ctx)
{
    if (line[0] == '[') {
        take_section(line, section);
        return;
    }
    if (is_blank(line[0]) || line[0] == '#' || line[0] == ';' || section[0] == '\0') {
        return;
    }
    char *equals = strchr(line, '=');
    if (equals == NULL) {
        return;
    }
    *equals = '\0';
    const char *key = trim(line);
    if (key[0] != '\0') {
        fn(ctx, section, key, trim(equals + 1));
    }
}

void lp_ini_parse(const char *text, size_t len, lp_ini_fn *fn, void *ctx)
{
    char section[MAX_SECTION + 1] = "";
    char line[MAX_LINE];
    for (size_t start = 0; start < len;) {
        const char *end = memchr(text + start, '\n', len - start);
        size_t n = end != NULL ? (size_t)(end - text) - start : len - start;
        if (n < sizeof line && memchr(text + start, '\0', n) == NULL) {
            memcpy(line, text + start, n);
            line[n] = '\0';
            take_line(line, section, fn, ctx);
        }
        start += n + 1;
    }
    // Values may be secrets.
    explicit_bzero(line, sizeof line);
}
