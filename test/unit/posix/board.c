// SPDX-License-Identifier: Apache-2.0
#include "board.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_S = 20 };

static char folder[64];

static void nap(void)
{
    const struct timespec ms20 = {.tv_nsec = 20 * 1000 * 1000};
    nanosleep(&ms20, NULL);
}

void board_folder_make(void)
{
    snprintf(folder, sizeof folder, "/tmp/limpet-test-XXXXXX");
    if (mkdtemp(folder) == NULL) {
        abort();
    }
    setenv("XDG_RUNTIME_DIR", folder, 1);
}

void board_folder_remove(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    if (system(command) != 0) {
        abort();
    }
}

const char *board_path(const char *name)
{
    static char paths[4][256];
    static unsigned turn;
    char *path = paths[turn++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

pid_t board_spawn(const char *log, const char *const argv[])
{
    const pid_t pid = fork();
    if (pid == 0) {
        const int fd = open(board_path(log), O_WRONLY | O_CREAT | O_APPEND, 0600);
        const int null = open("/dev/null", O_RDONLY);
        dup2(null, 0);
        dup2(fd, 1);
        dup2(fd, 2);
        char *copy[16] = {0};
        for (size_t i = 0; i < 15 && argv[i] != NULL; i++) {
            copy[i] = strdup(argv[i]);
        }
        execv(copy[0], copy);
        _exit(127);
    }
    return pid;
}

int board_wait_exit(pid_t pid)
{
    int status = 0;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

int board_end(pid_t pid, int signal_number)
{
    kill(pid, signal_number);
    return board_wait_exit(pid);
}

unsigned board_log_count(const char *log, const char *text)
{
    FILE *f = fopen(board_path(log), "r");
    char line[1024];
    unsigned n = 0;
    while (f != NULL && fgets(line, sizeof line, f) != NULL) {
        n += strstr(line, text) != NULL;
    }
    if (f != NULL) {
        fclose(f);
    }
    return n;
}

bool board_log_has(const char *log, const char *text, int seconds)
{
    const time_t end = time(NULL) + seconds;
    do {
        if (board_log_count(log, text) > 0) {
            return true;
        }
        nap();
    } while (time(NULL) <= end);
    return false;
}

int board_open(const char *name)
{
    const time_t end = time(NULL) + PATIENCE_S;
    do {
        const int fd = open(board_path(name), O_RDWR | O_NOCTTY | O_NONBLOCK);
        if (fd >= 0) {
            return fd;
        }
        nap();
    } while (time(NULL) <= end);
    return -1;
}

// Reads one line; false when there is none in time.
static bool read_line(int fd, char *line, size_t cap, time_t end)
{
    size_t len = 0;
    while (time(NULL) <= end) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        char c;
        if (poll(&p, 1, 100) <= 0 || read(fd, &c, 1) != 1) {
            continue;
        }
        if (c == '\n') {
            line[len] = '\0';
            return true;
        }
        if (c != '\r' && len + 1 < cap) {
            line[len++] = c;
        }
    }
    return false;
}

static bool send_all(int fd, const char *text)
{
    for (size_t at = 0; at < strlen(text);) {
        struct pollfd p = {.fd = fd, .events = POLLOUT};
        const ssize_t n = poll(&p, 1, 5000) > 0 ? write(fd, text + at, strlen(text) - at) : -1;
        if (n <= 0) {
            return false;
        }
        at += (size_t)n;
    }
    return true;
}

const char *board_call(int fd, const char *method, const char *params)
{
    static char line[8192];
    static unsigned id;
    char head[32];
    snprintf(line, sizeof line, "\n\x04\n{\"id\":%u,\"method\":\"%s\",\"params\":%s}\n", ++id,
             method, params);
    snprintf(head, sizeof head, "{\"id\":%u,", id);
    const time_t end = time(NULL) + PATIENCE_S;
    if (!send_all(fd, line)) {
        return "";
    }
    while (read_line(fd, line, sizeof line, end)) {
        if (strncmp(line, head, strlen(head)) == 0) {
            return line;
        }
    }
    return "";
}
