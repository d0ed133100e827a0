// SPDX-License-Identifier: Apache-2.0
#include "sdk.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static const app_board_t boards[] = {
    {"posix", "release", "", "unix", false},
    {"qemu-mps2", "cortex-m3", ".elf", "unix", false},
    {"qemu-lx106", "lx106", ".elf", "pty", true},
};

const app_board_t *app_board_find(const char *name, lp_fault_t *f)
{
    for (size_t i = 0; i < sizeof boards / sizeof boards[0]; i++) {
        if (strcmp(boards[i].name, name) == 0) {
            return &boards[i];
        }
    }
    lp_fault_set(f, LP_EXIT_USAGE, "usage", "there is no board \"%.60s\" to build for", name);
    lp_fault_why(f, "posix is this computer, qemu-mps2 a Cortex-M3, qemu-lx106 the ESP8266's core");
    lp_fault_next(f, "limpet build --board posix");
    return NULL;
}

static bool is_sdk(const char *path)
{
    char file[APP_PATH + 32];
    snprintf(file, sizeof file, "%s/tools/build", path);
    bool has_build = access(file, X_OK) == 0;
    snprintf(file, sizeof file, "%s/os/app/src/app.c", path);
    return has_build && access(file, R_OK) == 0;
}

// The tool lies in CHECKOUT/build.
static bool beside_the_tool(char path[APP_PATH])
{
    ssize_t n = readlink("/proc/self/exe", path, APP_PATH - 1);
    for (int up = 0; n > 0 && up < 2; up++) {
        path[n] = '\0';
        char *slash = strrchr(path, '/');
        n = slash != NULL ? slash - path : 0;
    }
    if (n <= 0) {
        return false;
    }
    path[n] = '\0';
    return is_sdk(path);
}

lp_exit_t app_sdk_find(const char *wish, char path[APP_PATH], lp_fault_t *f)
{
    char *full = wish[0] != '\0' ? realpath(wish, NULL) : NULL;
    bool is_found = false;
    if (full != NULL) {
        snprintf(path, APP_PATH, "%s", full);
        is_found = is_sdk(path);
    } else if (wish[0] == '\0') {
        is_found = beside_the_tool(path);
    }
    free(full);
    if (is_found) {
        return LP_EXIT_OK;
    }
    lp_fault_set(f, LP_EXIT_LOCAL, "app-sdk",
                 "Limpet's sources were not found, and without them nothing is built");
    lp_fault_why(f,
                 wish[0] != '\0' ? "%s has no tools/build and os/app"
                                 : "this tool does not lie in a checkout%s",
                 wish);
    lp_fault_next(f, "name the checkout: --sdk DIR, or LIMPET_SDK in the environment");
    return LP_EXIT_LOCAL;
}

pid_t app_spawn(char *const argv[])
{
    const pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0) {
        // Whatever ends the tool, nothing is left behind that holds a chip, a flash or a port.
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (getppid() != parent) {
            _exit(127);
        }
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        signal(SIGPIPE, SIG_DFL);
        setpgid(0, 0);
        dup2(STDERR_FILENO, STDOUT_FILENO);
        execvp(argv[0], argv);
        dprintf(STDERR_FILENO, "%s: %s\n", argv[0], strerror(errno));
        _exit(127);
    }
    return pid;
}

// Waits; Ctrl-C ends the child, too.
static int wait_for(pid_t pid)
{
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
        if (lp_interrupt_seen()) {
            kill(-pid, SIGTERM);
        }
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static lp_exit_t refuse(const app_manifest_t *m, const app_board_t *board, lp_fault_t *f)
{
    lp_fault_set(f, LP_EXIT_USAGE, "app-room", "%s has no RAM for what %s connects to", board->name,
                 m->name);
    lp_fault_why(f, "limpet.json: \"connects\" asks for connections beside the cloud's");
    lp_fault_next(f, "posix and qemu-mps2 have room for them; docs/memory.md has the figures");
    return LP_EXIT_USAGE;
}

lp_exit_t app_build(const app_manifest_t *m, const app_board_t *board, const char *sdk,
                    char image[APP_PATH], lp_fault_t *f)
{
    if (m->connects && board->is_small) {
        return refuse(m, board, f);
    }
    char program[APP_PATH + 16];
    char folder[APP_PATH];
    char preset[32];
    char flag_preset[] = "--preset";
    char flag_app[] = "--app";
    snprintf(program, sizeof program, "%s/tools/build", sdk);
    snprintf(folder, sizeof folder, "%s", m->folder);
    snprintf(preset, sizeof preset, "%s", board->preset);
    char *argv[] = {program, flag_preset, preset, flag_app, folder, NULL};
    pid_t pid = app_spawn(argv);
    int status = pid > 0 ? wait_for(pid) : 127;
    if (lp_interrupt_seen()) {
        return lp_fault_interrupted(f);
    }
    if (status != 0) {
        lp_fault_set(f, LP_EXIT_FAILED, "build-failed", "%s does not build for %s", m->name,
                     board->name);
        lp_fault_next(f, "the compiler's words are above");
        return LP_EXIT_FAILED;
    }
    if (snprintf(image, APP_PATH, "%s/build/%s/%s%s", m->folder, board->name, m->name,
                 board->suffix) >= APP_PATH) {
        return lp_fault_set(f, LP_EXIT_LOCAL, "app-path", "the path of the image is too long");
    }
    return LP_EXIT_OK;
}
