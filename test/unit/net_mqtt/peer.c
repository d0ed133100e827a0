// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake/port.h"
#include "peer.h"

world_t w;

// --- The stream ---------------------------------------------------------------------------------

static peer_stream_t *of(lp_stream_t *s)
{
    return (peer_stream_t *)s;
}

static void notify(peer_stream_t *p, unsigned events)
{
    p->pending |= events;
    lp_loop_post(&w.loop, &p->notify);
}

static void on_notify(void *ctx)
{
    peer_stream_t *p = ctx;
    unsigned events = p->pending;
    p->pending = 0;
    if (p->fn != NULL && !p->is_closed_by_client) {
        p->fn(p->ctx, events, p->why);
    }
}

static void peer_listen(lp_stream_t *s, lp_stream_fn *fn, void *ctx)
{
    of(s)->fn = fn;
    of(s)->ctx = ctx;
}

static bool is_failing(peer_stream_t *p)
{
    p->steps++;
    return p->fail_at != 0 && p->steps >= p->fail_at;
}

static lp_err_t peer_read(lp_stream_t *s, uint8_t *buf, size_t cap, size_t *n)
{
    peer_stream_t *p = of(s);
    assert_false(p->is_closed_by_client);
    assert_true(cap > 0);
    if (is_failing(p)) {
        return p->fail_with;
    }
    size_t count = cap < p->to_client_len ? cap : p->to_client_len;
    count = p->max_read != 0 && count > p->max_read ? p->max_read : count;
    if (count == 0) {
        return p->is_closed_by_server ? LP_E_CLOSED : LP_E_AGAIN;
    }
    memcpy(buf, p->to_client, count);
    memmove(p->to_client, p->to_client + count, p->to_client_len - count);
    p->to_client_len -= count;
    *n = count;
    return LP_OK;
}

static lp_err_t peer_write(lp_stream_t *s, lp_span_t data, size_t *n)
{
    peer_stream_t *p = of(s);
    assert_false(p->is_closed_by_client);
    assert_true(data.len > 0);
    if (is_failing(p)) {
        return p->fail_with;
    }
    if (p->is_closed_by_server) {
        return LP_E_CLOSED;
    }
    if (p->is_window_shut && p->window == 0) {
        return LP_E_AGAIN;
    }
    size_t count = p->max_write != 0 && data.len > p->max_write ? p->max_write : data.len;
    if (p->is_window_shut) {
        count = count < p->window ? count : p->window;
        p->window -= count;
    }
    assert_true(p->to_server_len + count <= PEER_CAP);
    memcpy(p->to_server + p->to_server_len, data.ptr, count);
    p->to_server_len += count;
    *n = count;
    return LP_OK;
}

static void peer_close(lp_stream_t *s)
{
    of(s)->is_closed_by_client = true;
    lp_loop_unpost(&w.loop, &of(s)->notify);
}

static const lp_stream_ops_t peer_ops = {peer_listen, peer_read, peer_write, peer_close};

static void peer_init(peer_stream_t *p)
{
    memset(p, 0, sizeof *p);
    p->stream.ops = &peer_ops;
    p->fail_with = LP_E_NET_RESET;
    lp_event_init(&p->notify, on_notify, p);
}

void server_sends(const void *bytes, size_t len)
{
    assert_true(w.peer.to_client_len + len <= PEER_CAP);
    memcpy(w.peer.to_client + w.peer.to_client_len, bytes, len);
    w.peer.to_client_len += len;
    notify(&w.peer, LP_STREAM_READABLE);
    settle();
}

void server_closes(lp_err_t why)
{
    w.peer.is_closed_by_server = true;
    w.peer.why = why;
    notify(&w.peer, LP_STREAM_CLOSED);
    settle();
}

void expect_sent(const void *bytes, size_t len)
{
    settle();
    assert_int_equal(w.peer.to_server_len, len);
    if (len > 0) {
        assert_memory_equal(w.peer.to_server, bytes, len);
    }
    forget_sent();
}

void open_window_for(size_t count)
{
    w.peer.window = count;
    notify(&w.peer, LP_STREAM_WRITABLE);
    settle();
}

void forget_sent(void)
{
    w.peer.to_server_len = 0;
}

// --- The session --------------------------------------------------------------------------------

static void on_event(void *ctx, const lp_mqtt_event_t *ev)
{
    (void)ctx;
    assert_true(w.event_count < EVENT_CAP);
    seen_event_t *seen = &w.events[w.event_count++];
    seen->ev = *ev;
    if (ev->connack != NULL) {
        seen->connack = *ev->connack;
    }
    if (w.in_event != NULL) {
        w.in_event(ev);
    }
}

static void on_message(void *ctx, const lp_mqtt_message_t *msg)
{
    (void)ctx;
    if (msg->topic.len > 0) {
        assert_int_equal(msg->offset, 0);
        assert_true(w.message_count < MESSAGE_CAP);
        seen_message_t *fresh = &w.messages[w.message_count++];
        *fresh = (seen_message_t){.total = msg->total_len,
                                  .qos = msg->qos,
                                  .is_retained = msg->is_retained,
                                  .is_dup = msg->is_dup,
                                  .props_len = msg->props.len};
        assert_true(msg->topic.len < sizeof fresh->topic);
        memcpy(fresh->topic, msg->topic.ptr, msg->topic.len);
    }
    seen_message_t *seen = &w.messages[w.message_count - 1];
    assert_int_equal(seen->got, msg->offset);
    assert_int_equal(seen->total, msg->total_len);
    for (size_t i = 0; i < msg->piece.len && seen->got + i < sizeof seen->payload; i++) {
        seen->payload[seen->got + i] = msg->piece.ptr[i];
    }
    seen->got += msg->piece.len;
    seen->pieces++;
    assert_true(seen->got <= seen->total);
    if (w.in_message != NULL) {
        w.in_message();
    }
}

void world_init(lp_mqtt_version_t version, void (*adjust)(lp_mqtt_config_t *cfg))
{
    memset(&w, 0, sizeof w);
    fake_clock_reset();
    fake_clock_advance_ms(1000000);
    lp_loop_init(&w.loop);
    w.cfg = (lp_mqtt_config_t){
        .version = version,
        .connect = {.client_id = lp_span_str("dev"), .keep_alive_s = 60},
        .on_event = on_event,
        .on_message = on_message,
        .slots = w.slots,
        .slot_count = sizeof w.slots / sizeof w.slots[0],
        .arena = w.arena,
        .arena_cap = sizeof w.arena,
        .rx = w.rx,
        .rx_cap = sizeof w.rx,
    };
    if (adjust != NULL) {
        adjust(&w.cfg);
    }
    assert_int_equal(lp_mqtt_init(&w.m, &w.loop, &w.cfg, 1), LP_OK);
}

void world_end(void)
{
    if (lp_mqtt_state(&w.m) != LP_MQTT_IDLE) {
        assert_int_equal(lp_mqtt_deinit(&w.m), LP_E_BUSY);
        server_closes(LP_E_CLOSED);
    }
    lp_mqtt_cancel_all(&w.m);
    settle();
    assert_int_equal(lp_mqtt_state(&w.m), LP_MQTT_IDLE);
    assert_int_equal(lp_mqtt_stats(&w.m).queued, 0);
    assert_int_equal(lp_mqtt_deinit(&w.m), LP_OK);
    assert_null(w.loop.head_);
    assert_null(w.loop.timers_);
}

void settle(void)
{
    do {
        lp_loop_turn(&w.loop, 0);
    } while (w.loop.head_ != NULL);
}

void wait_ms(uint64_t ms)
{
    uint64_t end = w.loop.now_ms + ms;
    while (w.loop.now_ms < end) {
        lp_loop_turn(&w.loop, (uint32_t)(end - w.loop.now_ms));
    }
    settle();
}

void attach(void)
{
    lp_loop_unpost(&w.loop, &w.peer.notify);
    peer_init(&w.peer);
    assert_int_equal(lp_mqtt_attach(&w.m, &w.peer.stream), LP_OK);
    settle();
}

void attach_shut(void)
{
    lp_loop_unpost(&w.loop, &w.peer.notify);
    peer_init(&w.peer);
    w.peer.is_window_shut = true;
    assert_int_equal(lp_mqtt_attach(&w.m, &w.peer.stream), LP_OK);
    settle();
}

void login(bool session_present)
{
    attach();
    uint8_t v4[] = {0x20, 0x02, session_present ? 1 : 0, 0x00};
    uint8_t v5[] = {0x20, 0x03, session_present ? 1 : 0, 0x00, 0x00};
    assert_int_equal(lp_mqtt_state(&w.m), LP_MQTT_WAIT_CONNACK);
    forget_sent();
    bool is_v4 = w.cfg.version == LP_MQTT_V4;
    server_sends(is_v4 ? v4 : v5, is_v4 ? sizeof v4 : sizeof v5);
    assert_int_equal(lp_mqtt_state(&w.m), LP_MQTT_CONNECTED);
}

void *tag_ctx(int tag)
{
    static char tags[1024];
    return &tags[tag];
}

static int tag_of(const void *ctx)
{
    return (int)((const char *)ctx - (const char *)tag_ctx(0));
}

void note_done(void *ctx, lp_err_t err, const lp_mqtt_result_t *result)
{
    assert_true(w.done_count < DONE_CAP);
    seen_done_t *seen = &w.dones[w.done_count++];
    seen->tag = tag_of(ctx);
    seen->err = err;
    seen->reason = result->reason;
    seen->code_count = result->codes.len;
    for (size_t i = 0; i < result->codes.len && i < sizeof seen->codes; i++) {
        seen->codes[i] = result->codes.ptr[i];
    }
}

lp_err_t publish(const char *topic, const char *payload, uint8_t qos, int tag)
{
    lp_mqtt_publish_t p = {
        .topic = lp_span_str(topic), .payload = lp_span_str(payload), .qos = qos};
    return lp_mqtt_publish(&w.m, &p, note_done, tag_ctx(tag));
}

lp_err_t subscribe(const char *filter, uint8_t qos, int tag)
{
    lp_mqtt_filter_t f = {.filter = lp_span_str(filter), .qos = qos};
    return lp_mqtt_subscribe(&w.m, &f, 1, note_done, tag_ctx(tag));
}

size_t count_done(int tag)
{
    size_t count = 0;
    for (size_t i = 0; i < w.done_count; i++) {
        count += w.dones[i].tag == tag ? 1 : 0;
    }
    return count;
}

const seen_done_t *done_of(int tag)
{
    assert_int_equal(count_done(tag), 1);
    size_t i = 0;
    while (w.dones[i].tag != tag) {
        i++;
    }
    return &w.dones[i];
}

const lp_mqtt_event_t *last_event(void)
{
    assert_true(w.event_count > 0);
    return &w.events[w.event_count - 1].ev;
}
