// SPDX-License-Identifier: Apache-2.0
// The whole client in virtual time - cloud service, MQTT, TLS, driver, an emulated chip - against
// OpenSSL and a broker behind it, cut off again and again at every phase of a connection. It must
// be back each time without help, and leave nothing behind. LIMPET_RECONNECTS: how often;
// LIMPET_SEED.
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "device.h"
#include "limpet/port/clock.h"
#include "limpet/svc_cloud.h"
#include "rig.h"

enum {
    RECONNECTS = 130, // ten of each fault
    ARENA_BYTES = 96 * 1024,
    HANDSHAKE_BYTES_MAX = 2600, // that the server sends
    PATIENCE_MS = 120000,
    CHIP_OFF_MS = 1500,
    TCP_TIMEOUT_MS = 8000,
#if defined(__SANITIZE_ADDRESS__)
    STACK_BYTES = 512 * 1024,
#else
    STACK_BYTES = 64 * 1024,
#endif
};

// What happens to the next connection.
typedef enum {
    NAME_IS_UNKNOWN,
    PORT_IS_REFUSED,
    NOBODY_ANSWERS, // to TCP: the port gives up after a while
    CUT_IN_HANDSHAKE,
    SILENCE_IN_HANDSHAKE,
    NOISE_IN_HANDSHAKE, // a bit of what the server sends is wrong
    CHIP_GOES_IN_HANDSHAKE,
    CUT_AT_LOGIN,
    SILENCE_AT_LOGIN,
    LOGIN_IS_REFUSED,
    CUT_AT_PUBLISH,
    SILENCE_AFTER_LOGIN, // until the keep-alive notices
    GOODBYE_OF_BROKER,
    FAULTS,
} fault_t;

static world_t *world;
static device_t dev;
static lp_svc_cloud_t cloud;
static _Alignas(16) uint8_t arena[ARENA_BYTES], stack[STACK_BYTES];

static struct {
    peer_t peer;
    bool is_open;
    lp_stream_fn *fn; // of TCP, before TLS
    void *ctx;
    lp_timer_t timer; // when the answer comes
    lp_err_t answer;
    fault_t fault;
    bool is_faulty; // the fault is still to come, or has this connection
    bool is_mute;   // the broker says nothing any more
    unsigned dials, dials_before, publishes, chip_losses;
    unsigned chip_turns; // until it goes, while its fault is the one
    uint64_t chip_back_ms;
} far;

static uint32_t random_state;

static uint32_t pick(uint32_t below)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (random_state >> 8) % below;
}

// -- the network

static void drop_peer(void)
{
    if (far.peer.loop != NULL) {
        peer_close(&far.peer);
    }
}

static void wire_listen(lp_stream_t *s, lp_stream_fn *fn, void *ctx)
{
    (void)s;
    lp_stream_listen(&far.peer.stream, fn, ctx);
}

static lp_err_t wire_read(lp_stream_t *s, uint8_t *buf, size_t cap, size_t *n)
{
    (void)s;
    return lp_stream_read(&far.peer.stream, buf, cap, n);
}

static lp_err_t wire_write(lp_stream_t *s, lp_span_t data, size_t *n)
{
    (void)s;
    return lp_stream_write(&far.peer.stream, data, n);
}

static void wire_close(lp_stream_t *s)
{
    (void)s;
    assert_true(far.is_open); // closed once
    far.is_open = false;
    lp_timer_stop(&world->loop, &far.timer);
    lp_stream_close(&far.peer.stream);
}

static void tell_tcp(void *ctx)
{
    (void)ctx;
    far.fn(far.ctx, far.answer == LP_OK ? LP_STREAM_OPEN : LP_STREAM_CLOSED, far.answer);
}

// Whether this is where the fault of this connection comes.
static bool is_time_for(fault_t fault)
{
    const bool is_now = far.is_faulty && far.fault == fault;
    far.is_faulty = far.is_faulty && !is_now;
    return is_now;
}

static void spoil_the_wire(void)
{
    const size_t at = 1 + pick(HANDSHAKE_BYTES_MAX);
    far.peer.is_cut_silent = is_time_for(SILENCE_IN_HANDSHAKE);
    if (far.peer.is_cut_silent || is_time_for(CUT_IN_HANDSHAKE)) {
        far.peer.cut_after = at;
    } else if (is_time_for(NOISE_IN_HANDSHAKE)) {
        far.peer.flip_at = at;
    }
    far.peer.chunk = 1 + pick(600);
}

lp_err_t lp_port_tcp_open(lp_tcp_t *tcp, const char *host, uint16_t port, lp_stream_fn *fn,
                          void *ctx)
{
    static const lp_stream_ops_t ops = {
        .listen = wire_listen, .read = wire_read, .write = wire_write, .close = wire_close};
    const peer_config_t config = {.id = &rig_pki.server,
                                  .client_ca = &rig_pki.device_ca,
                                  .max_version = pick(2) == 0 ? TLS1_2_VERSION : 0};
    assert_false(far.is_open); // one at a time
    assert_string_equal(host, "localhost");
    assert_int_equal(port, 8883);
    drop_peer();
    peer_open(&far.peer, &world->loop, &config);
    tcp->stream.ops = &ops;
    far.is_open = true;
    far.is_mute = false;
    far.fn = fn;
    far.ctx = ctx;
    far.dials++;
    far.answer = LP_OK;
    if (is_time_for(NOBODY_ANSWERS)) {
        far.answer = LP_E_TIMEOUT;
    } else if (is_time_for(NAME_IS_UNKNOWN)) {
        far.answer = LP_E_NET_RESOLVE;
    } else if (is_time_for(PORT_IS_REFUSED)) {
        far.answer = LP_E_NET_REFUSED;
    }
    spoil_the_wire();
    lp_timer_start(&world->loop, &far.timer, far.answer == LP_E_TIMEOUT ? TCP_TIMEOUT_MS : 0);
    return LP_OK;
}

// -- the broker

static void say(const uint8_t *packet, size_t len)
{
    if (!far.is_mute) {
        peer_send(&far.peer, packet, len);
    }
}

static void take_login(void)
{
    if (is_time_for(CUT_AT_LOGIN)) {
        peer_hang_up(&far.peer, LP_E_NET_RESET);
        return;
    }
    far.is_mute = is_time_for(SILENCE_AT_LOGIN);
    const uint8_t code = is_time_for(LOGIN_IS_REFUSED) ? 3 : 0;
    say((uint8_t[]){0x20, 2, 0, code}, 4);
    far.is_mute = far.is_mute || is_time_for(SILENCE_AFTER_LOGIN);
}

static void take_publish(const uint8_t *body)
{
    const uint8_t *id = body + 2 + ((size_t)body[0] << 8 | body[1]);
    if (is_time_for(CUT_AT_PUBLISH)) {
        peer_hang_up(&far.peer, LP_E_NET_RESET);
    } else if (is_time_for(GOODBYE_OF_BROKER)) {
        peer_shut_down(&far.peer);
    } else {
        far.publishes++;
        say((uint8_t[]){0x40, 2, id[0], id[1]}, 4);
    }
}

static void take_packet(uint8_t type, const uint8_t *body)
{
    switch (type & 0xF0) {
    case 0x10:
        take_login();
        break;
    case 0x30:
        take_publish(body);
        break;
    case 0xC0:
        say((uint8_t[]){0xD0, 0}, 2);
        break;
    default:
        break;
    }
}

// Packets are short here: one byte of length, or two.
static void serve(void)
{
    peer_t *p = &far.peer;
    size_t at = 0;
    while (far.is_open && p->end_why == LP_OK && at + 3 < p->got_len) {
        const uint8_t *packet = (const uint8_t *)p->got + at;
        const size_t head = (packet[1] & 0x80) != 0 ? 3 : 2;
        const size_t len = (packet[1] & 0x7Fu) + (head == 3 ? (size_t)packet[2] << 7 : 0);
        if (at + head + len > p->got_len) {
            break;
        }
        take_packet(packet[0], packet + head);
        at += head + len;
    }
    p->got_len = at < p->got_len ? p->got_len - at : 0;
    memmove(p->got, p->got + at, p->got_len);
}

// -- the device

static void set(const char *config)
{
    static char params[12000];
    snprintf(params, sizeof params, "{\"config\":{%s}}", config);
    assert_result(device_call(&dev, "Config.Set", params), "", "{}");
}

static void configure(void)
{
    static const pki_spec_t spec = {.cn = "lp-4f21c0", .eku = "clientAuth"};
    static char pem[RIG_PEM_BYTES], config[11000];
    uint8_t pub[64];
    RUN(world, LP_OK, lp_atecc_pubkey(&world->chip, &world->req, 0, pub, world_done, world));
    world_settle(world, 5000);
    pki_id_t id = pki_issue(pki_from_public(pub), &spec, &rig_pki.device_ca);
    pki_pem(&id, pem, sizeof pem);
    pki_free(&id);
    snprintf(
        config, sizeof config,
        "\"cloud\":{\"server\":\"localhost\",\"enable\":true,\"keep_alive_s\":5,\"timeout_s\":2,"
        "\"backoff_ms\":100,\"backoff_max_s\":2},\"identity\":{\"cert\":\"%s\"},"
        "\"trust\":{\"ca\":\"%s\"}",
        rig_quoted(pem), rig_quoted(rig_pki.root_pem));
    set(config);
}

static void start_cloud(void)
{
    const lp_tls_setup_t tls = {.loop = &world->loop,
                                .keys = &dev.keys,
                                .arena = arena,
                                .arena_bytes = sizeof arena,
                                .stack = stack,
                                .stack_bytes = sizeof stack};
    const lp_svc_cloud_setup_t setup = device_cloud_setup(&dev);
    assert_int_equal(lp_tls_init(&tls), LP_OK);
    lp_svc_cloud_init(&cloud, &setup);
}

static int set_up(void **state)
{
    const char *seed = getenv("LIMPET_SEED");
    random_state = seed != NULL ? (uint32_t)strtoul(seed, NULL, 10) : 1;
    world = device_world(LP_CHIPSIM_ATECC508A);
    assert_int_equal(world_provision(world), LP_OK);
    world_settle(world, 5000);
    fake_clock_set_utc_s(PKI_NOW_S);
    memset(&far, 0, sizeof far);
    (void)rig_pki_make(state);
    device_start(&dev, world, true, NULL);
    lp_timer_init(&far.timer, tell_tcp, NULL);
    start_cloud();
    configure();
    lp_svc_cloud_poke(&cloud);
    return 0;
}

static int tear_down(void **state)
{
    lp_svc_cloud_stop(&cloud);
    for (int i = 0; i < 100; i++) {
        lp_loop_turn(&world->loop, 10);
    }
    drop_peer();
    assert_int_equal(lp_tls_deinit(), LP_OK);
    world_free(world);
    return rig_pki_drop(state);
}

// The chip loses its power somewhere in the handshake, and has it again a little later.
static void follow_chip(void)
{
    const bool is_its_turn =
        far.is_faulty && far.fault == CHIP_GOES_IN_HANDSHAKE && far.dials > far.dials_before;
    if (is_its_turn && cloud.state == LP_CLOUD_HANDSHAKE && far.chip_turns-- == 0) {
        far.is_faulty = false;
        far.chip_back_ms = lp_port_now_ms() + CHIP_OFF_MS;
        far.chip_losses++;
        lp_chipsim_power_off(world->sim);
    } else if (is_its_turn && cloud.state == LP_CLOUD_CONNECTED) {
        far.is_faulty = false; // it was through before
    } else if (far.chip_back_ms != 0 && lp_port_now_ms() >= far.chip_back_ms) {
        far.chip_back_ms = 0;
        lp_chipsim_power_on(world->sim);
    }
}

static void turn(void)
{
    lp_loop_turn(&world->loop, 10);
    serve();
    follow_chip();
}

static bool run_until(bool (*is_there)(void))
{
    const uint64_t end_ms = lp_port_now_ms() + PATIENCE_MS;
    while (!is_there() && lp_port_now_ms() < end_ms) {
        turn();
    }
    return is_there();
}

static bool is_connected(void)
{
    return cloud.state == LP_CLOUD_CONNECTED && !far.peer.has_ended;
}

static bool is_apart(void)
{
    return cloud.state == LP_CLOUD_BACKOFF && !far.is_open;
}

static uint32_t acked_before;

static bool is_back(void)
{
    return is_connected() && !far.is_faulty && far.chip_back_ms == 0 &&
           cloud.acked_ > acked_before && lp_mqtt_stats(&cloud.mqtt_).queued == 0;
}

static size_t arena_used(void)
{
    lp_tls_memory_t memory;
    lp_tls_memory(&memory);
    return memory.arena_used;
}

static void set_fault(unsigned round)
{
    far.fault = (fault_t)(round % FAULTS);
    far.is_faulty = true;
    far.chip_turns = pick(60);
    far.dials_before = far.dials;
    acked_before = cloud.acked_;
}

static void reconnects_leave_nothing_behind_and_always_come_back(void **state)
{
    (void)state;
    const char *wanted = getenv("LIMPET_RECONNECTS");
    const unsigned rounds = wanted != NULL ? (unsigned)strtoul(wanted, NULL, 10) : RECONNECTS;
    size_t base = 0;
    assert_true(run_until(is_connected));
    for (unsigned round = 0; round < rounds; round++) {
        set_fault(round);
        peer_hang_up(&far.peer, LP_E_NET_RESET);
        assert_true(run_until(is_apart));
        base = round == 0 ? arena_used() : base;
        assert_int_equal(arena_used(), base);
        assert_int_equal(lp_svc_cloud_publish(&cloud, "t", lp_span_str("hello")), LP_OK);
        if (!run_until(is_back)) {
            fail_msg("round %u, fault %d: not back, state %s, last error %s (%s)", round, far.fault,
                     lp_cloud_state_name(cloud.state), lp_err_name(cloud.last_error.err),
                     cloud.last_error.detail);
        }
    }
    lp_tls_memory_t memory;
    lp_tls_memory(&memory);
    print_message(
        "%u reconnects in %llu s of virtual time, %u connections; arena: %zu without one, "
        "%zu at most; stack %zu\n",
        rounds, (unsigned long long)(lp_port_now_ms() / 1000), far.dials, base, memory.arena_peak,
        memory.stack_peak);
    assert_true(far.dials > rounds && far.chip_losses > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reconnects_leave_nothing_behind_and_always_come_back,
                                        set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
