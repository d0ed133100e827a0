// SPDX-License-Identifier: Apache-2.0
// Life and time of a connection.
#include "limpet/rpc_web.h"

#include <string.h>

#include "limpet/port/clock.h"
#include "rpc_web_internal.h"

enum { LINGER_MS = 500 };

static lp_rpc_web_t *self(lp_stream_t *s)
{
    return (lp_rpc_web_t *)s;
}

// -- time

static uint64_t limit_of(const lp_rpc_web_t *web)
{
    const uint64_t login = web->opened_ms_ + (uint64_t)web->owner_.request_ms * 2;
    uint64_t limit = web->since_ms_ + web->owner_.idle_ms;
    if (web->phase_ == LINGER) {
        limit = web->since_ms_ + LINGER_MS;
    } else if (web->phase_ == ANSWER || web->is_in_line_) {
        limit = web->since_ms_ + LP_RPC_WEB_ANSWER_MS;
    } else if (web->is_begun_) {
        limit = web->since_ms_ + web->owner_.request_ms;
    }
    return web->is_trusted_ || limit < login ? limit : login;
}

static void watch_time(lp_rpc_web_t *web)
{
    const uint64_t now = lp_port_now_ms();
    const uint64_t limit = limit_of(web);
    lp_timer_start(web->loop_, &web->timer_, limit > now ? (uint32_t)(limit - now) : 0);
}

static void mark(lp_rpc_web_t *web)
{
    web->since_ms_ = lp_port_now_ms();
    watch_time(web);
}

void lp_web_enter(lp_rpc_web_t *web, phase_t phase)
{
    web->phase_ = (uint8_t)phase;
    mark(web);
}

// The time of a request counts from its first byte: more of them win nothing.
void lp_web_set_begun(lp_rpc_web_t *web, bool is_begun)
{
    if (web->is_begun_ != is_begun || !is_begun) {
        web->is_begun_ = is_begun;
        mark(web);
    }
}

static void end(lp_rpc_web_t *web, const char *why)
{
    web->is_ended_ = true;
    web->why_ = why;
    lp_web_announce(web, LP_STREAM_CLOSED);
}

static const char *word_for_time(const lp_rpc_web_t *web)
{
    if (web->phase_ == LINGER) {
        return "done";
    }
    if (web->phase_ == ANSWER || web->is_in_line_) {
        return "the answer was not taken in time";
    }
    if (web->is_begun_) {
        return "the request was not whole in time";
    }
    return web->is_trusted_ ? "idle" : "nothing proven in time";
}

static void on_timer(void *ctx)
{
    lp_rpc_web_t *web = ctx;
    if (lp_port_now_ms() < limit_of(web)) {
        watch_time(web);
    } else if (web->phase_ == HEAD && web->is_begun_) {
        lp_web_refuse(web, 408);
    } else {
        end(web, word_for_time(web));
    }
}

// -- events

void lp_web_announce(lp_rpc_web_t *web, unsigned events)
{
    web->pending_ |= events;
    lp_loop_post(web->loop_, &web->event_);
}

static void deliver(void *ctx)
{
    lp_rpc_web_t *web = ctx;
    const unsigned events = web->pending_;
    web->pending_ = 0;
    if ((events & LP_STREAM_WRITABLE) != 0) {
        (void)lp_web_flush(web);
    }
    if (web->phase_ == LINGER) { // the channel has nothing to say here any more
        uint8_t byte;
        size_t n;
        (void)lp_web_read(&web->stream, &byte, 1, &n);
    }
    if (web->fn_ != NULL && events != 0) {
        web->fn_(web->ctx_, events, (events & LP_STREAM_CLOSED) != 0 ? LP_E_CLOSED : LP_OK);
    }
    if ((events & LP_STREAM_CLOSED) != 0) {
        web->owner_.over(web->owner_.ctx, web->why_); // the last thing: it may use the memory again
    }
}

static void on_lower(void *ctx, unsigned events, lp_err_t why)
{
    lp_rpc_web_t *web = ctx;
    (void)why;
    if ((events & LP_STREAM_CLOSED) != 0 && !web->is_ended_) {
        end(web, "the caller has hung up");
    }
    lp_web_announce(web, events);
}

// -- the stream

static void web_listen(lp_stream_t *stream, lp_stream_fn *fn, void *ctx)
{
    lp_rpc_web_t *web = self(stream);
    web->fn_ = fn;
    web->ctx_ = ctx;
    if (fn != NULL) {
        lp_web_announce(web, LP_STREAM_READABLE); // it may have come before us
    }
}

static void web_close(lp_stream_t *stream)
{
    lp_rpc_web_t *web = self(stream);
    if (web->lower_ != NULL) {
        lp_stream_listen(web->lower_, NULL, NULL);
        lp_stream_close(web->lower_);
        lp_timer_stop(web->loop_, &web->timer_);
        lp_loop_unpost(web->loop_, &web->event_);
        web->lower_ = NULL;
        web->is_ended_ = true;
        lp_wipe(web->rx_, sizeof web->rx_);
        lp_wipe(web->auth, sizeof web->auth);
    }
}

static const lp_stream_ops_t ops = {
    .listen = web_listen, .read = lp_web_read, .write = lp_web_write, .close = web_close};

void lp_rpc_web_open(lp_rpc_web_t *web, lp_loop_t *loop, lp_stream_t *lower, lp_rpc_web_kind_t kind,
                     const lp_rpc_web_owner_t *owner)
{
    memset(web, 0, sizeof *web);
    web->stream.ops = &ops;
    web->loop_ = loop;
    web->lower_ = lower;
    web->owner_ = *owner;
    web->why_ = "closed";
    web->say_ = "";
    web->opened_ms_ = lp_port_now_ms();
    lp_event_init(&web->event_, deliver, web);
    lp_timer_init(&web->timer_, on_timer, web);
    lp_http_request_init(&web->in_.http, LP_RPC_FRAME_MAX);
    lp_web_enter(web, kind == LP_RPC_WEB_LINES ? LINES : HEAD);
    lp_stream_listen(lower, on_lower, web);
}

void lp_rpc_web_trust(lp_rpc_web_t *web)
{
    web->is_trusted_ = true;
    watch_time(web);
}

bool lp_rpc_web_is_trusted(const lp_rpc_web_t *web)
{
    return web->is_trusted_;
}

const char *lp_rpc_web_name(const lp_rpc_web_t *web)
{
    if (web->phase_ == LINES) {
        return "tcp";
    }
    return web->phase_ == MESSAGES ? "ws" : "http";
}

void lp_rpc_web_close(lp_rpc_web_t *web)
{
    if (web->stream.ops != NULL) {
        web_close(&web->stream);
    }
}
