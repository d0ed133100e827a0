// SPDX-License-Identifier: Apache-2.0
// Whatever a bridge sends, in whatever pieces: no crash, no hang, one completion a transfer.
//
// Input: a byte that picks the transfer, then rounds of a count and so many bytes from the bridge.
#include <stdlib.h>
#include <string.h>

#include "fake/port.h"
#include "limpet/sc18im.h"

typedef struct {
    lp_stream_t stream; // must stay first
    lp_loop_t loop;
    lp_timer_t timer;
    lp_stream_fn *fn;
    void *ctx;
    const uint8_t *data;
    size_t left, ready;
    bool is_closed;
    unsigned done;
} world_t;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t take(world_t *w)
{
    if (w->left == 0) {
        return 0;
    }
    w->left--;
    return *w->data++;
}

static void on_timer(void *ctx)
{
    world_t *w = ctx;
    const uint8_t count = take(w);
    if (count == 0xFF) {
        w->is_closed = true;
    } else {
        w->ready = count < w->left ? count : w->left;
    }
    if (w->fn != NULL) {
        w->fn(w->ctx, w->is_closed ? LP_STREAM_CLOSED : LP_STREAM_READABLE | LP_STREAM_WRITABLE,
              LP_OK);
    }
    lp_timer_start(&w->loop, &w->timer, 20);
}

static void do_listen(lp_stream_t *s, lp_stream_fn *fn, void *ctx)
{
    ((world_t *)s)->fn = fn;
    ((world_t *)s)->ctx = ctx;
}

static lp_err_t do_read(lp_stream_t *s, uint8_t *buf, size_t cap, size_t *n)
{
    world_t *w = (world_t *)s;
    if (w->is_closed) {
        return LP_E_CLOSED;
    }
    if (w->ready == 0) {
        return LP_E_AGAIN;
    }
    *n = cap < w->ready ? cap : w->ready;
    for (size_t i = 0; i < *n; i++) {
        buf[i] = take(w);
    }
    w->ready -= *n;
    return LP_OK;
}

static lp_err_t do_write(lp_stream_t *s, lp_span_t data, size_t *n)
{
    world_t *w = (world_t *)s;
    if (w->is_closed) {
        return LP_E_CLOSED;
    }
    *n = data.len > 7 ? 7 : data.len;
    return LP_OK;
}

static void do_close(lp_stream_t *s)
{
    ((world_t *)s)->is_closed = true;
}

static void on_done(void *ctx, lp_err_t err)
{
    (void)err;
    ((world_t *)ctx)->done++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const lp_stream_ops_t ops = {do_listen, do_read, do_write, do_close};
    static uint8_t rx[256];
    static const uint8_t tx[155] = {3};
    world_t w = {.stream = {.ops = &ops}, .data = data, .left = size};
    lp_sc18im_t bridge;
    fake_clock_reset();
    lp_loop_init(&w.loop);
    lp_timer_init(&w.timer, on_timer, &w);
    lp_timer_start(&w.loop, &w.timer, 20);
    lp_sc18im_init(&bridge, &w.loop, &w.stream);
    while (w.left > 0) {
        const uint8_t how = take(&w);
        lp_i2c_xfer_t xfer = {.op = (lp_i2c_op_t)(how & 3),
                              .addr = 0x60,
                              .tx = lp_span(tx, how % sizeof tx),
                              .rx = rx,
                              .rx_len = how,
                              .done = on_done,
                              .ctx = &w};
        (void)lp_i2c_set_rate(&bridge.bus, 5000u * how);
        const unsigned want = w.done + 1;
        if (lp_i2c_start(&bridge.bus, &xfer) != LP_OK) {
            break; // closed
        }
        for (unsigned turns = 0; w.done < want; turns++) {
            lp_loop_turn(&w.loop, 1000);
            if (turns > 10000) {
                abort();
            }
        }
        if (w.done != want) {
            abort();
        }
    }
    lp_sc18im_deinit(&bridge);
    lp_timer_stop(&w.loop, &w.timer);
    return 0;
}
