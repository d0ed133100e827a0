// SPDX-License-Identifier: Apache-2.0
#include "web_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "fake/port.h"
#include "limpet/settings.h"

enum { FLASH = 65536 };

lp_loop_t loop;
static lp_store_t store;
static lp_store_entry_t entries[96];
static lp_config_t config;
static lp_config_value_t values[LP_SETTINGS_COUNT];
static lp_store_item_t items[LP_SETTINGS_COUNT];
static uint8_t arena[LP_SETTINGS_ARENA];
lp_turn_t turn;
lp_link_base_t base;

// -- the network, and TLS over it: one connection at a time

web_net_t net;

static void tell_tcp(void *ctx)
{
    (void)ctx;
    net.tcp_fn(net.tcp_ctx, net.tcp_answer == LP_OK ? LP_STREAM_OPEN : LP_STREAM_CLOSED,
               net.tcp_answer);
}

static void tell_tls(void *ctx)
{
    (void)ctx;
    net.tls_fn(net.tls_ctx, net.tls_answer == LP_OK ? LP_STREAM_OPEN : LP_STREAM_CLOSED,
               net.tls_answer);
}

static void wire_listen(lp_stream_t *s, lp_stream_fn *fn, void *ctx)
{
    (void)s;
    lp_stream_listen(&net.wire.stream, fn, ctx);
}

static lp_err_t wire_read(lp_stream_t *s, uint8_t *buf, size_t cap, size_t *n)
{
    (void)s;
    return lp_stream_read(&net.wire.stream, buf, cap, n);
}

static lp_err_t wire_write(lp_stream_t *s, lp_span_t data, size_t *n)
{
    (void)s;
    return lp_stream_write(&net.wire.stream, data, n);
}

static void tcp_close(lp_stream_t *s)
{
    (void)s;
    lp_stream_close(&net.wire.stream);
    lp_loop_unpost(&loop, &net.tcp_event);
    net.is_tcp_open = false;
}

static void tls_close(lp_stream_t *s)
{
    lp_loop_unpost(&loop, &net.tls_event);
    net.is_tls_open = false;
    tcp_close(s);
}

lp_err_t lp_port_tcp_open(lp_tcp_t *tcp, const char *host, uint16_t port, lp_stream_fn *fn,
                          void *ctx)
{
    static const lp_stream_ops_t ops = {
        .listen = wire_listen, .read = wire_read, .write = wire_write, .close = tcp_close};
    if (net.tcp_refuses != LP_OK) {
        return net.tcp_refuses;
    }
    assert_false(net.is_tcp_open); // the one before was closed
    tcp->stream.ops = &ops;
    fake_stream_init(&net.wire, &loop);
    net.is_tcp_open = true;
    net.dials++;
    net.tcp_fn = fn;
    net.tcp_ctx = ctx;
    net.port = port;
    strcpy(net.host, host);
    lp_event_init(&net.tcp_event, tell_tcp, NULL);
    if (!net.is_silent) {
        lp_loop_post(&loop, &net.tcp_event);
    }
    return LP_OK;
}

lp_err_t lp_tls_open(lp_tls_t *tls, lp_stream_t *lower, const lp_tls_config_t *c, lp_stream_fn *fn,
                     void *ctx)
{
    static const lp_stream_ops_t ops = {
        .listen = wire_listen, .read = wire_read, .write = wire_write, .close = tls_close};
    (void)lower;
    if (net.tls_refuses != LP_OK) {
        return net.tls_refuses;
    }
    assert_true(net.is_tcp_open);
    tls->stream.ops = &ops;
    net.is_tls_open = true;
    net.handshakes++;
    net.tls_fn = fn;
    net.tls_ctx = ctx;
    strcpy(net.tls_host, c->host);
    strncpy(net.trust, (const char *)c->trust_pem.ptr, sizeof net.trust - 1);
    strcpy(net.key_id, c->key_id != NULL ? c->key_id : "");
    lp_event_init(&net.tls_event, tell_tls, NULL);
    lp_loop_post(&loop, &net.tls_event);
    return LP_OK;
}

const lp_tls_report_t *lp_tls_report(const lp_tls_t *tls)
{
    (void)tls;
    return &net.report;
}

// -- the rig

void web_run(uint32_t ms)
{
    for (uint32_t passed = 0; passed < ms; passed += 10) {
        lp_loop_turn(&loop, 0);
        fake_clock_advance_ms(10);
    }
    lp_loop_turn(&loop, 0);
}

int web_setup(void **state)
{
    (void)state;
    memset(&net, 0, sizeof net);
    fake_clock_reset();
    fake_system_reset();
    fake_flash_reset((lp_flash_geometry_t){FLASH, 4096, 4});
    lp_loop_init(&loop);
    lp_turn_init(&turn, &loop);
    const lp_store_config_t s = {.size_bytes = FLASH, .entries = entries, .max_entries = 96};
    assert_int_equal(lp_store_open(&store, &s), LP_OK);
    const lp_config_setup_t c = {.rows = lp_settings,
                                 .count = LP_SETTINGS_COUNT,
                                 .values = values,
                                 .items = items,
                                 .arena = arena,
                                 .arena_bytes = sizeof arena,
                                 .store = &store};
    assert_int_equal(lp_config_init(&config, &c), LP_OK);
    lp_config_load(&config, NULL);
    base = (lp_link_base_t){.loop = &loop, .turn = &turn, .config = &config};
    return 0;
}
