// SPDX-License-Identifier: Apache-2.0
// The tool's own settings: lines "name = value" in a file, comments with '#'. Read once.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "limpet/opt.h"
#include "limpet/ui.h"

enum { LINES_MAX = 64, LINE_MAX_ = 512 };

typedef struct {
    char name[48];
    char value[LINE_MAX_];
} line_t;

static struct {
    bool is_read;
    size_t n;
    line_t lines[LINES_MAX];
} file;

static char *trim(char *text)
{
    text += strspn(text, " \t");
    size_t n = strlen(text);
    while (n > 0 && strchr(" \t\r\n", text[n - 1]) != NULL) {
        text[--n] = '\0';
    }
    return text;
}

static void take(char *text)
{
    char *equals = strchr(text, '=');
    if (text[0] == '#' || equals == NULL || file.n == LINES_MAX) {
        return;
    }
    *equals = '\0';
    line_t *line = &file.lines[file.n];
    const char *name = trim(text);
    const char *value = trim(equals + 1);
    if (name[0] != '\0' && value[0] != '\0' && strlen(name) < sizeof line->name) {
        snprintf(line->name, sizeof line->name, "%s", name);
        snprintf(line->value, sizeof line->value, "%s", value);
        file.n++;
    }
}

// Whoever can write the file could choose which board or cloud a command goes to.
static bool is_own(FILE *f, const char *path)
{
    struct stat st;
    if (fstat(fileno(f), &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 022) == 0 &&
        (st.st_uid == getuid() || st.st_uid == 0)) {
        return true;
    }
    lp_ui_warn("%s is not read: others may write it (chmod 600)", path);
    return false;
}

static void read_file(void)
{
    char path[512];
    char text[LINE_MAX_];
    const char *config = getenv("XDG_CONFIG_HOME");
    const char *home = getenv("HOME");
    const bool has_config = config != NULL && config[0] == '/';
    if (!has_config && (home == NULL || home[0] != '/')) {
        return;
    }
    snprintf(path, sizeof path, "%.400s%s/limpet/config", has_config ? config : home,
             has_config ? "" : "/.config");
    FILE *f = fopen(path, "r");
    if (f == NULL) {
        return;
    }
    const bool is_read = is_own(f, path);
    while (is_read && fgets(text, sizeof text, f) != NULL) {
        take(trim(text));
    }
    fclose(f);
}

const char *lp_opt_from_file(const char *name)
{
    if (!file.is_read) {
        file.is_read = true;
        read_file();
    }
    for (size_t i = file.n; i-- > 0;) { // the last one counts
        if (strcmp(file.lines[i].name, name) == 0) {
            return file.lines[i].value;
        }
    }
    return NULL;
}
