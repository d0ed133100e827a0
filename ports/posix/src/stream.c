// SPDX-License-Identifier: Apache-2.0
// A descriptor as a byte stream. poll() tells levels, streams tell edges: POLLIN is asked for only
// after a read came back empty, POLLOUT only after a write was refused.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

#include "posix_internal.h"

void lp_posix_prepare_fd(int fd)
{
    (void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
}

static lp_posix_stream_t *self(lp_stream_t *s)
{
    return (lp_posix_stream_t *)s;
}

static void announce(lp_posix_stream_t *s, unsigned events)
{
    s->pending_ |= events;
    lp_loop_post(lp_posix_loop, &s->event_);
}

static void end_with(lp_posix_stream_t *s, lp_err_t why)
{
    if (!s->has_ended_) {
        s->has_ended_ = true;
        s->is_connecting_ = false;
        s->why_ = why;
        s->watch_.events = 0;
        announce(s, LP_STREAM_CLOSED);
    }
}

static void deliver(void *ctx)
{
    lp_posix_stream_t *s = ctx;
    const unsigned events = s->pending_;
    s->pending_ = 0;
    if (s->fn_ != NULL && events != 0) {
        s->fn_(s->ctx_, events, (events & LP_STREAM_CLOSED) != 0 ? s->why_ : LP_OK);
    }
}

static void finish_connect(lp_posix_stream_t *s)
{
    int errnum = 0;
    socklen_t len = sizeof errnum;
    if (getsockopt(s->watch_.fd, SOL_SOCKET, SO_ERROR, &errnum, &len) != 0) {
        errnum = errno;
    }
    if (errnum != 0) {
        end_with(s, lp_posix_err(errnum));
        return;
    }
    s->is_connecting_ = false;
    s->watch_.events = POLLIN;
    announce(s, LP_STREAM_OPEN);
}

static void on_poll(void *ctx, short revents)
{
    lp_posix_stream_t *s = ctx;
    if (s->is_connecting_) {
        finish_connect(s);
        return;
    }
    if ((revents & (POLLIN | POLLHUP | POLLERR)) != 0) { // read() will tell which
        s->watch_.events &= (short)~POLLIN;
        announce(s, LP_STREAM_READABLE);
    }
    if ((revents & (POLLOUT | POLLERR)) != 0) {
        s->watch_.events &= (short)~POLLOUT;
        announce(s, LP_STREAM_WRITABLE);
    }
    if ((revents & (POLLHUP | POLLERR | POLLNVAL)) != 0 && (revents & POLLIN) == 0) {
        end_with(s, LP_E_CLOSED);
    }
}

void lp_posix_stream_listen(lp_stream_t *stream, lp_stream_fn *fn, void *ctx)
{
    lp_posix_stream_t *s = self(stream);
    s->fn_ = fn;
    s->ctx_ = ctx;
    if (fn != NULL && s->watch_.fd >= 0 && !s->is_connecting_ && !s->has_ended_) {
        s->watch_.events |= POLLIN;
    }
}

lp_err_t lp_posix_stream_read(lp_stream_t *stream, uint8_t *buf, size_t cap, size_t *n)
{
    lp_posix_stream_t *s = self(stream);
    if (s->watch_.fd < 0 || s->is_connecting_) {
        return s->is_connecting_ ? LP_E_AGAIN : LP_E_CLOSED;
    }
    ssize_t got;
    do {
        got = read(s->watch_.fd, buf, cap);
    } while (got < 0 && errno == EINTR);
    if (got > 0) {
        *n = (size_t)got;
        return LP_OK;
    }
    if (got < 0 && errno == EAGAIN) {
        s->watch_.events |= s->has_ended_ ? 0 : POLLIN;
        return s->has_ended_ ? LP_E_CLOSED : LP_E_AGAIN;
    }
    end_with(s, got == 0 || errno == EIO ? LP_E_CLOSED : lp_posix_err(errno));
    return LP_E_CLOSED;
}

lp_err_t lp_posix_stream_write(lp_stream_t *stream, lp_span_t data, size_t *n)
{
    lp_posix_stream_t *s = self(stream);
    if (s->watch_.fd < 0 || s->has_ended_ || s->is_connecting_) {
        return s->is_connecting_ ? LP_E_AGAIN : LP_E_CLOSED;
    }
    ssize_t put;
    do {
        put = write(s->watch_.fd, data.ptr, data.len);
    } while (put < 0 && errno == EINTR);
    if (put > 0) {
        *n = (size_t)put;
        return LP_OK;
    }
    if (put == 0 || errno == EAGAIN) {
        s->watch_.events |= POLLOUT;
        return LP_E_AGAIN;
    }
    end_with(s, lp_posix_err(errno));
    return LP_E_CLOSED;
}

void lp_posix_stream_close(lp_stream_t *stream)
{
    lp_posix_stream_t *s = self(stream);
    lp_posix_watch_stop(&s->watch_);
    lp_loop_unpost(lp_posix_loop, &s->event_);
    s->pending_ = 0;
    s->has_ended_ = true;
    s->is_connecting_ = false;
    if (s->watch_.fd >= 0) {
        close(s->watch_.fd);
        s->watch_.fd = -1;
    }
}

static const lp_stream_ops_t stream_ops = {.listen = lp_posix_stream_listen,
                                           .read = lp_posix_stream_read,
                                           .write = lp_posix_stream_write,
                                           .close = lp_posix_stream_close};

void lp_posix_stream_init(lp_posix_stream_t *s, int fd)
{
    *s = (lp_posix_stream_t){.stream = {.ops = &stream_ops}};
    lp_event_init(&s->event_, deliver, s);
    s->watch_ = (lp_posix_watch_t){.fd = fd, .fn = on_poll, .ctx = s};
    if (fd >= 0) {
        lp_posix_prepare_fd(fd);
        lp_posix_watch_start(&s->watch_);
    }
}

void lp_posix_stream_connecting(lp_posix_stream_t *s, int fd)
{
    lp_posix_prepare_fd(fd);
    s->watch_.fd = fd;
    s->watch_.events = POLLOUT;
    s->is_connecting_ = true;
    lp_posix_watch_start(&s->watch_);
}

void lp_posix_stream_fail(lp_posix_stream_t *s, lp_err_t why)
{
    end_with(s, why);
}
