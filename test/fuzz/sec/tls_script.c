// SPDX-License-Identifier: Apache-2.0
#include "tls_script.h"

#include <string.h>

static void on_event(void *ctx)
{
    tls_script_t *s = ctx;
    if (s->fn == NULL || s->is_closed) {
        return;
    }
    bool is_over = s->left == 0;
    s->fn(s->ctx, LP_STREAM_READABLE | (is_over ? LP_STREAM_CLOSED : 0u),
          is_over ? LP_E_NET_RESET : LP_OK);
}

static void script_listen(lp_stream_t *stream, lp_stream_fn *fn, void *ctx)
{
    tls_script_t *s = (tls_script_t *)stream;
    s->fn = fn;
    s->ctx = ctx;
}

static lp_err_t script_read(lp_stream_t *stream, uint8_t *buf, size_t cap, size_t *n)
{
    tls_script_t *s = (tls_script_t *)stream;
    lp_loop_post(s->loop, &s->event);
    if (s->left == 0) {
        return LP_E_CLOSED;
    }
    cap = s->chunk != 0 && cap > s->chunk ? s->chunk : cap;
    *n = cap < s->left ? cap : s->left;
    memcpy(buf, s->data, *n);
    s->data += *n;
    s->left -= *n;
    return LP_OK;
}

static lp_err_t script_write(lp_stream_t *stream, lp_span_t data, size_t *n)
{
    (void)stream;
    *n = data.len;
    return LP_OK;
}

static void script_close(lp_stream_t *stream)
{
    tls_script_t *s = (tls_script_t *)stream;
    s->is_closed = true;
    lp_loop_unpost(s->loop, &s->event);
}

void tls_script_run(const uint8_t *data, size_t size,
                    lp_err_t (*open)(tls_target_t *t, lp_stream_t *lower, unsigned flags))
{
    static const lp_stream_ops_t ops = {
        .listen = script_listen, .read = script_read, .write = script_write, .close = script_close};
    static tls_target_t target;
    if (size < 1) {
        return;
    }
    unsigned chunk = data[0] >> TLS_TARGET_CHUNK;
    tls_script_t script = {.stream = {.ops = &ops},
                           .loop = &target.loop,
                           .data = data + 1,
                           .left = size - 1,
                           .chunk = (size_t)chunk * chunk};
    tls_target_init(&target);
    lp_event_init(&script.event, on_event, &script);
    if (open(&target, &script.stream, data[0]) == LP_OK) {
        tls_target_run(&target);
    }
    tls_target_deinit(&target);
}
