// SPDX-License-Identifier: Apache-2.0
// The stream to an I2C adapter or a virtual chip, which may be unplugged and come back. For the one
// who listens it is a stream that closes and opens again.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#include "limpet/log.h"
#include "limpet/port/net.h"
#include "posix_internal.h"

#define LOG_MODULE "link"

typedef enum { TARGET_UNIX, TARGET_TCP, TARGET_TTY } target_kind_t;

typedef struct {
    lp_stream_t stream; // must stay first
    target_kind_t kind;
    char path[sizeof(((struct sockaddr_un *)0)->sun_path)]; // or the host
    uint16_t port;
    lp_posix_stream_t local; // unix or tty
    lp_tcp_t tcp;
    lp_stream_t *lower; // null: not there
    lp_stream_fn *fn;
    void *ctx;
    lp_timer_t retry;
    bool is_up;
    bool was_told; // that it is not there
} link_t;

static link_t the_link;

static void on_lower(void *ctx, unsigned events, lp_err_t why);

static void retry_later(link_t *l, lp_err_t why)
{
    const bool was_up = l->is_up;
    const bool is_news = was_up || !l->was_told;
    l->is_up = false;
    if (l->lower != NULL) {
        lp_stream_close(l->lower);
        l->lower = NULL;
    }
    if (was_up) {
        LP_LOGW("the I2C adapter at %s is gone (%s)", l->path, lp_err_text(why));
    } else if (!l->was_told) {
        LP_LOGW("no I2C adapter at %s (%s), trying again", l->path, lp_err_text(why));
    }
    l->was_told = true;
    lp_timer_start(lp_posix_loop, &l->retry, LP_POSIX_LINK_RETRY_MS);
    if (l->fn != NULL && is_news) {
        l->fn(l->ctx, LP_STREAM_CLOSED, why);
    }
}

static int open_tty(const char *path)
{
    const int fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    struct termios t;
    if (fd >= 0 && tcgetattr(fd, &t) == 0) {
        cfmakeraw(&t);
        t.c_cflag |= CLOCAL | CREAD;
        cfsetspeed(&t, B115200);
        (void)tcsetattr(fd, TCSANOW, &t);
    }
    return fd;
}

static int open_unix(const char *path)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    memcpy(addr.sun_path, path, strlen(path) + 1);
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&addr, sizeof addr) != 0) {
        const int saved = errno;
        close(fd);
        errno = saved;
        return -1;
    }
    return fd;
}

static lp_err_t open_local(link_t *l)
{
    const int fd = l->kind == TARGET_TTY ? open_tty(l->path) : open_unix(l->path);
    if (fd < 0) {
        return lp_posix_err(errno);
    }
    lp_posix_stream_init(&l->local, fd);
    l->lower = &l->local.stream;
    lp_stream_listen(l->lower, on_lower, l);
    on_lower(l, LP_STREAM_OPEN, LP_OK);
    return LP_OK;
}

// From the loop: the retry timer also makes the first attempt.
static void try_open(void *ctx)
{
    link_t *l = ctx;
    lp_err_t err;
    if (l->kind == TARGET_TCP) {
        err = lp_posix_tcp_open_wire(&l->tcp, l->path, l->port, on_lower, l);
        l->lower = err == LP_OK ? &l->tcp.stream : NULL;
    } else {
        err = open_local(l);
    }
    if (err != LP_OK) {
        retry_later(l, err);
    }
}

static void on_lower(void *ctx, unsigned events, lp_err_t why)
{
    link_t *l = ctx;
    if ((events & LP_STREAM_OPEN) != 0) {
        LP_LOGI("I2C adapter at %s connected", l->path);
        l->is_up = true;
        l->was_told = false;
    }
    const unsigned others = events & ~(unsigned)LP_STREAM_CLOSED;
    if (l->fn != NULL && others != 0) {
        l->fn(l->ctx, others, LP_OK);
    }
    if ((events & LP_STREAM_CLOSED) != 0) {
        retry_later(l, why);
    }
}

static void link_listen(lp_stream_t *stream, lp_stream_fn *fn, void *ctx)
{
    link_t *l = (link_t *)stream;
    l->fn = fn;
    l->ctx = ctx;
}

static lp_err_t link_read(lp_stream_t *stream, uint8_t *buf, size_t cap, size_t *n)
{
    const link_t *l = (const link_t *)stream;
    return l->is_up      ? lp_stream_read(l->lower, buf, cap, n)
           : l->was_told ? LP_E_CLOSED
                         : LP_E_AGAIN; // the first attempt is still to come
}

static lp_err_t link_write(lp_stream_t *stream, lp_span_t data, size_t *n)
{
    const link_t *l = (const link_t *)stream;
    return l->is_up ? lp_stream_write(l->lower, data, n) : l->was_told ? LP_E_CLOSED : LP_E_AGAIN;
}

static void link_close(lp_stream_t *stream)
{
    link_t *l = (link_t *)stream;
    lp_timer_stop(lp_posix_loop, &l->retry);
    l->fn = NULL;
    l->is_up = false;
    if (l->lower != NULL) {
        lp_stream_close(l->lower);
        l->lower = NULL;
    }
}

static const lp_stream_ops_t link_ops = {
    .listen = link_listen, .read = link_read, .write = link_write, .close = link_close};

static bool copy_path(link_t *l, const char *text, size_t len)
{
    if (len == 0 || len >= sizeof l->path) {
        return false;
    }
    memcpy(l->path, text, len);
    l->path[len] = '\0';
    return true;
}

static bool parse_tcp(link_t *l, const char *text)
{
    const char *colon = strrchr(text, ':');
    char *end = NULL;
    const unsigned long port = colon != NULL ? strtoul(colon + 1, &end, 10) : 0;
    if (port == 0 || port > 65535 || *end != '\0') {
        return false;
    }
    l->kind = TARGET_TCP;
    l->port = (uint16_t)port;
    return copy_path(l, text, (size_t)(colon - text));
}

static bool parse_target(link_t *l, const char *target)
{
    if (strncmp(target, "tcp:", 4) == 0) {
        return parse_tcp(l, target + 4);
    }
    const bool is_unix = strncmp(target, "unix:", 5) == 0;
    const char *path = is_unix ? target + 5 : target;
    l->kind = is_unix ? TARGET_UNIX : TARGET_TTY;
    return (is_unix || path[0] == '/') && copy_path(l, path, strlen(path));
}

lp_err_t lp_posix_link_open(const char *target, lp_stream_t **stream)
{
    link_t *l = &the_link;
    *l = (link_t){.stream = {.ops = &link_ops}};
    if (!parse_target(l, target)) {
        return LP_E_FORMAT;
    }
    lp_timer_init(&l->retry, try_open, l);
    lp_timer_start(lp_posix_loop, &l->retry, 0);
    *stream = &l->stream;
    return LP_OK;
}
