// SPDX-License-Identifier: Apache-2.0
#include "fake/stream.h"

#include <string.h>

static fake_stream_t *self(lp_stream_t *s)
{
    return (fake_stream_t *)s;
}

static void announce(fake_stream_t *s, unsigned events)
{
    s->pending |= events;
    lp_loop_post(s->loop, &s->event);
}

static void deliver(void *ctx)
{
    fake_stream_t *s = ctx;
    const unsigned events = s->pending;
    s->pending = 0;
    if (s->fn != NULL && events != 0) {
        s->fn(s->ctx, events, (events & LP_STREAM_CLOSED) != 0 ? s->why : LP_OK);
    }
}

static void listen_to(lp_stream_t *stream, lp_stream_fn *fn, void *ctx)
{
    self(stream)->fn = fn;
    self(stream)->ctx = ctx;
}

static lp_err_t read_some(lp_stream_t *stream, uint8_t *buf, size_t cap, size_t *n)
{
    fake_stream_t *s = self(stream);
    const size_t left = s->in_len - s->in_pos;
    if (left == 0) {
        return s->is_closed ? LP_E_CLOSED : LP_E_AGAIN;
    }
    *n = left < cap ? left : cap;
    memcpy(buf, s->in + s->in_pos, *n);
    s->in_pos += *n;
    return LP_OK;
}

static lp_err_t write_some(lp_stream_t *stream, lp_span_t data, size_t *n)
{
    fake_stream_t *s = self(stream);
    size_t take = data.len < s->write_room ? data.len : s->write_room;
    take = take < FAKE_STREAM_BYTES - s->out_len ? take : FAKE_STREAM_BYTES - s->out_len;
    if (s->is_closed) {
        return LP_E_CLOSED;
    }
    if (take == 0) {
        return LP_E_AGAIN;
    }
    memcpy(s->out + s->out_len, data.ptr, take);
    s->out_len += take;
    s->write_room -= s->write_room == SIZE_MAX ? 0 : take;
    *n = take;
    return LP_OK;
}

static void close_it(lp_stream_t *stream)
{
    fake_stream_t *s = self(stream);
    s->is_closed = true;
    s->pending = 0;
    lp_loop_unpost(s->loop, &s->event);
}

void fake_stream_init(fake_stream_t *s, lp_loop_t *loop)
{
    static const lp_stream_ops_t ops = {
        .listen = listen_to, .read = read_some, .write = write_some, .close = close_it};
    memset(s, 0, sizeof *s);
    s->stream.ops = &ops;
    s->loop = loop;
    s->write_room = SIZE_MAX;
    lp_event_init(&s->event, deliver, s);
}

void fake_stream_feed(fake_stream_t *s, const void *bytes, size_t len)
{
    memmove(s->in, s->in + s->in_pos, s->in_len - s->in_pos);
    s->in_len -= s->in_pos;
    s->in_pos = 0;
    len = len < FAKE_STREAM_BYTES - s->in_len ? len : FAKE_STREAM_BYTES - s->in_len;
    memcpy(s->in + s->in_len, bytes, len);
    s->in_len += len;
    announce(s, LP_STREAM_READABLE);
}

void fake_stream_feed_str(fake_stream_t *s, const char *text)
{
    fake_stream_feed(s, text, strlen(text));
}

void fake_stream_give_room(fake_stream_t *s, size_t bytes)
{
    s->write_room = bytes;
    announce(s, LP_STREAM_WRITABLE);
}

void fake_stream_hang_up(fake_stream_t *s, lp_err_t why)
{
    s->is_closed = true;
    s->why = why;
    announce(s, LP_STREAM_CLOSED);
}

const char *fake_stream_take(fake_stream_t *s)
{
    static char text[FAKE_STREAM_BYTES + 1];
    memcpy(text, s->out, s->out_len);
    text[s->out_len] = '\0';
    s->out_len = 0;
    return text;
}
