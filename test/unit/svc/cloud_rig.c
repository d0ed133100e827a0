// SPDX-License-Identifier: Apache-2.0
#include "cloud_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// -- a network with one host, and TLS that is a formality

net_t net;
device_t dev;
lp_svc_cloud_t cloud;
world_t *world;
enum { RX_BYTES = 512, INBOX_BYTES = 1000 + sizeof "a/c" }; // with its topic

static void tcp_close(lp_stream_t *s)
{
    (void)s;
    net.tcp_closes += net.is_tcp_open ? 1 : 0;
    net.is_tcp_open = false;
    lp_loop_unpost(&world->loop, &net.tcp_event);
}

static void tcp_listen(lp_stream_t *s, lp_stream_fn *fn, void *ctx)
{
    (void)s;
    net.tcp_fn = fn;
    net.tcp_ctx = ctx;
}

static void tcp_event(void *ctx)
{
    (void)ctx;
    net.tcp_fn(net.tcp_ctx, net.tcp_answer == LP_OK ? LP_STREAM_OPEN : LP_STREAM_CLOSED,
               net.tcp_answer);
}

lp_err_t lp_port_tcp_open(lp_tcp_t *tcp, const char *host, uint16_t port, lp_stream_fn *fn,
                          void *ctx)
{
    static const lp_stream_ops_t ops = {.listen = tcp_listen, .close = tcp_close};
    if (net.tcp_refuses != LP_OK) {
        return net.tcp_refuses;
    }
    assert_false(net.is_tcp_open); // one connection at a time
    tcp->stream.ops = &ops;
    net.dials++;
    net.is_tcp_open = true;
    net.tcp_fn = fn;
    net.tcp_ctx = ctx;
    net.port = port;
    snprintf(net.host, sizeof net.host, "%s", host);
    if (!net.is_silent) {
        lp_loop_post(&world->loop, &net.tcp_event);
    }
    return LP_OK;
}

static void tls_listen(lp_stream_t *s, lp_stream_fn *fn, void *ctx)
{
    (void)s;
    lp_stream_listen(&net.wire.stream, fn, ctx);
}

static lp_err_t tls_read(lp_stream_t *s, uint8_t *buf, size_t cap, size_t *n)
{
    (void)s;
    return lp_stream_read(&net.wire.stream, buf, cap, n);
}

static lp_err_t tls_write(lp_stream_t *s, lp_span_t data, size_t *n)
{
    (void)s;
    return lp_stream_write(&net.wire.stream, data, n);
}

static void tls_close(lp_stream_t *s)
{
    net.is_tls_open = false;
    lp_loop_unpost(&world->loop, &net.tls_event);
    lp_stream_close(&net.wire.stream);
    tcp_close(s);
}

static void tls_event(void *ctx)
{
    (void)ctx;
    net.report.err = net.tls_answer;
    net.tls_fn(net.tls_ctx, net.tls_answer == LP_OK ? LP_STREAM_OPEN : LP_STREAM_CLOSED,
               net.tls_answer);
}

lp_err_t lp_tls_open(lp_tls_t *tls, lp_stream_t *lower, const lp_tls_config_t *config,
                     lp_stream_fn *fn, void *ctx)
{
    static const lp_stream_ops_t ops = {
        .listen = tls_listen, .read = tls_read, .write = tls_write, .close = tls_close};
    (void)lower;
    if (net.tls_refuses != LP_OK) {
        return net.tls_refuses;
    }
    tls->stream.ops = &ops;
    net.handshakes++;
    net.config = *config;
    snprintf(net.alpn, sizeof net.alpn, "%s", config->alpn != NULL ? config->alpn : "");
    snprintf(net.key_id, sizeof net.key_id, "%s", config->key_id);
    net.tls_fn = fn;
    assert_true(net.lent[0] == NULL &&
                net.lent[1] == NULL); // of the last connection: it is this handshake's now
    net.tls_ctx = ctx;
    net.is_tls_open = true;
    net.report = (lp_tls_report_t){.version = "TLS 1.3",
                                   .suite = "S",
                                   .group = "P-256",
                                   .key_source = "chip",
                                   .verify = "software",
                                   .ecdhe = "chip",
                                   .handshake_ms = 5};
    fake_stream_init(&net.wire, &world->loop);
    if (!net.is_silent) {
        lp_loop_post(&world->loop, &net.tls_event);
    }
    return LP_OK;
}

void lp_tls_forget(void)
{
    net.forgotten++;
}

void lp_tls_memory(lp_tls_memory_t *memory)
{
    *memory = (lp_tls_memory_t){.arena_used = 7000, .arena_peak = 12000, .stack_peak = 4000};
}

// Exactly what is asked for, so that a byte more is noticed; only a connection has it.
void *lp_tls_borrow(size_t bytes)
{
    assert_true(net.is_tls_open);
    assert_true(bytes == RX_BYTES || bytes == INBOX_BYTES);
    const size_t i = bytes == RX_BYTES ? 0 : 1;
    assert_null(net.lent[i]);
    net.lent[i] = net.lends_nothing ? NULL : calloc(1, bytes);
    return net.lent[i];
}

void lp_tls_give_back(void *memory)
{
    assert_true(memory == NULL || memory == net.lent[0] || memory == net.lent[1]);
    free(memory);
    for (size_t i = 0; i < 2; i++) {
        net.lent[i] = net.lent[i] == memory ? NULL : net.lent[i];
    }
}

const lp_tls_report_t *lp_tls_report(const lp_tls_t *tls)
{
    (void)tls;
    return &net.report;
}

// -- a broker that knows CONNECT, PUBLISH and PINGREQ of MQTT 3.1.1

static void serve_publish(const uint8_t *body, size_t len)
{
    const size_t topic_len = (size_t)body[0] << 8 | body[1];
    const uint8_t *id = body + 2 + topic_len;
    snprintf(net.topic, sizeof net.topic, "%.*s", (int)topic_len, (const char *)body + 2);
    snprintf(net.payload, sizeof net.payload, "%.*s", (int)(len - topic_len - 4),
             (const char *)id + 2);
    net.publishes++;
    if (net.acknowledges) {
        fake_stream_feed(&net.wire, (uint8_t[]){0x40, 2, id[0], id[1]}, 4);
    }
}

static void serve_packet(const uint8_t *p, size_t head, size_t len)
{
    if (p[0] == 0x10) {
        net.connect_flags = p[head + 7];
        net.keep_alive_s = (unsigned)(p[head + 8] << 8 | p[head + 9]);
        fake_stream_feed(&net.wire, (uint8_t[]){0x20, 2, 0, net.connack}, 4);
    } else if ((p[0] & 0xF0) == 0x30) {
        serve_publish(p + head, len);
    } else if (p[0] == 0x82) {
        net.subscribes++;
        fake_stream_feed(&net.wire, (uint8_t[]){0x90, 3, p[head], p[head + 1], 1}, 5);
    } else if (p[0] == 0xC0) {
        fake_stream_feed(&net.wire, (uint8_t[]){0xD0, 0}, 2);
    }
}

void rig_serve(void)
{
    size_t at = 0;
    while (net.is_tls_open && at + 2 <= net.wire.out_len) {
        const uint8_t *p = net.wire.out + at;
        const size_t head = (p[1] & 0x80) != 0 ? 3 : 2;
        const size_t len = head == 3 ? (p[1] & 0x7Fu) + ((size_t)p[2] << 7) : p[1];
        if (at + head + len > net.wire.out_len) {
            break;
        }
        serve_packet(p, head, len);
        at += head + len;
    }
    net.wire.out_len = 0;
}

void rig_run(uint32_t ms)
{
    const uint64_t end_ms = lp_port_now_ms() + ms;
    for (uint64_t now; (now = lp_port_now_ms()) < end_ms;) {
        lp_loop_turn(&world->loop, end_ms - now < 10 ? (uint32_t)(end_ms - now) : 10);
        rig_serve();
    }
}

// -- the device

void rig_set(const char *config)
{
    char params[6000];
    snprintf(params, sizeof params, "{\"config\":{%s}}", config);
    assert_result(device_call(&dev, "Config.Set", params), "", "{}");
    lp_svc_cloud_poke(&cloud);
}

const char *rig_status(const char *path)
{
    return device_get(device_call(&dev, "Cloud.Status", "{}"), path);
}

void rig_set_all(void)
{
    rig_set("\"cloud\":{\"server\":\"cloud.example\",\"enable\":true,\"thing\":\"t1\"},"
            "\"identity\":{\"cert\":\"" CERT_JSON "\"},\"trust\":{\"ca\":\"" CERT_JSON "\"}");
}

void rig_start(bool has_bus)
{
    device_start(&dev, world, has_bus, NULL);
    memset(&net, 0, sizeof net);
    net.acknowledges = true;
    lp_event_init(&net.tcp_event, tcp_event, NULL);
    lp_event_init(&net.tls_event, tls_event, NULL);
    lp_svc_cloud_setup_t setup = device_cloud_setup(&dev);
    setup.memory.rx = NULL; // borrowed from TLS, both
    setup.memory.inbox = NULL;
    setup.memory.rx_bytes = RX_BYTES;
    setup.memory.inbox_bytes = INBOX_BYTES;
    lp_svc_cloud_init(&cloud, &setup);
}

int rig_setup(void **state)
{
    (void)state;
    world = device_world(LP_CHIPSIM_ATECC508A);
    assert_int_equal(world_provision(world), LP_OK);
    world_settle(world, 5000);
    fake_clock_set_utc_s(1800000000);
    rig_start(true);
    return 0;
}

int rig_teardown(void **state)
{
    (void)state;
    lp_tls_give_back(net.lent[0]);
    lp_tls_give_back(net.lent[1]);
    world_free(world);
    return 0;
}

void rig_connect(void)
{
    rig_set_all();
    rig_run(3000);
    assert_result(device_call(&dev, "Cloud.Status", "{}"), "state", "\"connected\"");
}
