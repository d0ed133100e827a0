// SPDX-License-Identifier: Apache-2.0
// The daemon starts this same program again as `limpet cloud front`: a process of its own, started
// with exec since the daemon has threads.
#include "front.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "broker.h"
#include "commands.h"

enum { START_MS = 10000, BACKLOG = 512 };

static int *port_of(cloud_info_t *info, int kind)
{
    int *const ports[LP_FRONT_KINDS] = {[LP_FRONT_MQTT] = &info->port_mqtt,
                                        [LP_FRONT_ALPN] = &info->port_alpn,
                                        [LP_FRONT_HTTPS] = &info->port_data};
    return ports[kind];
}

static int listen_on(int port)
{
    struct sockaddr_in addr = {.sin_family = AF_INET,
                               .sin_port = htons((uint16_t)port),
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return -1;
    }
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, (struct sockaddr *)&addr, sizeof addr) != 0 || listen(fd, BACKLOG) != 0) {
        int kept = errno;
        close(fd);
        errno = kept;
        return -1;
    }
    return fd;
}

static int bound_port(int fd)
{
    struct sockaddr_in addr;
    socklen_t len = sizeof addr;
    return getsockname(fd, (struct sockaddr *)&addr, &len) == 0 ? ntohs(addr.sin_port) : 0;
}

static bool listen_kind(front_sockets_t *s, int kind, long asked, cloud_info_t *info, char *why,
                        size_t size)
{
    int *port = port_of(info, kind);
    int want = asked >= 0 ? (int)asked : *port;
    s->fd[kind] = listen_on(want);
    if (s->fd[kind] < 0 && asked < 0) {
        s->fd[kind] = listen_on(0); // somebody else has last time's by now
    }
    if (s->fd[kind] < 0) {
        snprintf(why, size, "cannot listen on 127.0.0.1 port %d: %s", want, strerror(errno));
        return false;
    }
    *port = bound_port(s->fd[kind]);
    return true;
}

bool front_listen(front_sockets_t *sockets, const long asked[LP_FRONT_KINDS], cloud_info_t *info,
                  char *why, size_t size)
{
    bool ok = true;
    for (int i = 0; i < LP_FRONT_KINDS; i++) {
        sockets->fd[i] = -1;
    }
    for (int i = 0; ok && i < LP_FRONT_KINDS; i++) {
        ok = listen_kind(sockets, i, asked[i], info, why, size);
    }
    return ok;
}

void front_close(front_sockets_t *sockets)
{
    for (int i = 0; i < LP_FRONT_KINDS; i++) {
        if (sockets->fd[i] >= 0) {
            close(sockets->fd[i]);
            sockets->fd[i] = -1;
        }
    }
}

static const char *const fd_flags[LP_FRONT_KINDS] = {
    [LP_FRONT_MQTT] = "--fd-mqtt", [LP_FRONT_ALPN] = "--fd-alpn", [LP_FRONT_HTTPS] = "--fd-https"};

typedef struct {
    char folder[PLACE_SIZE + 8], place[PLACE_SIZE + 16], account[40], region[60], ready[24];
    char fd[LP_FRONT_KINDS][24];
    char *argv[9 + LP_FRONT_KINDS]; // ends with a null pointer
} front_args_t;

static void make_args(front_args_t *a, const cloud_place_t *place, const cloud_info_t *info,
                      const front_sockets_t *sockets, int ready)
{
    static char name[] = "limpet";
    static char cloud[] = "cloud";
    static char front[] = "front";
    int n = 0;
    snprintf(a->folder, sizeof a->folder, "--dir=%s", place->folder);
    snprintf(a->place, sizeof a->place, "--place=%s", sockets->place != NULL ? sockets->place : "");
    snprintf(a->account, sizeof a->account, "--account=%s", info->account);
    snprintf(a->region, sizeof a->region, "--region=%s", info->region);
    snprintf(a->ready, sizeof a->ready, "--fd-ready=%d", ready);
    a->argv[n++] = name;
    a->argv[n++] = cloud;
    a->argv[n++] = front;
    a->argv[n++] = a->folder;
    if (sockets->place != NULL) {
        a->argv[n++] = a->place;
    }
    a->argv[n++] = a->account;
    a->argv[n++] = a->region;
    a->argv[n++] = a->ready;
    for (int i = 0; i < LP_FRONT_KINDS; i++) {
        snprintf(a->fd[i], sizeof a->fd[i], "%s=%d", fd_flags[i], sockets->fd[i]);
    }
    a->argv[n++] = a->fd[LP_FRONT_MQTT];
    a->argv[n++] = a->fd[LP_FRONT_ALPN];
    a->argv[n] = a->fd[LP_FRONT_HTTPS];
}

// In the child, between fork and exec: only calls that are safe there.
static void become_front(char *const argv[], const front_sockets_t *sockets, int ready,
                         pid_t parent)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) { // it ended before we asked to be told
        _exit(127);
    }
    for (int i = 0; i < LP_FRONT_KINDS; i++) {
        fcntl(sockets->fd[i], F_SETFD, 0);
    }
    fcntl(ready, F_SETFD, 0);
    execv("/proc/self/exe", argv);
    _exit(127);
}

// The line that the child writes: "ok", or why not.
static bool is_ready(int fd, char *why, size_t size)
{
    char line[WHY_SIZE] = "";
    struct pollfd p = {.fd = fd, .events = POLLIN};
    ssize_t n = poll(&p, 1, START_MS) == 1 ? read(fd, line, sizeof line - 1) : -1;
    line[n > 0 ? n : 0] = '\0';
    line[strcspn(line, "\n")] = '\0';
    snprintf(why, size, "%s",
             line[0] != '\0' ? line : "the front ended without a word; see cloud.log");
    return strcmp(line, "ok") == 0;
}

pid_t front_start(const cloud_place_t *place, const cloud_info_t *info,
                  const front_sockets_t *sockets, char *why, size_t size)
{
    front_args_t args = {0};
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        snprintf(why, size, "%s", strerror(errno));
        return 0;
    }
    make_args(&args, place, info, sockets, ends[1]);
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0) {
        become_front(args.argv, sockets, ends[1], parent);
    }
    close(ends[1]);
    bool ok = pid > 0 && is_ready(ends[0], why, size);
    close(ends[0]);
    if (!ok && pid > 0) {
        broker_stop(pid);
    }
    return ok ? pid : 0;
}

// --- the child ----------------------------------------------------------------------------------

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
    (void)sig;
    stop = 1;
}

static void catch_signals(void)
{
    struct sigaction sa = {.sa_handler = on_signal};
    sigaction(SIGTERM, &sa, NULL);
    sigaction(SIGINT, &sa, NULL);
}

static int run_front(const lp_front_config_t *config, long ready)
{
    char why[WHY_SIZE] = "";
    catch_signals();
    prctl(PR_SET_NAME, "limpet-front"); // not "exe"
    for (int i = 0; i < LP_FRONT_KINDS; i++) {
        fcntl(config->listener[i], F_SETFD, FD_CLOEXEC);
    }
    lp_front_t *front = lp_front_open(config, why, sizeof why);
    dprintf((int)ready, "%s\n", front != NULL ? "ok" : why);
    close((int)ready);
    if (front == NULL) {
        return LP_EXIT_LOCAL;
    }
    bool ok = lp_front_run(front);
    lp_front_close(front);
    return ok ? LP_EXIT_OK : LP_EXIT_FAILED;
}

int cloud_cmd_front(int argc, char **argv)
{
    static const lp_help_t help = {
        .name = "cloud front",
        .args = "",
        .summary = "A part of a running cloud; limpet cloud up starts it.",
        .examples = {"limpet cloud up", NULL},
    };
    const char *dir = NULL;
    const char *place = NULL;
    const char *account = NULL;
    const char *region = NULL;
    long ready = -1;
    long fd[LP_FRONT_KINDS] = {-1, -1, -1};
    const lp_opt_t opts[] = {
        CLOUD_OPT_DIR(dir),
        {"place", LP_OPT_STR, &place, "FOLDER", "where the broker's socket is"},
        {"account", LP_OPT_STR, &account, "ID", "whose certificates it serves"},
        {"region", LP_OPT_STR, &region, "NAME", "and where"},
        {"fd-ready", LP_OPT_INT, &ready, "FD", "where it says that it is ready"},
        {"fd-mqtt", LP_OPT_INT, &fd[LP_FRONT_MQTT], "FD", "a listening socket"},
        {"fd-alpn", LP_OPT_INT, &fd[LP_FRONT_ALPN], "FD", "a listening socket"},
        {"fd-https", LP_OPT_INT, &fd[LP_FRONT_HTTPS], "FD", "a listening socket"},
    };
    int n_args = 0;
    int rc = lp_opt_parse(&help, opts, sizeof opts / sizeof opts[0], argc, argv, &n_args);
    if (rc != LP_OPT_GO_ON) {
        return rc;
    }
    lp_front_config_t config = {
        .folder = dir, .place = place, .account = account, .region = region, .stop = &stop};
    bool ok = dir != NULL && account != NULL && region != NULL && ready > 2;
    for (int i = 0; i < LP_FRONT_KINDS; i++) {
        config.listener[i] = (int)fd[i];
        ok = ok && fd[i] > 2;
    }
    if (!ok) {
        return lp_ui_fail(LP_EXIT_USAGE, "usage", "this is a part of the cloud, not to be called",
                          NULL, "limpet cloud up");
    }
    return run_front(&config, ready);
}
