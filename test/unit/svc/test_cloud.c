// SPDX-License-Identifier: Apache-2.0
// The cloud service between fakes: TCP and TLS of the test's own, a broker that speaks real MQTT,
// an emulated chip, virtual time.
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cert.h"
#include "device.h"
#include "limpet/port/clock.h"
#include "limpet/svc_cloud.h"
#include "telemetry.h"

// -- a network with one host, and TLS that is a formality

typedef struct {
    fake_stream_t wire;
    lp_stream_fn *tcp_fn;
    void *tcp_ctx;
    lp_stream_fn *tls_fn;
    void *tls_ctx;
    lp_event_t tcp_event, tls_event;
    lp_err_t tcp_answer, tls_answer;   // what comes from the loop
    lp_err_t tcp_refuses, tls_refuses; // what the call itself returns
    bool is_silent;                    // nothing comes
    unsigned dials, handshakes, tcp_closes, wire_opens;
    bool is_tcp_open, is_tls_open;
    char host[256];
    uint16_t port;
    lp_tls_config_t config; // of the last handshake; only the scalars are looked at
    char alpn[32];
    char key_id[48];
    lp_tls_report_t report;
    uint8_t connack; // return code
    bool acknowledges;
    unsigned publishes;
    char topic[256];
    char payload[512];
} net_t;

static net_t net;
static device_t dev;
static lp_svc_cloud_t cloud;
static world_t *world;
static lp_mqtt_slot_t slots[8];
static uint8_t queue[2048];
static uint8_t rx[512];

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
    net.tls_ctx = ctx;
    net.is_tls_open = true;
    net.report = (lp_tls_report_t){.version = "TLS 1.3",
                                   .suite = "S",
                                   .group = "P-256",
                                   .key_source = "chip",
                                   .ecdhe = "chip",
                                   .handshake_ms = 5};
    fake_stream_init(&net.wire, &world->loop);
    if (!net.is_silent) {
        lp_loop_post(&world->loop, &net.tls_event);
    }
    return LP_OK;
}

void lp_tls_memory(lp_tls_memory_t *memory)
{
    *memory = (lp_tls_memory_t){.arena_used = 7000, .arena_peak = 12000, .stack_peak = 4000};
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
        fake_stream_feed(&net.wire, (uint8_t[]){0x20, 2, 0, net.connack}, 4);
    } else if ((p[0] & 0xF0) == 0x30) {
        serve_publish(p + head, len);
    } else if (p[0] == 0xC0) {
        fake_stream_feed(&net.wire, (uint8_t[]){0xD0, 0}, 2);
    }
}

static void serve(void)
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

static void run(uint32_t ms)
{
    const uint64_t end_ms = lp_port_now_ms() + ms;
    for (uint64_t now; (now = lp_port_now_ms()) < end_ms;) {
        lp_loop_turn(&world->loop, end_ms - now < 10 ? (uint32_t)(end_ms - now) : 10);
        serve();
    }
}

// -- the device

static void set(const char *config)
{
    char params[6000];
    snprintf(params, sizeof params, "{\"config\":{%s}}", config);
    assert_result(device_call(&dev, "Config.Set", params), "", "{}");
    lp_svc_cloud_poke(&cloud);
}

static const char *status(const char *path)
{
    return device_get(device_call(&dev, "Cloud.Status", "{}"), path);
}

static void set_all(void)
{
    set("\"cloud\":{\"server\":\"cloud.example\",\"enable\":true,\"thing\":\"t1\"},"
        "\"identity\":{\"cert\":\"" CERT_JSON "\"},\"trust\":{\"ca\":\"" CERT_JSON "\"}");
}

static void start(bool has_bus)
{
    device_start(&dev, world, has_bus, NULL);
    memset(&net, 0, sizeof net);
    net.acknowledges = true;
    lp_event_init(&net.tcp_event, tcp_event, NULL);
    lp_event_init(&net.tls_event, tls_event, NULL);
    const lp_svc_cloud_setup_t setup = {.loop = &world->loop,
                                        .rpc = &dev.rpc,
                                        .config = &dev.config,
                                        .keys = &dev.keys,
                                        .chip = &dev.chip,
                                        .turn = &dev.turn,
                                        .memory = {.slots = slots,
                                                   .slot_count = 8,
                                                   .arena = queue,
                                                   .arena_bytes = sizeof queue,
                                                   .rx = rx,
                                                   .rx_bytes = sizeof rx}};
    lp_svc_cloud_init(&cloud, &setup);
}

static int setup(void **state)
{
    (void)state;
    fake_system_reset();
    fake_flash_reset(
        (lp_flash_geometry_t){.size_bytes = 65536, .sector_bytes = 4096, .page_bytes = 4});
    world = world_new(LP_CHIPSIM_ATECC508A);
    assert_int_equal(world_provision(world), LP_OK);
    world_settle(world, 5000);
    fake_clock_set_utc_s(1800000000);
    start(true);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    world_free(world);
    return 0;
}

static void connect_it(void)
{
    set_all();
    run(3000);
    assert_result(device_call(&dev, "Cloud.Status", "{}"), "state", "\"connected\"");
}

// -- tests

static void cloud_is_off_until_everything_is_set_and_says_what_is_missing(void **state)
{
    (void)state;
    run(1000);
    assert_string_equal(status("state"), "\"off\"");
    assert_string_equal(status("last_error"), "null");
    set("\"cloud\":{\"enable\":true}");
    run(1000);
    assert_string_equal(status("state"), "\"off\"");
    assert_string_equal(status("last_error.name"), "\"LP_E_NOT_CONFIGURED\"");
    assert_string_equal(status("last_error.detail"), "\"cloud.server is not set\"");
    set("\"cloud\":{\"server\":\"x\"}");
    run(1000);
    assert_string_equal(status("last_error.detail"), "\"trust.ca is not set\"");
    assert_int_equal(net.dials, 0);
    set_all();
    run(3000);
    assert_string_equal(status("state"), "\"connected\"");
}

static void cloud_connects_with_the_settings(void **state)
{
    (void)state;
    connect_it();
    assert_string_equal(net.host, "cloud.example");
    assert_int_equal(net.port, 8883);
    assert_string_equal(net.key_id, "atca:0");
    assert_string_equal(net.alpn, "");
    assert_int_equal(net.config.max_version, LP_TLS_1_3);
    assert_true(net.config.check_dates);
    assert_int_equal(net.config.ecdhe, LP_TLS_ECDHE_AUTO);
    assert_string_equal(status("tls.version"), "\"TLS 1.3\"");
    assert_string_equal(status("tls.key"), "\"atca:0\"");
    assert_string_equal(status("cert_id"), "\"" CERT_ID "\"");
    assert_true(fake_log_contains("this chip does not hold the key of the configured"));
}

static void cloud_port_443_asks_for_mqtt_by_alpn(void **state)
{
    (void)state;
    set("\"cloud\":{\"server\":\"cloud.example:443\",\"enable\":true,\"tls_max\":\"1.2\"},"
        "\"identity\":{\"cert\":\"" CERT_JSON
        "\",\"ecdhe\":\"software\"},\"trust\":{\"ca\":\"" CERT_JSON "\",\"check_dates\":false}");
    run(3000);
    assert_int_equal(net.port, 443);
    assert_string_equal(net.alpn, "x-amzn-mqtt-ca");
    assert_int_equal(net.config.max_version, LP_TLS_1_2);
    assert_int_equal(net.config.ecdhe, LP_TLS_ECDHE_SOFTWARE);
    assert_false(net.config.check_dates);
    set("\"cloud\":{\"alpn\":\"mqtt\",\"enable\":false}");
    run(500);
    set("\"cloud\":{\"enable\":true}");
    run(3000);
    assert_string_equal(net.alpn, "mqtt");
}

static void cloud_waits_for_the_time(void **state)
{
    (void)state;
    teardown(NULL);
    world = world_new(LP_CHIPSIM_ATECC508A); // resets the clock: no UTC
    start(true);
    set_all();
    run(5000);
    assert_string_equal(status("state"), "\"wait-time\"");
    assert_string_equal(status("last_error.name"), "\"LP_E_CLOCK\"");
    assert_int_equal(net.dials, 0);
    fake_clock_set_utc_s(1800000000);
    run(3000);
    assert_string_not_equal(status("state"), "\"wait-time\"");
}

static void cloud_without_its_chip_never_dials_and_recovers(void **state)
{
    (void)state;
    lp_chipsim_power_off(world->sim);
    set_all();
    run(30000);
    assert_string_equal(status("state"), "\"no-key\"");
    assert_string_equal(status("last_error.name"), "\"LP_E_CHIP_MISSING\"");
    assert_string_equal(status("last_error.detail"),
                        "\"the key atca:0 cannot be used and no other key is tried\"");
    assert_int_equal(net.dials, 0);
    lp_chipsim_power_on(world->sim);
    run(12000);
    assert_string_equal(status("state"), "\"connected\"");
    assert_int_equal(net.dials, 1);
}

static void cloud_board_without_a_bus_has_no_key(void **state)
{
    (void)state;
    start(false);
    set_all();
    run(20000);
    assert_string_equal(status("state"), "\"no-key\"");
    assert_int_equal(net.dials, 0);
}

static void cloud_blank_chip_has_no_key(void **state)
{
    (void)state;
    teardown(NULL);
    world = world_new(LP_CHIPSIM_ATECC608B);
    fake_clock_set_utc_s(1800000000);
    start(true);
    set_all();
    run(10000);
    assert_string_equal(status("state"), "\"no-key\"");
    assert_string_equal(status("last_error.name"), "\"LP_E_CHIP_EXEC\"");
    assert_int_equal(net.dials, 0);
}

static void cloud_publishes_and_counts(void **state)
{
    (void)state;
    assert_int_equal(lp_svc_cloud_publish(&cloud, "telemetry", lp_span_str("{}")), LP_E_STATE);
    connect_it();
    assert_int_equal(lp_svc_cloud_publish(&cloud, "telemetry", lp_span_str("{\"a\":1}")), LP_OK);
    run(100);
    assert_string_equal(net.topic, "limpet/t1/telemetry");
    assert_string_equal(net.payload, "{\"a\":1}");
    assert_string_equal(status("acked"), "1");
    assert_string_equal(status("published"), "1");
    net.acknowledges = false;
    assert_int_equal(lp_svc_cloud_publish(&cloud, "telemetry", lp_span_str("{}")), LP_OK);
    run(100);
    assert_string_equal(status("acked"), "1");
    assert_string_equal(status("queued"), "1");
}

// Sends Cloud.Prove and serves the broker until there is an answer.
static const char *prove(const char *nonce, uint32_t limit_ms)
{
    char text[256];
    snprintf(text, sizeof text, "{\"id\":2,\"method\":\"Cloud.Prove\",\"params\":{\"nonce\":%s}}\n",
             nonce);
    fake_stream_feed_str(&dev.line, text);
    for (uint32_t ms = 0; ms < limit_ms && dev.line.out_len == 0; ms += 10) {
        run(10);
    }
    return fake_stream_take(&dev.line);
}

static void prove_answers_when_the_broker_acknowledged(void **state)
{
    (void)state;
    static const char good[] = "\"0123456789abcdef0123456789ABCDEF\"";
    assert_non_null(strstr(prove(good, 1000), "LP_E_STATE"));
    connect_it();
    assert_non_null(strstr(prove("\"123\"", 1000), "LP_E_INVALID"));
    assert_non_null(strstr(prove("7", 1000), "LP_E_INVALID"));
    assert_non_null(strstr(prove("\"0123456789abcdef0123456789ABCDEF0\"", 1000), "LP_E_INVALID"));
    assert_non_null(strstr(prove("\"0123456789abcdef0123456789ABCDEg\"", 1000), "LP_E_INVALID"));
    const char *answer = prove(good, 1000);
    assert_non_null(strstr(answer, "\"topic\":\"limpet/t1/proof\",\"cert_id\":\"" CERT_ID "\""));
    assert_string_equal(net.payload, "{\"nonce\":\"0123456789abcdef0123456789ABCDEF\",\"cert_id\":"
                                     "\"" CERT_ID "\"}");
    // A broker that does not acknowledge: nothing is claimed.
    net.acknowledges = false;
    assert_string_equal(prove(good, 15000), "");
    assert_non_null(strstr(prove(good, 1000), "LP_E_BUSY"));
    run(10000);
    assert_non_null(strstr(fake_stream_take(&dev.line), "LP_E_TIMEOUT"));
    // When it comes late it counts, but is no answer any more.
    fake_stream_hang_up(&net.wire, LP_E_NET_RESET);
    net.acknowledges = true;
    run(5000);
    assert_string_equal(status("queued"), "0");
    assert_non_null(strstr(prove(good, 1000), "rtt_ms"));
}

static void cloud_comes_back_from_every_failure(void **state)
{
    (void)state;
    static const struct {
        lp_err_t tcp_refuses, tcp, tls_refuses, tls;
        uint8_t connack;
        const char *name;
    } table[] = {
        {.tcp_refuses = LP_E_NOSPACE, .name = "\"LP_E_NOSPACE\""},
        {.tcp = LP_E_NET_RESOLVE, .name = "\"LP_E_NET_RESOLVE\""},
        {.tcp = LP_E_NET_REFUSED, .name = "\"LP_E_NET_REFUSED\""},
        {.tls_refuses = LP_E_TLS_CERT, .name = "\"LP_E_TLS_CERT\""},
        {.tls = LP_E_TLS_NAME, .name = "\"LP_E_TLS_NAME\""},
        {.tls = LP_E_TIMEOUT, .name = "\"LP_E_TIMEOUT\""},
        {.connack = 5, .name = "\"LP_E_UNAUTHORIZED\""},
        {.connack = 3, .name = "\"LP_E_MQTT_REFUSED\""},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        teardown(NULL);
        setup(NULL);
        net.tcp_refuses = table[i].tcp_refuses;
        net.tcp_answer = table[i].tcp;
        net.tls_refuses = table[i].tls_refuses;
        net.tls_answer = table[i].tls;
        net.connack = table[i].connack;
        set_all();
        run(5000);
        assert_string_equal(status("last_error.name"), table[i].name);
        assert_string_not_equal(status("state"), "\"connected\"");
        // The chip is free for others meanwhile.
        assert_result(device_call(&dev, "Chip.Info", "{}"), "part", "\"ATECC508A\"");
        net.tcp_refuses = net.tcp_answer = net.tls_refuses = net.tls_answer = LP_OK;
        net.connack = 0;
        run(60000);
        assert_string_equal(status("state"), "\"connected\"");
        assert_string_equal(status("last_error.name"), table[i].name); // still told
    }
}

static void cloud_tries_grow_apart_and_start_over_after_a_good_connection(void **state)
{
    (void)state;
    net.tcp_answer = LP_E_NET_REFUSED;
    set_all();
    run(10000);
    const unsigned early = net.dials;
    run(300000);
    const unsigned before = net.dials;
    run(300000);
    const unsigned late = net.dials - before;
    assert_true(early >= 2 && early <= 20);
    assert_true(late >= 5 && late <= 30); // a minute at most, half of it on average
    net.tcp_answer = LP_OK;
    run(70000);
    assert_string_equal(status("state"), "\"connected\"");
    run(31000);
    fake_stream_hang_up(&net.wire, LP_E_NET_RESET);
    run(2000); // the first wait again, not the last
    assert_string_equal(status("state"), "\"connected\"");
}

static void cloud_certificate_refused_after_the_handshake_is_told_by_tls(void **state)
{
    (void)state;
    connect_it();
    net.report.err = LP_E_TLS_ALERT;
    snprintf(net.report.detail, sizeof net.report.detail, "the server said bad_certificate");
    fake_stream_hang_up(&net.wire, LP_E_TLS_ALERT);
    net.tcp_answer = LP_E_NET_REFUSED;
    lp_loop_turn(&world->loop, 0);
    lp_loop_turn(&world->loop, 0);
    lp_loop_turn(&world->loop, 0);
    assert_int_equal(cloud.last_error.err, LP_E_TLS_ALERT);
    assert_string_equal(cloud.last_error.detail, "the server said bad_certificate");
}

static void cloud_can_be_switched_off_in_every_state(void **state)
{
    (void)state;
    bool seen[LP_CLOUD_BACKOFF + 1] = {0};
    for (unsigned turns = 0; turns < 400; turns++) {
        teardown(NULL);
        setup(NULL);
        net.is_silent = turns % 3 == 2;                             // stuck in DIAL
        net.tcp_answer = turns % 3 == 1 ? LP_E_NET_REFUSED : LP_OK; // BACKOFF
        set_all();
        for (unsigned i = 0; i < turns; i++) {
            lp_loop_turn(&world->loop, 10);
            serve();
        }
        seen[cloud.state] = true;
        set("\"cloud\":{\"enable\":false}");
        run(4000);
        assert_int_equal(cloud.state, LP_CLOUD_OFF);
        assert_false(net.is_tcp_open);
        assert_false(net.is_tls_open);
        assert_result(device_call(&dev, "Chip.Info", "{}"), "part", "\"ATECC508A\"");
        net.is_silent = false;
        net.tcp_answer = LP_OK;
        set("\"cloud\":{\"enable\":true}");
        run(4000);
        assert_int_equal(cloud.state, LP_CLOUD_CONNECTED);
    }
    assert_true(seen[LP_CLOUD_CHECK] && seen[LP_CLOUD_DIAL] && seen[LP_CLOUD_CONNECTED] &&
                seen[LP_CLOUD_BACKOFF]);
}

static void chip_methods_wait_for_the_handshake(void **state)
{
    (void)state;
    set_all();
    net.is_silent = true;
    run(2000); // stuck in DIAL
    net.is_silent = false;
    lp_loop_post(&world->loop, &net.tcp_event);
    net.is_silent = true; // and then in the handshake
    run(1000);
    assert_int_equal(cloud.state, LP_CLOUD_HANDSHAKE);
    fake_stream_feed_str(&dev.line, "{\"id\":1,\"method\":\"Chip.Scan\"}\n");
    run(3000);
    assert_int_equal(dev.line.out_len, 0);
    net.is_silent = false;
    lp_loop_post(&world->loop, &net.tls_event);
    run(2000);
    assert_non_null(strstr(fake_stream_take(&dev.line), "ATECC508A"));
    assert_int_equal(cloud.state, LP_CLOUD_CONNECTED);
}

static void cloud_stopped_says_goodbye_and_stays_down(void **state)
{
    (void)state;
    connect_it();
    lp_svc_cloud_stop(&cloud);
    for (int i = 0; i < 5 && cloud.state != LP_CLOUD_OFF; i++) {
        lp_loop_turn(&world->loop, 10);
    }
    assert_int_equal(cloud.state, LP_CLOUD_OFF);
    assert_true(net.wire.out_len >= 2);
    assert_memory_equal(net.wire.out + net.wire.out_len - 2, "\xe0\x00", 2); // DISCONNECT
    assert_false(net.is_tls_open);
    run(5000);
    assert_int_equal(net.dials, 1);
    assert_int_equal(cloud.state, LP_CLOUD_OFF);
}

static void telemetry_comes_at_its_interval_and_names_the_chip(void **state)
{
    (void)state;
    telemetry_t telemetry = {.loop = &world->loop,
                             .config = &dev.config,
                             .counters = &dev.counters,
                             .chip = &dev.chip,
                             .cloud = &cloud};
    telemetry_start(&telemetry);
    run(5000);
    assert_int_equal(telemetry.counter, 0); // not connected: nothing to say it to
    connect_it();
    run(35000);
    const unsigned slow = net.publishes;
    assert_true(slow >= 3 && slow <= 5); // every 10 s
    assert_string_equal(net.topic, "limpet/t1/telemetry");
    lp_json_t payload, chip;
    assert_int_equal(lp_json_parse(lp_span_str(net.payload), &payload), LP_OK);
    assert_int_equal(lp_json_get(payload, "chip", &chip), LP_OK);
    assert_int_equal(chip.raw.len, 2 + 2 * LP_ATECC_SERIAL_LEN);
    set("\"telemetry\":{\"interval_s\":1}"); // counts at once
    run(10000);
    assert_true(net.publishes - slow >= 8);
    lp_chipsim_power_off(world->sim);
    run(15000);
    assert_non_null(strstr(net.payload, "\"chip\":null")); // taken off while connected
    lp_timer_stop(&world->loop, &telemetry.timer);
}

static void cloud_swapped_chip_is_noticed(void **state)
{
    (void)state;
    connect_it();
    lp_chipsim_t *other;
    lp_chipsim_options_t opt = world_options(world, LP_CHIPSIM_ATECC508A);
    opt.seed = 99;
    assert_int_equal(lp_chipsim_new(&other, &opt), LP_OK);
    lp_chipsim_bus_detach(world->bus, world->sim);
    lp_chipsim_free(world->sim);
    world->sim = other;
    assert_int_equal(lp_chipsim_bus_attach(world->bus, world->sim), LP_OK);
    run(12000); // the watch
    assert_true(fake_log_contains("this is another chip than before"));
    const unsigned dials = net.dials;
    fake_stream_hang_up(&net.wire, LP_E_NET_RESET);
    run(20000);
    assert_string_equal(status("state"), "\"no-key\""); // it is blank
    assert_int_equal(net.dials, dials);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(cloud_is_off_until_everything_is_set_and_says_what_is_missing),
        T(cloud_connects_with_the_settings),
        T(cloud_port_443_asks_for_mqtt_by_alpn),
        T(cloud_waits_for_the_time),
        T(cloud_without_its_chip_never_dials_and_recovers),
        T(cloud_board_without_a_bus_has_no_key),
        T(cloud_blank_chip_has_no_key),
        T(cloud_publishes_and_counts),
        T(prove_answers_when_the_broker_acknowledged),
        T(cloud_comes_back_from_every_failure),
        T(cloud_tries_grow_apart_and_start_over_after_a_good_connection),
        T(cloud_certificate_refused_after_the_handshake_is_told_by_tls),
        T(cloud_can_be_switched_off_in_every_state),
        T(chip_methods_wait_for_the_handshake),
        T(cloud_stopped_says_goodbye_and_stays_down),
        T(telemetry_comes_at_its_interval_and_names_the_chip),
        T(cloud_swapped_chip_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
