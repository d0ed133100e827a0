// SPDX-License-Identifier: Apache-2.0
#include "limpet/air_server.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "limpet/air.h"

enum { HOSTS = AIR_RADIOS_MAX + 8, PIPES = 32, CHUNK = 4096, ANSWER = 4096, BACKLOG = 16 };

typedef struct {
    int fd;
    bool is_used;
    air_radio_t *radio; // null: a script, or nothing said yet
} host_t;

// A TCP connection over the air; bytes of each direction that wait.
typedef struct {
    bool is_used;
    const air_radio_t *station;
    int fd[2];
    uint8_t held[2][CHUNK];
    size_t len[2];
    size_t pos[2];
    bool is_ended[2]; // nothing more will be read from fd[i]
} pipe_t;

struct air_server {
    air_t *air;
    int fd;
    char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
    host_t hosts[HOSTS];
    pipe_t pipes[PIPES];
    uint64_t next_ms;
};

static uint64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

// -- connections over the air

static void close_pipe(pipe_t *p)
{
    close(p->fd[0]);
    close(p->fd[1]);
    p->is_used = false;
}

static void on_cut(void *ctx, air_radio_t *station)
{
    air_server_t *s = ctx;
    for (size_t i = 0; i < PIPES; i++) {
        if (s->pipes[i].is_used && s->pipes[i].station == station) {
            close_pipe(&s->pipes[i]);
        }
    }
}

static void prepare(int fd)
{
    (void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
}

// `port` of the access point that the station is joined to; takes over `fd`.
static void connect_over_air(air_server_t *s, const host_t *host, const char *port, int fd)
{
    char address[16];
    char line[AIR_LINE_MAX];
    int ends[2];
    pipe_t *p = NULL;
    const air_radio_t *peer = air_radio_peer(host->radio, address);
    for (size_t i = 0; i < PIPES && p == NULL; i++) {
        p = s->pipes[i].is_used ? NULL : &s->pipes[i];
    }
    if (peer == NULL || p == NULL || socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) {
        close(fd);
        return;
    }
    *p = (pipe_t){.is_used = true, .station = host->radio, .fd = {fd, ends[0]}};
    prepare(fd);
    prepare(ends[0]);
    snprintf(line, sizeof line, "conn %s %.8s", address, port);
    const host_t *owner = air_radio_host(peer);
    if (!air_send(owner->fd, line, ends[1])) {
        close_pipe(p);
    }
    close(ends[1]);
}

// Bytes from end `from` to the other. False: it is over.
static bool pump(pipe_t *p, int from)
{
    const int to = 1 - from;
    if (p->len[from] == p->pos[from] && !p->is_ended[from]) {
        const ssize_t got = read(p->fd[from], p->held[from], CHUNK);
        if (got == 0) {
            p->is_ended[from] = true;
            (void)shutdown(p->fd[to], SHUT_WR);
        } else if (got < 0 && errno != EAGAIN) {
            return false;
        }
        p->pos[from] = 0;
        p->len[from] = got > 0 ? (size_t)got : 0;
    }
    if (p->len[from] > p->pos[from]) {
        const ssize_t put = send(p->fd[to], p->held[from] + p->pos[from],
                                 p->len[from] - p->pos[from], MSG_NOSIGNAL);
        if (put < 0 && errno != EAGAIN) {
            return false;
        }
        p->pos[from] += put > 0 ? (size_t)put : 0;
    }
    return true;
}

static void run_pipes(air_server_t *s)
{
    for (size_t i = 0; i < PIPES; i++) {
        pipe_t *p = &s->pipes[i];
        if (p->is_used && (!pump(p, 0) || !pump(p, 1) || (p->is_ended[0] && p->is_ended[1]))) {
            close_pipe(p);
        }
    }
}

// -- hosts

static void drop(host_t *host)
{
    if (host->radio != NULL) {
        air_radio_remove(host->radio);
    }
    close(host->fd);
    *host = (host_t){.fd = -1};
}

static void on_line(void *ctx, air_radio_t *radio, const char *line)
{
    (void)ctx;
    const host_t *host = air_radio_host(radio);
    (void)air_send(host->fd, line, -1); // who does not listen finds out by itself
}

static void run_script(air_server_t *s, const host_t *host, const char *line)
{
    char answer[ANSWER];
    char text[ANSWER + 8];
    const bool is_fine = air_script(s->air, line, now_ms(), answer, sizeof answer);
    snprintf(text, sizeof text, "%s%s", is_fine ? "ok " : "error ", answer);
    (void)air_send(host->fd, text, -1);
}

static void take_line(air_server_t *s, host_t *host, const char *line, int passed)
{
    if (strncmp(line, "script ", 7) == 0) {
        run_script(s, host, line + 7);
    } else if (host->radio != NULL && passed >= 0 && strncmp(line, "connect ", 8) == 0) {
        connect_over_air(s, host, line + 8, passed);
        return;
    } else {
        if (host->radio == NULL) {
            host->radio = air_radio_add(s->air, host);
        }
        if (host->radio == NULL || !air_radio_line(host->radio, line, now_ms())) {
            (void)air_send(host->fd, "error", -1);
        }
    }
    if (passed >= 0) {
        close(passed);
    }
}

static void read_host(air_server_t *s, host_t *host)
{
    char line[AIR_LINE_MAX];
    int passed;
    const int got = air_receive(host->fd, line, sizeof line, &passed);
    if (got > 0) {
        take_line(s, host, line, passed);
    } else if (got == 0 || errno != EAGAIN) {
        drop(host);
    }
    explicit_bzero(line, sizeof line);
}

static void take_host(air_server_t *s)
{
    const int fd = accept(s->fd, NULL, NULL);
    for (size_t i = 0; fd >= 0 && i < HOSTS; i++) {
        if (!s->hosts[i].is_used) {
            prepare(fd);
            s->hosts[i] = (host_t){.fd = fd, .is_used = true};
            return;
        }
    }
    if (fd >= 0) {
        close(fd);
    }
}

// -- the process

static size_t watch(const air_server_t *s, struct pollfd *fds)
{
    size_t n = 0;
    fds[n++] = (struct pollfd){.fd = s->fd, .events = POLLIN};
    for (size_t i = 0; i < HOSTS; i++) {
        fds[n++] =
            (struct pollfd){.fd = s->hosts[i].is_used ? s->hosts[i].fd : -1, .events = POLLIN};
    }
    for (size_t i = 0; i < PIPES; i++) {
        const pipe_t *p = &s->pipes[i];
        for (int end = 0; end < 2; end++) {
            const bool wants_in = !p->is_ended[end] && p->len[end] == p->pos[end];
            const bool wants_out = p->len[1 - end] > p->pos[1 - end];
            const short events = (short)((wants_in ? POLLIN : 0) | (wants_out ? POLLOUT : 0));
            fds[n++] = (struct pollfd){.fd = p->is_used && events != 0 ? p->fd[end] : -1,
                                       .events = events};
        }
    }
    return n;
}

static int wait_ms(const air_server_t *s, int max_ms)
{
    const uint64_t now = now_ms();
    const uint64_t left = s->next_ms > now ? s->next_ms - now : 0;
    return left < (uint64_t)max_ms ? (int)left : max_ms;
}

bool air_server_turn(air_server_t *s, int max_ms)
{
    struct pollfd fds[1 + HOSTS + 2 * PIPES];
    const size_t n = watch(s, fds);
    const int ready = poll(fds, n, wait_ms(s, max_ms));
    if (ready < 0 && errno != EINTR) {
        return false;
    }
    for (size_t i = 0; ready > 0 && i < HOSTS; i++) {
        if (fds[1 + i].revents != 0 && s->hosts[i].is_used && s->hosts[i].fd == fds[1 + i].fd) {
            read_host(s, &s->hosts[i]);
        }
    }
    if (ready > 0 && (fds[0].revents & POLLIN) != 0) {
        take_host(s);
    }
    if (ready > 0) {
        run_pipes(s);
    }
    s->next_ms = air_tick(s->air, now_ms());
    return true;
}

bool air_server_load(air_server_t *s, const char *file, char *why, size_t why_cap)
{
    char line[AIR_LINE_MAX];
    char answer[ANSWER];
    bool is_fine = true;
    FILE *f = fopen(file, "re");
    if (f == NULL) {
        snprintf(why, why_cap, "%s: %s", file, strerror(errno));
        return false;
    }
    for (int number = 1; is_fine && fgets(line, sizeof line, f) != NULL; number++) {
        line[strcspn(line, "\r\n")] = '\0';
        is_fine = air_script(s->air, line, now_ms(), answer, sizeof answer);
        if (!is_fine) {
            snprintf(why, why_cap, "%s, line %d: %.300s", file, number, answer);
        }
    }
    fclose(f);
    return is_fine;
}

static int listen_on(const char *path, char *why, size_t why_cap)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    const int other = air_dial(path);
    if (other >= 0) {
        close(other);
        snprintf(why, why_cap, "%s: somebody serves it already", path);
        return -1;
    }
    memcpy(addr.sun_path, path, strlen(path) + 1);
    struct stat st;
    if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode)) {
        (void)unlink(path);
    }
    const int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const mode_t mask = umask(0177);
    const bool is_bound = fd >= 0 && bind(fd, (struct sockaddr *)&addr, sizeof addr) == 0;
    (void)umask(mask);
    if (!is_bound || listen(fd, BACKLOG) != 0) {
        snprintf(why, why_cap, "%s: %s", path, strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return -1;
    }
    return fd;
}

air_server_t *air_server_new(const char *path, char *why, size_t why_cap)
{
    air_server_t *s = calloc(1, sizeof *s);
    if (s == NULL || strlen(path) >= sizeof s->path) {
        snprintf(why, why_cap, "%s: the path is too long", path);
        free(s);
        return NULL;
    }
    const air_hooks_t hooks = {.line = on_line, .cut = on_cut, .ctx = s};
    s->air = air_new(&hooks);
    s->fd = s->air != NULL ? listen_on(path, why, why_cap) : -1;
    s->next_ms = UINT64_MAX;
    memcpy(s->path, path, strlen(path) + 1);
    if (s->fd < 0) {
        air_free(s->air);
        free(s);
        return NULL;
    }
    return s;
}

void air_server_free(air_server_t *s)
{
    if (s == NULL) {
        return;
    }
    for (size_t i = 0; i < HOSTS; i++) {
        if (s->hosts[i].is_used) {
            drop(&s->hosts[i]);
        }
    }
    for (size_t i = 0; i < PIPES; i++) {
        if (s->pipes[i].is_used) {
            close_pipe(&s->pipes[i]);
        }
    }
    close(s->fd);
    (void)unlink(s->path);
    air_free(s->air);
    free(s);
}
