// SPDX-License-Identifier: Apache-2.0
// limpet ui: a page in the browser, served on this computer only.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "limpet/cmd.h"
#include "limpet/opt.h"
#include "server.h"

enum { ADDRESS_MAX = 128, PATH_MAX_ = 400 };

static const int exits[] = {LP_EXIT_LOCAL, 0};
static const lp_help_t help = {
    .name = "ui",
    .args = "",
    .summary = "Shows boards, their log, settings, files and methods in your browser; Ctrl-C ends "
               "it.",
    .examples = {"limpet ui", "limpet ui --open", "limpet ui --http-port 4711", NULL},
    .notes = "It prints an address; whoever has it may do what you may, so keep it to yourself. It "
             "is good until\nthe command ends. The server listens on 127.0.0.1 only, and takes "
             "nothing from pages of others.\nSerial ports are shared with other commands. Boards "
             "of the network need a line in the file of passwords\n(limpet auth-set).",
    .exit_codes = exits,
};

static bool make_folder(char *path, size_t cap)
{
    struct stat st;
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    if (runtime != NULL && runtime[0] == '/') {
        snprintf(path, cap, "%.300s/limpet", runtime);
    } else {
        snprintf(path, cap, "/tmp/limpet-%ld", (long)getuid());
    }
    return (mkdir(path, 0700) == 0 || errno == EEXIST) && lstat(path, &st) == 0 &&
           S_ISDIR(st.st_mode) && st.st_uid == getuid() && (st.st_mode & 077) == 0;
}

// A command line can be read by everybody on this computer, so the browser is given a file, which
// cannot, and which leads to the address.
static bool write_door(const char *address, char *path, size_t cap)
{
    char folder[PATH_MAX_];
    if (!make_folder(folder, sizeof folder)) {
        return false;
    }
    snprintf(path, cap, "%.380s/ui.html", folder);
    (void)unlink(path);
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (f == NULL) {
        return false;
    }
    fprintf(f,
            "<!doctype html><meta charset=utf-8><title>Limpet</title>"
            "<meta http-equiv=refresh content=\"0; url=%s\"><a href=\"%s\">Limpet</a>\n",
            address, address);
    return fclose(f) == 0;
}

static bool start_browser(char *path)
{
    char program[] = "xdg-open";
    char *argv[] = {program, path, NULL};
    int status = 0;
    const pid_t pid = fork();
    if (pid == 0) {
        const int null = open("/dev/null", O_RDWR);
        dup2(null, STDOUT_FILENO);
        dup2(null, STDERR_FILENO);
        execvp(program, argv);
        _exit(127);
    }
    return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
           WEXITSTATUS(status) == 0;
}

// Nobody can be asked for a password here: the page is where the user looks.
static void leave_terminal(void)
{
    const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (null >= 0) {
        dup2(null, STDIN_FILENO);
        close(null);
    }
}

static void say(const lp_page_guard_t *guard, bool is_open)
{
    char address[ADDRESS_MAX];
    char path[PATH_MAX_] = "";
    snprintf(address, sizeof address, "http://127.0.0.1:%d/%s/", guard->port, guard->key);
    lp_ui_out("%s", address);
    cJSON *fields = cJSON_CreateObject();
    cJSON_AddStringToObject(fields, "address", address);
    lp_ui_event("ui", fields);
    fflush(stdout);
    lp_ui_info("open this address in a browser on this computer; Ctrl-C ends it");
    if (is_open && (!write_door(address, path, sizeof path) || !start_browser(path))) {
        lp_ui_warn("no browser could be started; open the address yourself");
    }
}

int lp_cmd_ui(int argc, char **argv)
{
    bool is_open = false;
    long port = 0;
    const lp_opt_t opts[] = {
        {"open", LP_OPT_BOOL, &is_open, NULL, "start the browser, too (xdg-open)"},
        {"http-port", LP_OPT_INT, &port, "PORT", "where to listen (a free port)"},
    };
    int n_args = 0;
    const int rc = lp_opt_parse(&help, opts, sizeof opts / sizeof opts[0], argc, argv, &n_args);
    if (rc != LP_OPT_GO_ON) {
        return rc;
    }
    if (port < 0 || port > 65535) {
        return lp_ui_fail(LP_EXIT_USAGE, "usage", "--http-port must be 0 to 65535", NULL, NULL);
    }
    lp_fault_t fault = {0};
    lp_page_server_t *server = NULL;
    lp_interrupt_catch();
    leave_terminal();
    if (lp_page_server_open((int)port, &server, &fault) != LP_EXIT_OK) {
        return lp_fault_print(&fault);
    }
    say(lp_page_server_guard(server), is_open);
    lp_page_server_run(server);
    lp_page_server_close(server);
    return LP_EXIT_OK;
}
