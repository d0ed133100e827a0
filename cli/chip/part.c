// SPDX-License-Identifier: Apache-2.0
// `limpet chip part`: a virtual part on a serial line, which whoever connects hears.
#include "common.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "limpet/parts_line.h"

enum { SECOND_MS = 1000 };

static volatile sig_atomic_t is_stopping;

static void on_signal(int sig)
{
    (void)sig;
    is_stopping = 1;
}

static void catch_signals(void)
{
    struct sigaction stop = {.sa_handler = on_signal};
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGTERM, &stop, NULL);
    sigaction(SIGINT, &stop, NULL);
    sigaction(SIGPIPE, &ignore, NULL);
}

// A socket that nobody listens at any more is taken over; one of somebody alive is not.
static int listen_at(const char *path)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof addr.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(addr.sun_path, path, strlen(path) + 1);
    int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(probe, (struct sockaddr *)&addr, sizeof addr) == 0) {
        close(probe);
        errno = EADDRINUSE;
        return -1;
    }
    if (errno == ECONNREFUSED) {
        (void)unlink(path);
    }
    close(probe);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && (bind(fd, (struct sockaddr *)&addr, sizeof addr) != 0 || listen(fd, 1) != 0)) {
        close(fd);
        return -1;
    }
    return fd;
}

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

// False: whoever listened has gone. What the part is told it does not care for.
static bool hear(int fd)
{
    char bytes[256];
    ssize_t n = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
    return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

// Up to the next whole second.
static int wait_ms(int64_t due)
{
    int64_t left = due - now_ms();
    return left < 0 ? 0 : (int)left;
}

static void serve(lp_line_part_t *part, int listener)
{
    char text[LP_LINE_PART_TEXT_MAX];
    int peer = -1;
    int64_t due = now_ms();
    while (!is_stopping) {
        struct pollfd fds[] = {{.fd = listener, .events = POLLIN}, {.fd = peer, .events = POLLIN}};
        (void)poll(fds, 2, wait_ms(due));
        if ((fds[0].revents & POLLIN) != 0) {
            if (peer >= 0) {
                close(peer);
            }
            peer = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        } else if (peer >= 0 && fds[1].revents != 0 && !hear(peer)) {
            close(peer);
            peer = -1;
        }
        if (now_ms() >= due) {
            size_t n = lp_line_part_say(part, time(NULL), text);
            due += SECOND_MS;
            if (peer >= 0) {
                (void)send(peer, text, n, MSG_NOSIGNAL); // a line loses what nobody takes
            }
        }
    }
    if (peer >= 0) {
        close(peer);
    }
}

static int run(const char *words, const char *where)
{
    char why[200] = "";
    lp_line_part_t *part = NULL;
    if (strncmp(where, "unix:", 5) != 0) {
        return lp_ui_fail(LP_EXIT_USAGE, "usage", "--listen unix:PATH is needed", NULL,
                          "limpet chip part --help");
    }
    if (lp_line_part_new(&part, words, why, sizeof why) != LP_OK) {
        return lp_ui_fail(LP_EXIT_USAGE, "usage", "the part is not understood", why,
                          "limpet chip part --help");
    }
    catch_signals();
    int listener = listen_at(where + 5);
    if (listener < 0) {
        const int saved = errno;
        lp_line_part_free(part);
        return lp_ui_fail(saved == EADDRINUSE ? LP_EXIT_CONFLICT : LP_EXIT_LOCAL, "listen",
                          "cannot listen there", strerror(saved), "choose another path");
    }
    lp_ui_out("listening on %s", where);
    fflush(stdout);
    serve(part, listener);
    close(listener);
    (void)unlink(where + 5);
    lp_line_part_free(part);
    return LP_EXIT_OK;
}

int lp_chip_part(int argc, char **argv)
{
    static const int exits[] = {LP_EXIT_CONFLICT, LP_EXIT_LOCAL, 0};
    static const lp_help_t help = {
        .name = "chip part",
        .args = "WORDS",
        .summary = "Plays a part on a serial line, for a board that is wired to it.",
        .examples = {"limpet chip part gps=47.38,8.54,410 --listen unix:gps.sock", NULL},
        .notes = "WORDS: gps=LATITUDE,LONGITUDE[,ALTITUDE], gps=nofix, gps=noise, gps=FILE. A file "
                 "is read each\nsecond. `limpet run --part gps=...` does all of it.",
        .exit_codes = exits,
        .max_args = 1,
    };
    const char *where = "";
    const lp_opt_t opts[] = {
        {"listen", LP_OPT_STR, &where, "unix:PATH", "where the board connects"}};
    int n = 0;
    int rc = lp_opt_parse(&help, opts, 1, argc, argv, &n);
    if (rc != LP_OPT_GO_ON) {
        return rc;
    }
    return n == 1 ? run(argv[1], where)
                  : lp_ui_fail(LP_EXIT_USAGE, "usage", "the words of a part are needed", NULL,
                               "limpet chip part --help");
}
