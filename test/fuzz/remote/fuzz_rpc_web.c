// SPDX-License-Identifier: Apache-2.0
// A caller that sends anything, in any pieces, and takes its answers as it likes: the connection
// ends in time, a method that needs more than the channel has is never called, and what is called
// is called with what a strict parser takes for one frame. The first bytes say kind, pieces and
// room.
#include <string.h>

#include "fake/port.h"
#include "fake/stream.h"
#include "fuzz.h"
#include "limpet/rpc_web.h"

enum { BYTES_MAX = 16384, TURNS_MAX = 4000 };

static lp_loop_t loop;
static fake_stream_t lower;
static lp_rpc_web_t web;
static lp_rpc_channel_t channel;
static bool is_over;

static void echo(void *ctx, lp_rpc_req_t *req)
{
    (void)ctx;
    lp_json_t again;
    const bool has_params = lp_json_type(req->params) != LP_JSON_NONE;
    MUST(!has_params || lp_json_parse(req->params.raw, &again) == LP_OK);
    MUST(!has_params || memchr(req->params.raw.ptr, '\n', req->params.raw.len) == NULL);
    lp_json_writer_t *w = lp_rpc_result(req);
    lp_json_put_value(w, req->params);
    lp_rpc_done(req);
}

static void never(void *ctx, lp_rpc_req_t *req)
{
    (void)ctx;
    (void)req;
    MUST(false);
}

static const lp_rpc_method_t methods[] = {
    {"E", LP_RPC_READ, echo, "", ""},
    {"N", LP_RPC_WRITE, never, "", ""},
};

static bool is_host_ours(void *ctx, lp_span_t host)
{
    (void)ctx;
    return !lp_span_equal_str(host, "x");
}

static void challenge(void *ctx, lp_buf_t *out)
{
    (void)ctx;
    (void)lp_fmt(out, "Digest");
}

static void over(void *ctx, const char *why)
{
    (void)ctx;
    MUST(why[0] != '\0');
    is_over = true;
    lp_rpc_close(&channel);
    lp_rpc_web_close(&web);
}

static void start(lp_rpc_t *rpc, lp_rpc_set_t *set, lp_rpc_web_kind_t kind)
{
    const lp_rpc_web_owner_t owner = {.is_host_ours = is_host_ours,
                                      .challenge = challenge,
                                      .over = over,
                                      .request_ms = 1000,
                                      .idle_ms = 2000};
    fake_clock_reset();
    fake_system_reset();
    lp_loop_init(&loop);
    fake_stream_init(&lower, &loop);
    lp_rpc_init(rpc);
    *set = (lp_rpc_set_t){.methods = methods, .count = sizeof methods / sizeof methods[0]};
    lp_rpc_add(rpc, set);
    is_over = false;
    lp_rpc_web_open(&web, &loop, &lower.stream, kind, &owner);
    lp_rpc_open(&channel, rpc, &web.stream, LP_RPC_READ);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static lp_rpc_t rpc;
    static lp_rpc_set_t set;
    if (size < 3 || size > BYTES_MAX) {
        return 0;
    }
    const size_t cut = 1u + data[1];
    const size_t room = 1u + data[2];
    start(&rpc, &set, (data[0] & 1) != 0 ? LP_RPC_WEB_LINES : LP_RPC_WEB_HTTP);
    for (size_t at = 3; at < size && !is_over; at += cut) {
        fake_stream_feed(&lower, data + at, size - at < cut ? size - at : cut);
        fake_stream_give_room(&lower, room);
        lp_loop_turn(&loop, 0);
        lower.out_len = 0;
    }
    for (int i = 0; i < TURNS_MAX && !is_over; i++) { // sixty seconds and more
        if ((data[0] & 2) != 0 && i % 4 == 0) {       // in between time passes
            fake_stream_give_room(&lower, room);
        }
        lp_loop_turn(&loop, 50);
        lower.out_len = 0;
    }
    MUST(is_over);
    return 0;
}
