// SPDX-License-Identifier: Apache-2.0
#include "secret_line.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static bool take(const char *text, char *dst, size_t cap)
{
    const size_t len = strcspn(text, "\r\n");
    if (len >= cap) {
        return false;
    }
    memcpy(dst, text, len);
    dst[len] = '\0';
    return true;
}

static bool read_line(char *dst, size_t cap)
{
    char line[512];
    const bool has_line = fgets(line, sizeof line, stdin) != NULL && take(line, dst, cap);
    explicit_bzero(line, sizeof line);
    return has_line;
}

bool lp_secret_line(const char *name, const char *prompt, char *dst, size_t cap)
{
    struct termios before;
    const char *given = getenv(name);
    if (given != NULL) {
        return take(given, dst, cap);
    }
    if (isatty(STDIN_FILENO) != 1 || tcgetattr(STDIN_FILENO, &before) != 0) {
        return read_line(dst, cap);
    }
    struct termios quiet = before;
    quiet.c_lflag &= ~(tcflag_t)ECHO;
    // Before the question: what is typed at once is neither shown nor thrown away.
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
    fprintf(stderr, "%s", prompt);
    const bool has_line = read_line(dst, cap);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    fprintf(stderr, "\n");
    return has_line;
}
