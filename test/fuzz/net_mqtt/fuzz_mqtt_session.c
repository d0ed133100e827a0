// SPDX-License-Identifier: Apache-2.0
// The input is a little program: what the owner calls, what the server sends, how the stream
// behaves and how time passes. Whatever it is, every accepted call completes exactly once, the
// session can be taken down at the end, and what goes to the server is well-formed up to its last
// packet.
#include <stdlib.h>
#include <string.h>

#include "fake/port.h"
#include "limpet/mqtt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(claim)                                                                                \
    do {                                                                                           \
        if (!(claim)) {                                                                            \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

enum { CALLS_MAX = 512 };

static struct {
    lp_loop_t loop;
    lp_mqtt_t m;
    lp_stream_t stream;
    lp_stream_fn *fn;
    void *fn_ctx;
    lp_event_t notify;
    unsigned pending;
    const uint8_t *in; // to the client
    size_t in_len;
    size_t chunk; // most bytes a write takes; 0: none
    bool is_open;
    bool has_failed;
    // the client's output, as a stream of packets
    lp_mqtt_head_t head;
    size_t left;
    bool is_in_body;
    // completions
    uint8_t done[CALLS_MAX];
    size_t calls;
    size_t accepted;
    size_t completed;
    size_t next_offset;
    lp_mqtt_slot_t slots[6];
    uint8_t arena[300];
    uint8_t rx[128];
} w;

static void on_notify(void *ctx)
{
    (void)ctx;
    unsigned events = w.pending;
    w.pending = 0;
    if (w.is_open && w.fn != NULL) {
        w.fn(w.fn_ctx, events, LP_E_NET_RESET);
    }
}

static void notify(unsigned events)
{
    w.pending |= events;
    lp_loop_post(&w.loop, &w.notify);
}

static void s_listen(lp_stream_t *s, lp_stream_fn *fn, void *ctx)
{
    (void)s;
    w.fn = fn;
    w.fn_ctx = ctx;
}

static lp_err_t s_read(lp_stream_t *s, uint8_t *buf, size_t cap, size_t *n)
{
    (void)s;
    MUST(w.is_open && cap > 0);
    if (w.has_failed) {
        return LP_E_NET_RESET;
    }
    size_t count = cap < w.in_len ? cap : w.in_len;
    if (count == 0) {
        return LP_E_AGAIN;
    }
    memcpy(buf, w.in, count);
    w.in += count;
    w.in_len -= count;
    *n = count;
    return LP_OK;
}

// The packets of the client, byte by byte: each has a valid fixed header.
static void check_output(uint8_t byte)
{
    if (!w.is_in_body) {
        lp_err_t err = lp_mqtt_head_feed(&w.head, byte);
        MUST(err != LP_E_FORMAT);
        w.is_in_body = err == LP_OK && w.head.remaining > 0;
        w.left = w.head.remaining;
        if (err == LP_OK) {
            lp_mqtt_head_init(&w.head);
        }
        return;
    }
    w.left--;
    w.is_in_body = w.left > 0;
}

static lp_err_t s_write(lp_stream_t *s, lp_span_t bytes, size_t *n)
{
    (void)s;
    MUST(w.is_open && bytes.len > 0);
    if (w.has_failed) {
        return LP_E_NET_RESET;
    }
    size_t count = bytes.len < w.chunk ? bytes.len : w.chunk;
    if (count == 0) {
        return LP_E_AGAIN;
    }
    for (size_t i = 0; i < count; i++) {
        check_output(bytes.ptr[i]);
    }
    *n = count;
    return LP_OK;
}

static void s_close(lp_stream_t *s)
{
    (void)s;
    w.is_open = false;
    lp_loop_unpost(&w.loop, &w.notify);
}

static const lp_stream_ops_t ops = {s_listen, s_read, s_write, s_close};

static void on_done(void *ctx, lp_err_t err, const lp_mqtt_result_t *result)
{
    (void)err;
    uint8_t *flag = ctx;
    MUST(*flag == 0 && result != NULL);
    *flag = 1;
    w.completed++;
}

static void on_event(void *ctx, const lp_mqtt_event_t *ev)
{
    (void)ctx;
    MUST((ev->id == LP_MQTT_EV_CLOSED) == (lp_mqtt_state(&w.m) == LP_MQTT_IDLE));
    MUST(ev->id == LP_MQTT_EV_CONNECTED || !w.is_open);
}

static void on_message(void *ctx, const lp_mqtt_message_t *msg)
{
    (void)ctx;
    MUST(msg->offset == 0 || msg->offset == w.next_offset);
    MUST(msg->offset + msg->piece.len <= msg->total_len);
    MUST(msg->topic.len == 0 || msg->offset == 0);
    MUST(msg->topic.len == 0 || msg->topic.ptr[0] != '#');
    w.next_offset = msg->offset + msg->piece.len;
}

static void settle(void)
{
    for (int i = 0; i < 64; i++) {
        lp_loop_turn(&w.loop, 0);
        if (w.loop.head_ == NULL) {
            return;
        }
    }
    abort(); // it never comes to rest
}

static void attach(void)
{
    if (lp_mqtt_state(&w.m) != LP_MQTT_IDLE) {
        MUST(lp_mqtt_attach(&w.m, &w.stream) == LP_E_STATE);
        return;
    }
    w.is_open = true;
    w.has_failed = false;
    w.in_len = 0;
    w.chunk = 1000;
    w.is_in_body = false;
    lp_mqtt_head_init(&w.head);
    MUST(lp_mqtt_attach(&w.m, &w.stream) == LP_OK);
}

static void count(lp_err_t err)
{
    if (err == LP_OK) {
        w.accepted++;
        w.calls++;
    }
}

static void call(uint8_t op, uint8_t arg)
{
    static const uint8_t text[256] = {0};
    void *ctx = &w.done[w.calls];
    if (w.calls == CALLS_MAX) {
        return;
    }
    if (op == 0) {
        lp_mqtt_publish_t p = {.topic = lp_span("t/x", 1 + arg % 3),
                               .payload = lp_span(text, arg),
                               .qos = arg % 3,
                               .is_retained = (arg & 64) != 0};
        if (p.topic.len == 2) {
            p.topic.len = 3;
        }
        count(lp_mqtt_publish(&w.m, &p, on_done, ctx));
    } else if (op == 1) {
        lp_mqtt_filter_t f[2] = {{.filter = lp_span("a/#", 3), .qos = arg % 3},
                                 {.filter = lp_span("+", 1)}};
        count(lp_mqtt_subscribe(&w.m, f, 1 + arg % 2, on_done, ctx));
    } else {
        lp_span_t f[2] = {lp_span("a/#", 3), lp_span("+", 1)};
        count(lp_mqtt_unsubscribe(&w.m, f, 1 + arg % 2, on_done, ctx));
    }
}

// Takes `arg` bytes of the program as bytes from the server.
static size_t server_sends(lp_span_t program, size_t len)
{
    len = len < program.len ? len : program.len;
    if (w.in_len == 0) { // otherwise the client has stopped reading
        w.in = program.ptr;
        w.in_len = len;
    }
    notify(LP_STREAM_READABLE);
    return len;
}

static void stream_does(uint8_t arg)
{
    if (arg < 32) {
        w.chunk = arg;
        notify(LP_STREAM_WRITABLE);
    } else if (arg < 40) {
        w.has_failed = true;
        notify(LP_STREAM_READABLE);
    } else {
        notify(LP_STREAM_CLOSED);
    }
}

static void pass_time(uint8_t arg)
{
    uint64_t until = w.loop.now_ms + arg * 100u;
    for (int i = 0; i < 200 && w.loop.now_ms < until; i++) {
        lp_loop_turn(&w.loop, (uint32_t)(until - w.loop.now_ms));
    }
}

static size_t step(lp_span_t program)
{
    uint8_t op = program.ptr[0] % 8;
    uint8_t arg = program.ptr[1];
    lp_span_t rest = lp_span(program.ptr + 2, program.len - 2);
    size_t used = 0;
    switch (op) {
    case 0:
    case 1:
    case 2:
        call(op, arg);
        break;
    case 3:
        stream_does(arg);
        break;
    case 4:
        pass_time(arg);
        break;
    case 5:
        if (arg < 128) {
            attach();
        } else if (arg < 192) {
            (void)lp_mqtt_disconnect(&w.m);
        } else {
            lp_mqtt_cancel_all(&w.m);
        }
        break;
    default:
        used = server_sends(rest, arg);
        break;
    }
    if ((program.ptr[0] & 0x80) == 0) {
        settle();
    }
    return 2 + used;
}

static void start(uint8_t options)
{
    memset(&w, 0, sizeof w);
    fake_clock_reset();
    lp_loop_init(&w.loop);
    w.stream.ops = &ops;
    lp_event_init(&w.notify, on_notify, NULL);
    bool is_v5 = (options & 1) != 0;
    lp_mqtt_config_t cfg = {
        .version = is_v5 ? LP_MQTT_V5 : LP_MQTT_V4,
        .connect = {.client_id = lp_span("c", 1), .keep_alive_s = 5, .clean_start = (options & 2)},
        .retry_ms = !is_v5 && (options & 4) != 0 ? 1500 : 0,
        .policy = (options & 8) != 0 ? LP_MQTT_DROP_OLDEST : LP_MQTT_REFUSE_NEW,
        .refuses_qos0_offline = (options & 16) != 0,
        .on_event = on_event,
        .on_message = on_message,
        .slots = w.slots,
        .slot_count = 6,
        .arena = w.arena,
        .arena_cap = sizeof w.arena,
        .rx = w.rx,
        .rx_cap = sizeof w.rx,
    };
    MUST(lp_mqtt_init(&w.m, &w.loop, &cfg, options) == LP_OK);
    attach();
    settle();
    if ((options & 32) == 0) { // most programs begin logged in
        static const uint8_t v4[] = {0x20, 2, 0, 0};
        static const uint8_t v5[] = {0x20, 3, 0, 0, 0};
        (void)server_sends(is_v5 ? lp_span(v5, 5) : lp_span(v4, 4), 5);
        settle();
    }
}

static void finish(void)
{
    if (lp_mqtt_state(&w.m) != LP_MQTT_IDLE) {
        notify(LP_STREAM_CLOSED);
        settle();
    }
    lp_mqtt_cancel_all(&w.m);
    settle();
    MUST(w.completed == w.accepted);
    MUST(lp_mqtt_deinit(&w.m) == LP_OK);
    MUST(w.loop.timers_ == NULL && w.loop.head_ == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > 4096) {
        return 0;
    }
    start(data[0]);
    lp_span_t program = lp_span(data + 1, size - 1);
    while (program.len >= 2) {
        size_t used = step(program);
        program = lp_span(program.ptr + used, program.len - used);
    }
    finish();
    return 0;
}
