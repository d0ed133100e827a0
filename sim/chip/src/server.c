// SPDX-License-Identifier: Apache-2.0
// The bridge or the kit on a unix socket, a loopback TCP port or a pseudo terminal.
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#include "internal.h"
#include "limpet/chipsim_kit.h"
#include "limpet/chipsim_server.h"

enum { BUF = 4096, TURN_MS = 200, PTY_PATIENCE_S = 5 };

struct lp_chipsim_server {
    lp_chipsim_protocol_t protocol;
    lp_chipsim_bridge_t bridge;
    lp_chipsim_kit_t kit;
    bool is_lost;    // the client does not take its answers
    uint8_t in[BUF]; // read, and not dealt with while a chip is busy
    size_t in_at;
    size_t in_len;
    int listener;  // -1 for a pty
    int client;    // -1: nobody
    int pty_slave; // held open so that the terminal stays
    char unlink_path[PATH_MAX];
};

// ---- opening ----------------------------------------------------------------

// Is somebody listening on this socket, or is it a leftover of a process that died?
static bool is_alive(const struct sockaddr_un *addr)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool alive = fd >= 0 && connect(fd, (const struct sockaddr *)addr, sizeof *addr) == 0;
    if (fd >= 0) {
        close(fd);
    }
    return alive;
}

static lp_err_t clear_leftover(const struct sockaddr_un *addr)
{
    struct stat st;
    if (lstat(addr->sun_path, &st) != 0) {
        return errno == ENOENT ? LP_OK : LP_E_IO;
    }
    if (!S_ISSOCK(st.st_mode) || is_alive(addr)) {
        return LP_E_EXISTS;
    }
    return unlink(addr->sun_path) == 0 ? LP_OK : LP_E_IO;
}

static lp_err_t open_unix(lp_chipsim_server_t *s, const char *path, char *name, size_t cap)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    if (path[0] == '\0' || strlen(path) >= sizeof addr.sun_path) {
        return LP_E_FORMAT;
    }
    memcpy(addr.sun_path, path, strlen(path) + 1);
    lp_err_t err = clear_leftover(&addr);
    if (err != LP_OK) {
        return err;
    }
    s->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    mode_t old = umask(0077); // the socket gives access to the chip: only for this user
    bool ok = s->listener >= 0 && bind(s->listener, (struct sockaddr *)&addr, sizeof addr) == 0;
    umask(old);
    if (!ok || listen(s->listener, 4) != 0) {
        return LP_E_IO;
    }
    snprintf(s->unlink_path, sizeof s->unlink_path, "%s", path);
    snprintf(name, cap, "unix:%s", path);
    return LP_OK;
}

static int bind_tcp(const struct addrinfo *list)
{
    for (const struct addrinfo *a = list; a != NULL; a = a->ai_next) {
        int on = 1;
        int fd =
            socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, a->ai_protocol);
        if (fd < 0) {
            continue;
        }
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        if (bind(fd, a->ai_addr, a->ai_addrlen) == 0 && listen(fd, 4) == 0) {
            return fd;
        }
        int why = errno;
        close(fd);
        errno = why;
    }
    return -1;
}

static bool is_port(const char *text)
{
    char *end;
    unsigned long v = strtoul(text, &end, 10);
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && v <= 65535;
}

static void name_tcp(int fd, char *name, size_t cap)
{
    struct sockaddr_storage addr;
    socklen_t len = sizeof addr;
    char host[64] = "?";
    char port[16] = "?";
    if (getsockname(fd, (struct sockaddr *)&addr, &len) == 0) {
        getnameinfo((struct sockaddr *)&addr, len, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV);
    }
    bool v6 = strchr(host, ':') != NULL;
    snprintf(name, cap, v6 ? "tcp:[%s]:%s" : "tcp:%s:%s", host, port);
}

static lp_err_t open_tcp(lp_chipsim_server_t *s, const char *where, char *name, size_t cap)
{
    char host[256];
    const char *colon = strrchr(where, ':');
    size_t len = colon != NULL ? (size_t)(colon - where) : 0;
    if (colon == NULL || !is_port(colon + 1) || len >= sizeof host) {
        return LP_E_FORMAT;
    }
    memcpy(host, where, len);
    host[len] = '\0';
    char *h = host;
    if (len >= 2 && host[0] == '[' && host[len - 1] == ']') {
        host[len - 1] = '\0';
        h++;
    }
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *list;
    if (getaddrinfo(*h != '\0' ? h : "127.0.0.1", colon + 1, &hints, &list) != 0) {
        return LP_E_FORMAT;
    }
    s->listener = bind_tcp(list);
    int why = errno;
    freeaddrinfo(list);
    if (s->listener < 0) {
        errno = why;
        return why == EADDRINUSE ? LP_E_EXISTS : LP_E_IO;
    }
    name_tcp(s->listener, name, cap);
    return LP_OK;
}

// A link under a name of the user's choice: only over nothing or over an older link.
static lp_err_t make_link(lp_chipsim_server_t *s, const char *target, const char *link)
{
    struct stat st;
    if (lstat(link, &st) == 0 && (!S_ISLNK(st.st_mode) || unlink(link) != 0)) {
        return LP_E_EXISTS;
    }
    if (symlink(target, link) != 0) {
        return LP_E_IO;
    }
    snprintf(s->unlink_path, sizeof s->unlink_path, "%s", link);
    return LP_OK;
}

// Who reads from it by the emulator's semihosting has no other way to give up.
static void set_patience(struct termios *t)
{
    t->c_cc[VMIN] = 0;
    t->c_cc[VTIME] = 10 * PTY_PATIENCE_S;
}

static lp_err_t open_pty(lp_chipsim_server_t *s, const char *link, char *name, size_t cap)
{
    char slave[128];
    s->client = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (s->client < 0 || grantpt(s->client) != 0 || unlockpt(s->client) != 0 ||
        ptsname_r(s->client, slave, sizeof slave) != 0) {
        return LP_E_IO;
    }
    s->pty_slave = open(slave, O_RDWR | O_NOCTTY | O_CLOEXEC);
    struct termios t;
    if (s->pty_slave < 0 || tcgetattr(s->pty_slave, &t) != 0) {
        return LP_E_IO;
    }
    cfmakeraw(&t);
    set_patience(&t);
    if (tcsetattr(s->pty_slave, TCSANOW, &t) != 0 || fcntl(s->client, F_SETFL, O_NONBLOCK) != 0) {
        return LP_E_IO;
    }
    snprintf(name, cap, "pty:%s", slave);
    return *link != '\0' ? make_link(s, slave, link) : LP_OK;
}

static lp_err_t open_any(lp_chipsim_server_t *s, const char *listen, char *name, size_t cap)
{
    if (strncmp(listen, "unix:", 5) == 0) {
        return open_unix(s, listen + 5, name, cap);
    }
    if (strncmp(listen, "tcp:", 4) == 0) {
        return open_tcp(s, listen + 4, name, cap);
    }
    if (strcmp(listen, "pty") == 0) {
        return open_pty(s, "", name, cap);
    }
    if (strncmp(listen, "pty:", 4) == 0 && listen[4] != '\0') {
        return open_pty(s, listen + 4, name, cap);
    }
    return LP_E_FORMAT;
}

lp_err_t lp_chipsim_server_open(lp_chipsim_server_t **out, const char *listen,
                                lp_chipsim_bus_t *bus, char *ready_name, size_t ready_cap)
{
    lp_chipsim_server_t *s = calloc(1, sizeof *s);
    if (s == NULL) {
        return LP_E_NOSPACE;
    }
    s->listener = -1;
    s->client = -1;
    s->pty_slave = -1;
    lp_chipsim_bridge_init(&s->bridge, bus);
    lp_chipsim_kit_init(&s->kit, bus, NULL);
    lp_err_t err = open_any(s, listen, ready_name, ready_cap);
    if (err != LP_OK) {
        int why = errno;
        lp_chipsim_server_close(s);
        errno = why;
        return err;
    }
    *out = s;
    return LP_OK;
}

static void forget_half(lp_chipsim_server_t *s)
{
    lp_chipsim_bridge_reset(&s->bridge);
    lp_chipsim_kit_reset(&s->kit);
    s->is_lost = false;
    lp_cs_wipe(s->in, s->in_len);
    s->in_len = 0;
}

void lp_chipsim_server_close(lp_chipsim_server_t *s)
{
    if (s == NULL) {
        return;
    }
    int fds[] = {s->listener, s->client, s->pty_slave};
    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++) {
        if (fds[i] >= 0) {
            close(fds[i]);
        }
    }
    if (s->unlink_path[0] != '\0') {
        unlink(s->unlink_path);
    }
    forget_half(s);
    free(s);
}

// ---- serving ----------------------------------------------------------------

lp_err_t lp_chipsim_protocol_parse(const char *name, lp_chipsim_protocol_t *out)
{
    static const char *const names[] = {[LP_CHIPSIM_SC18IM] = "sc18im", [LP_CHIPSIM_KIT] = "kit"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(name, names[i]) == 0) {
            *out = (lp_chipsim_protocol_t)i;
            return LP_OK;
        }
    }
    return LP_E_NOT_FOUND;
}

void lp_chipsim_server_speak(lp_chipsim_server_t *s, lp_chipsim_protocol_t protocol)
{
    s->protocol = protocol;
}

void lp_chipsim_server_set_clock(lp_chipsim_server_t *s, lp_chipsim_master_clock_t *clock)
{
    lp_chipsim_bridge_set_clock(&s->bridge, clock);
}

static void lose_client(lp_chipsim_server_t *s)
{
    if (s->listener >= 0 && s->client >= 0) {
        close(s->client);
        s->client = -1;
    }
    forget_half(s);
}

// Answers are short; a client that does not take them for a second is let go, once the parser that
// calls from here has come to its end.
static void send_answer(void *ctx, lp_span_t bytes)
{
    lp_chipsim_server_t *s = ctx;
    while (bytes.len > 0 && !s->is_lost) {
        ssize_t n = write(s->client, bytes.ptr, bytes.len);
        if (n > 0) {
            bytes.ptr += n;
            bytes.len -= (size_t)n;
            continue;
        }
        struct pollfd p = {.fd = s->client, .events = POLLOUT};
        bool wait = n < 0 && (errno == EAGAIN || errno == EINTR);
        s->is_lost = !wait || poll(&p, 1, 1000) <= 0;
    }
}

static void accept_client(lp_chipsim_server_t *s)
{
    int on = 1;
    s->client = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (s->client >= 0) {
        setsockopt(s->client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        forget_half(s);
    }
}

// Deals with what was read, as far as it goes without waiting for a chip.
static void feed(lp_chipsim_server_t *s)
{
    lp_span_t in = lp_span(s->in + s->in_at, s->in_len - s->in_at);
    switch (s->protocol) {
    case LP_CHIPSIM_SC18IM:
        lp_chipsim_bridge_feed(&s->bridge, in, send_answer, s);
        s->in_at = s->in_len;
        break;
    case LP_CHIPSIM_KIT:
        s->in_at += lp_chipsim_kit_take(&s->kit, in, send_answer, s);
        break;
    }
    if (s->in_at == s->in_len) {
        lp_cs_wipe(s->in, s->in_len);
        s->in_at = 0;
        s->in_len = 0;
    }
}

static void read_client(lp_chipsim_server_t *s)
{
    ssize_t n = read(s->client, s->in, sizeof s->in);
    bool is_end = n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
    if (n > 0) {
        s->in_at = 0;
        s->in_len = (size_t)n;
        feed(s);
    }
    if (is_end || s->is_lost) {
        lose_client(s);
    }
}

// A chip is busy, and the client waits for its answer: half a millisecond for everybody else. A
// client that has only closed its sending half still wants it.
static void wait_for_chip(lp_chipsim_server_t *s)
{
    struct timespec pause = {.tv_nsec = 1000L * LP_CHIPSIM_KIT_POLL_US};
    struct pollfd p = {.fd = s->client};
    int n = ppoll(&p, 1, &pause, NULL);
    if (n > 0 && (p.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0) {
        lose_client(s);
        return;
    }
    if (!lp_chipsim_kit_poll(&s->kit, send_answer, s)) {
        feed(s);
    }
    if (s->is_lost) {
        lose_client(s);
    }
}

lp_err_t lp_chipsim_server_turn(lp_chipsim_server_t *s, int timeout_ms)
{
    bool waiting = s->client < 0;
    if (!waiting && lp_chipsim_kit_is_waiting(&s->kit)) {
        wait_for_chip(s);
        return LP_OK;
    }
    struct pollfd p = {.fd = waiting ? s->listener : s->client, .events = POLLIN};
    int n = poll(&p, 1, timeout_ms);
    if (n < 0) {
        return errno == EINTR ? LP_OK : LP_E_IO;
    }
    if (n == 0) {
        return LP_OK;
    }
    if (waiting && (p.revents & (POLLERR | POLLNVAL)) != 0) {
        return LP_E_IO;
    }
    waiting ? accept_client(s) : read_client(s);
    return LP_OK;
}

lp_err_t lp_chipsim_server_run(lp_chipsim_server_t *s, const volatile int *stop)
{
    while (*stop == 0) {
        lp_err_t err = lp_chipsim_server_turn(s, TURN_MS);
        if (err != LP_OK) {
            return err;
        }
    }
    return LP_OK;
}
