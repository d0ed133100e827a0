// SPDX-License-Identifier: Apache-2.0
// The session when things go wrong: a stream that fails at its N-th step for every N, that takes or
// gives any number of bytes at a time, and a server that sends anything.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "peer.h"

#define STR(s)   lp_span(s, sizeof(s) - 1)
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

// --- A server that answers ----------------------------------------------------------------------

// What a server answers to each type of packet; PUBLISH depends on its QoS.
static uint8_t answer_head(const lp_mqtt_head_t *h)
{
    static const uint8_t heads[16] = {
        [LP_MQTT_CONNECT] = 0x20,   [LP_MQTT_PUBREL] = 0x70,  [LP_MQTT_PUBREC] = 0x62,
        [LP_MQTT_SUBSCRIBE] = 0x90, [LP_MQTT_PINGREQ] = 0xd0,
    };
    static const uint8_t by_qos[4] = {0, 0x40, 0x50, 0};
    return h->type == LP_MQTT_PUBLISH ? by_qos[(h->flags >> 1) & 3u] : heads[h->type];
}

// Appends the packet identifier of what the client sent.
static void put_id(lp_buf_t *out, const lp_mqtt_head_t *h, lp_span_t body)
{
    size_t at = h->type == LP_MQTT_PUBLISH ? 2 + (size_t)body.ptr[0] * 256 + body.ptr[1] : 0;
    assert_int_equal(lp_buf_put(out, lp_span(body.ptr + at, 2)), LP_OK);
}

static void answer_one(const lp_mqtt_head_t *h, lp_span_t body, bool session_present)
{
    bool is_v5 = w.cfg.version == LP_MQTT_V5;
    uint8_t mem[8] = {answer_head(h)};
    if (mem[0] == 0) {
        return;
    }
    lp_buf_t out = lp_buf(mem, sizeof mem);
    out.len = 2;
    if (h->type == LP_MQTT_CONNECT) {
        (void)lp_buf_put_byte(&out, session_present ? 1 : 0);
        (void)lp_buf_put_byte(&out, 0);
    } else if (h->type != LP_MQTT_PINGREQ) {
        put_id(&out, h, body);
    }
    if (is_v5 && (h->type == LP_MQTT_CONNECT || h->type == LP_MQTT_SUBSCRIBE)) {
        (void)lp_buf_put_byte(&out, 0); // no properties
    }
    if (h->type == LP_MQTT_SUBSCRIBE) {
        (void)lp_buf_put_byte(&out, 1);
    }
    mem[1] = (uint8_t)(out.len - 2);
    server_sends(mem, out.len);
}

// Takes one whole packet from what the client has sent and answers it. False: there is none.
static bool serve_one(bool session_present)
{
    lp_mqtt_head_t h;
    size_t at = 0;
    lp_err_t err = LP_E_AGAIN;
    lp_mqtt_head_init(&h);
    while (err == LP_E_AGAIN && at < w.peer.to_server_len) {
        err = lp_mqtt_head_feed(&h, w.peer.to_server[at++]);
    }
    assert_int_not_equal(err, LP_E_FORMAT); // the client never sends such a thing
    if (err != LP_OK || w.peer.to_server_len - at < h.remaining) {
        return false;
    }
    uint8_t body[512];
    assert_true(h.remaining <= sizeof body);
    memcpy(body, w.peer.to_server + at, h.remaining);
    at += h.remaining;
    memmove(w.peer.to_server, w.peer.to_server + at, w.peer.to_server_len - at);
    w.peer.to_server_len -= at;
    answer_one(&h, lp_span(body, h.remaining), session_present);
    return true;
}

static void serve(bool session_present)
{
    settle();
    while (serve_one(session_present)) {
        settle();
    }
}

// --- A stream that fails at step N --------------------------------------------------------------

static void send_to_client(void)
{
    bool is_v5 = w.cfg.version == LP_MQTT_V5;
    if (is_v5) {
        SERVER_SENDS("\x30\x05\x00\x01t\x00m\x32\x07\x00\x01t\x00\x15\x00m"
                     "\x34\x07\x00\x01t\x00\x16\x00m");
    } else {
        SERVER_SENDS("\x30\x04\x00\x01tm\x32\x06\x00\x01t\x00\x15m\x34\x06\x00\x01t\x00\x16m");
    }
}

// Everything a session does once. Failing calls are as good as working ones here.
static void act(void)
{
    (void)publish("a", "0", 0, 1);
    (void)publish("a", "1", 1, 2);
    (void)publish("a", "2", 2, 3);
    serve(false);
    if (lp_mqtt_state(&w.m) == LP_MQTT_CONNECTED) {
        (void)subscribe("s", 1, 4);
        serve(false);
    }
    if (lp_mqtt_state(&w.m) == LP_MQTT_CONNECTED) {
        send_to_client();
        serve(false);
    }
}

static void with_fault(lp_mqtt_version_t version, unsigned step, lp_err_t with, size_t chunk)
{
    world_init(version, NULL);
    attach();
    w.peer.max_write = chunk;
    w.peer.max_read = chunk;
    w.peer.fail_at = w.peer.steps + step;
    w.peer.fail_with = with;
    serve(false);
    act();
    if (lp_mqtt_state(&w.m) != LP_MQTT_IDLE) {
        wait_ms(120000); // the keep-alive reaches the failing step
    }
    assert_int_equal(lp_mqtt_state(&w.m), LP_MQTT_IDLE);
    assert_int_equal(last_event()->id, LP_MQTT_EV_CLOSED);
    assert_true(w.peer.is_closed_by_client);
}

static void stream_that_fails_at_any_step_loses_no_completion(void **state)
{
    (void)state;
    static const lp_mqtt_version_t versions[] = {LP_MQTT_V4, LP_MQTT_V5};
    static const lp_err_t errors[] = {LP_E_NET_RESET, LP_E_CLOSED, LP_E_IO};
    for (size_t v = 0; v < COUNT(versions); v++) {
        for (unsigned step = 1; step <= 60; step++) {
            with_fault(versions[v], step, errors[step % 3], step % 5);
            attach(); // the next connection works
            serve(step % 2 == 0);
            serve(false);
            assert_int_equal(lp_mqtt_state(&w.m), LP_MQTT_CONNECTED);
            for (int tag = 1; tag <= 3; tag++) {
                lp_err_t err = done_of(tag)->err;
                assert_true(err == LP_OK || (tag == 3 && err == LP_E_CLOSED));
            }
            assert_true(count_done(4) <= 1);
            assert_int_equal(lp_mqtt_stats(&w.m).queued, 0);
            world_end();
        }
    }
}

static void stream_that_closes_at_any_step_loses_no_completion(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 12; round++) {
        world_init(LP_MQTT_V4, NULL);
        attach();
        (void)publish("a", "1", 1, 2);
        (void)publish("a", "2", 2, 3);
        for (unsigned i = 0; i < round; i++) {
            settle();
            (void)serve_one(false);
        }
        server_closes(LP_E_NET_RESET);
        assert_int_equal(lp_mqtt_state(&w.m), LP_MQTT_IDLE);
        attach();
        serve(true);
        assert_int_equal(done_of(2)->err, LP_OK);
        assert_int_equal(done_of(3)->err, LP_OK);
        world_end();
    }
}

// --- Any number of bytes at a time --------------------------------------------------------------

static void transcript_is_the_same_for_every_chunk_size(void **state)
{
    (void)state;
    for (size_t write = 1; write <= 24; write++) {
        for (size_t read = 1; read <= 12; read++) {
            world_init(read % 2 == 0 ? LP_MQTT_V4 : LP_MQTT_V5, NULL);
            attach();
            w.peer.max_write = write;
            w.peer.max_read = read;
            serve(false);
            act();
            assert_int_equal(lp_mqtt_state(&w.m), LP_MQTT_CONNECTED);
            for (int tag = 1; tag <= 4; tag++) {
                assert_int_equal(done_of(tag)->err, LP_OK);
            }
            assert_int_equal(w.message_count, 3);
            world_end();
        }
    }
}

// A client that may not write must stop reading before its acknowledgements overflow.
static void acknowledgements_wait_for_the_stream(void **state)
{
    (void)state;
    world_init(LP_MQTT_V4, NULL);
    login(false);
    w.peer.is_window_shut = true;
    for (unsigned i = 1; i <= 100; i++) {
        uint8_t msg[] = {0x32, 5, 0, 1, 't', 0, (uint8_t)i};
        server_sends(msg, sizeof msg);
    }
    assert_true(w.peer.to_client_len > 0); // not all was taken
    w.peer.is_window_shut = false;
    for (unsigned i = 0; i < 20; i++) {
        SERVER_SENDS("\xd0\x00");
    }
    assert_int_equal(w.message_count, 100);
    assert_int_equal(w.peer.to_client_len, 0);
    assert_int_equal(w.peer.to_server_len, 400);
    for (unsigned i = 1; i <= 100; i++) {
        uint8_t ack[] = {0x40, 2, 0, (uint8_t)i};
        assert_memory_equal(w.peer.to_server + 4 * (i - 1), ack, 4);
    }
    world_end();
}

// --- A server that sends anything ---------------------------------------------------------------

typedef enum { AT_CONNACK, AT_CONNECTED, AT_IN_FLIGHT } moment_t;

static void bring_to(lp_mqtt_version_t version, moment_t moment)
{
    world_init(version, NULL);
    if (moment == AT_CONNACK) {
        attach();
        forget_sent();
        return;
    }
    login(false);
    if (moment == AT_IN_FLIGHT) {
        (void)publish("a", "x", 1, 1); // identifier 1
        (void)publish("a", "x", 2, 2); // identifier 2
        (void)subscribe("s", 1, 3);    // identifier 3
        settle();
    }
    forget_sent();
}

// One packet of each type from the server: its bytes, and where it is allowed.
typedef struct {
    const char *bytes;
    size_t len;
    bool at[3]; // by moment_t
} server_packet_t;

#define P(bytes, a, b, c)                                                                          \
    {                                                                                              \
        bytes, sizeof(bytes) - 1,                                                                  \
        {                                                                                          \
            a, b, c                                                                                \
        }                                                                                          \
    }

static const server_packet_t v4_packets[] = {
    P("\x10\x0f\x00\x04MQTT\x04\x00\x00\x3c\x00\x03"
      "dev",
      0, 0, 0),                                  // CONNECT
    P("\x20\x02\x00\x00", 1, 0, 0),              // CONNACK
    P("\x30\x04\x00\x01tm", 0, 1, 1),            // PUBLISH
    P("\x32\x06\x00\x01t\x00\x01m", 0, 1, 1),    // QoS 1
    P("\x34\x06\x00\x01t\x00\x01m", 0, 1, 1),    // QoS 2
    P("\x40\x02\x00\x01", 0, 1, 1),              // PUBACK
    P("\x50\x02\x00\x02", 0, 1, 1),              // PUBREC
    P("\x62\x02\x00\x02", 0, 1, 1),              // PUBREL
    P("\x70\x02\x00\x02", 0, 1, 0),              // PUBCOMP: before PUBREL only when unknown
    P("\x82\x06\x00\x01\x00\x01s\x00", 0, 0, 0), // SUBSCRIBE
    P("\x90\x03\x00\x03\x01", 0, 1, 1),          // SUBACK
    P("\x90\x04\x00\x03\x01\x01", 0, 1, 0),      // SUBACK, one code too many
    P("\xa2\x05\x00\x01\x00\x01s", 0, 0, 0),     // UNSUBSCRIBE
    P("\xb0\x02\x00\x03", 0, 1, 1),              // UNSUBACK
    P("\xc0\x00", 0, 0, 0),                      // PINGREQ
    P("\xd0\x00", 0, 1, 1),                      // PINGRESP
    P("\xe0\x00", 0, 0, 0),                      // DISCONNECT
    P("\xf0\x00", 0, 0, 0),                      // reserved
    P("\x00\x00", 0, 0, 0),                      // reserved
    P("\x40\x02\x00\x02", 0, 1, 0),              // PUBACK for QoS 2
    P("\x50\x02\x00\x01", 0, 1, 0),              // PUBREC for QoS 1
    P("\x70\x02\x00\x01", 0, 1, 0),              // PUBCOMP for QoS 1
    P("\x40\x02\x00\x00", 0, 0, 0),              // identifier 0
    P("\x40\x03\x00\x01\x00", 0, 0, 0),          // too long
    P("\x40\x01\x00", 0, 0, 0),                  // too short
    P("\x41\x02\x00\x01", 0, 0, 0),              // flags
    P("\x60\x02\x00\x01", 0, 0, 0),              // flags
    P("\x36\x06\x00\x01t\x00\x01m", 0, 0, 0),    // QoS 3
    P("\x38\x04\x00\x01tm", 0, 0, 0),            // DUP with QoS 0
    P("\x30\x04\x00\x01#m", 0, 0, 0),            // wildcard
    P("\x30\x02\x00\x00", 0, 0, 0),              // empty topic
    P("\x30\x04\x00\x05tm", 0, 0, 0),            // topic longer than the packet
    P("\x30\x04\x00\x01\x00m", 0, 0, 0),         // U+0000
    P("\x30\x04\x00\x01\xffm", 0, 0, 0),         // not UTF-8
    P("\x32\x06\x00\x01t\x00\x00m", 0, 0, 0),    // identifier 0
    P("\x20\x02\x02\x00", 0, 0, 0),              // reserved flag
    P("\x20\x02\x01\x01", 0, 0, 0),              // session present with a refusal
    P("\x20\x03\x00\x00\x00", 0, 0, 0),          // too long
    P("\xd0\x01\x00", 0, 0, 0),                  // PINGRESP with a body
    P("\xd0\x80\x00", 0, 0, 0),                  // length not in its shortest form
    P("\xd0\xff\xff\xff\xff\x7f", 0, 0, 0),      // length of five bytes
    P("\x90\x03\x00\x03\x03", 0, 0, 0),          // code 3
    P("\x90\x02\x00\x03", 0, 0, 0),              // no code
    P("\xb0\x03\x00\x03\x00", 0, 0, 0),          // codes in version 4
};

static const server_packet_t v5_packets[] = {
    P("\x20\x03\x00\x00\x00", 1, 0, 0),                         // CONNACK
    P("\x20\x06\x00\x00\x03\x21\x00\x01", 1, 0, 0),             // receive maximum
    P("\x20\x06\x00\x00\x03\x21\x00\x00", 0, 0, 0),             // receive maximum 0
    P("\x20\x09\x00\x00\x06\x21\x00\x01\x21\x00\x01", 0, 0, 0), // twice
    P("\x20\x05\x00\x00\x02\x24\x02", 0, 0, 0),                 // maximum QoS 2
    P("\x20\x05\x00\x00\x02\x01\x01", 0, 0, 0),                 // property of PUBLISH
    P("\x20\x05\x00\x00\x02\x7f\x01", 0, 0, 0),                 // unknown property
    P("\x20\x05\x00\x00\x03\x24\x01", 0, 0, 0),                 // property length too long
    P("\x20\x05\x00\x00\x01\x24\x01", 0, 0, 0),                 // property length too short
    P("\x20\x03\x00\x01\x00", 0, 0, 0),                         // reason of version 4
    P("\x30\x05\x00\x01t\x00m", 0, 1, 1),                       // PUBLISH
    P("\x30\x08\x00\x01t\x03\x23\x00\x01m", 0, 0, 0),           // alias: none was allowed
    P("\x30\x06\x00\x00\x03\x23\x00\x01", 0, 0, 0),             // alias alone
    P("\x30\x03\x00\x00\x00", 0, 0, 0),                         // no topic, no alias
    P("\x40\x02\x00\x01", 0, 1, 1),                             // PUBACK, short
    P("\x40\x03\x00\x01\x10", 0, 1, 1),                         // with reason
    P("\x40\x04\x00\x01\x10\x00", 0, 1, 1),                     // with properties
    P("\x40\x03\x00\x01\x01", 0, 0, 0),                         // reason that is none
    P("\x40\x08\x00\x01\x00\x04\x1f\x00\x01r", 0, 1, 1),        // reason string
    P("\x40\x08\x00\x01\x00\x04\x12\x00\x01r", 0, 0, 0),        // property of CONNACK
    P("\x70\x03\x00\x02\x92", 0, 1, 0),                         // PUBCOMP, not found
    P("\x90\x04\x00\x03\x00\x01", 0, 1, 1),                     // SUBACK
    P("\x90\x03\x00\x03\x00", 0, 0, 0),                         // without codes
    P("\xb0\x04\x00\x03\x00\x00", 0, 1, 1),                     // UNSUBACK
    P("\xb0\x03\x00\x03\x00", 0, 0, 0),                         // without codes
    P("\xf0\x00", 0, 0, 0),                                     // AUTH: not asked for
    P("\xf0\x02\x18\x00", 0, 0, 0),                             // AUTH, continue
    P("\xe0\x02\x00\x05", 0, 0, 0),                             // DISCONNECT, damaged
    P("\xe0\x07\x00\x05\x11\x00\x00\x00\x01", 0, 0, 0),         // session expiry from a server
    P("\xe0\x01\x04", 0, 0, 0),                                 // with-will, which is the client's
};

static void each_packet_at_each_moment(lp_mqtt_version_t version, const server_packet_t *packets,
                                       size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (int moment = AT_CONNACK; moment <= AT_IN_FLIGHT; moment++) {
            bring_to(version, (moment_t)moment);
            server_sends(packets[i].bytes, packets[i].len);
            bool is_alive = lp_mqtt_state(&w.m) != LP_MQTT_IDLE;
            if (is_alive != packets[i].at[moment]) {
                fail_msg("version %d, packet %zu, moment %d", (int)version, i, moment);
            }
            if (!is_alive) {
                assert_int_equal(last_event()->why, LP_E_MQTT_PROTOCOL);
                // A version 5 server is told why, once, and nothing else.
                assert_true(w.peer.to_server_len == (version == LP_MQTT_V5 ? 3 : 0));
            }
            world_end();
        }
    }
}

static void every_packet_at_every_moment(void **state)
{
    (void)state;
    each_packet_at_each_moment(LP_MQTT_V4, v4_packets, COUNT(v4_packets));
    each_packet_at_each_moment(LP_MQTT_V5, v5_packets, COUNT(v5_packets));
}

// A packet cut anywhere and then the end of the stream: closed, and nothing was acknowledged.
static void every_packet_cut_anywhere(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(v4_packets) + COUNT(v5_packets); i++) {
        bool is_v4 = i < COUNT(v4_packets);
        const server_packet_t *p = is_v4 ? &v4_packets[i] : &v5_packets[i - COUNT(v4_packets)];
        moment_t moment = p->at[AT_CONNACK] ? AT_CONNACK : AT_IN_FLIGHT;
        if (!p->at[moment]) {
            continue;
        }
        for (size_t cut = 0; cut < p->len; cut++) {
            bring_to(is_v4 ? LP_MQTT_V4 : LP_MQTT_V5, moment);
            server_sends(p->bytes, cut);
            assert_int_not_equal(lp_mqtt_state(&w.m), LP_MQTT_IDLE);
            assert_int_equal(w.done_count, 0);
            assert_int_equal(w.message_count, 0);
            assert_int_equal(w.peer.to_server_len, 0);
            server_closes(LP_E_NET_RESET);
            assert_int_equal(last_event()->why, LP_E_NET_RESET);
            world_end();
        }
    }
}

static void packets_that_do_not_fit_end_the_connection(void **state)
{
    (void)state;
    bring_to(LP_MQTT_V5, AT_CONNECTED);
    // SUBACK of 300 bytes; rx has 256
    uint8_t suback[303] = {0x90, 0xac, 0x02, 0, 3, 0};
    server_sends(suback, 20);
    assert_int_equal(last_event()->why, LP_E_MQTT_PROTOCOL);
    EXPECT_SENT("\xe0\x01\x95");
    world_end();
}

// Random changes of a plausible conversation: the session stays in one of its states, completes
// each call at most once, and can be taken down. The sanitizers watch.
static void damaged_conversations(void **state)
{
    (void)state;
    uint32_t seed = 1;
    for (unsigned round = 0; round < 20000; round++) {
        uint8_t stream[400];
        size_t len = 0;
        bool is_v4 = round % 2 == 0;
        const server_packet_t *packets = is_v4 ? v4_packets : v5_packets;
        size_t count = is_v4 ? COUNT(v4_packets) : COUNT(v5_packets);
        while (len < 200) {
            seed = seed * 1664525u + 1013904223u;
            const server_packet_t *p = &packets[(seed >> 16) % count];
            bool is_allowed = p->at[AT_CONNECTED] || p->at[AT_IN_FLIGHT];
            if (is_allowed || (seed >> 8) % 16 == 0) {
                memcpy(stream + len, p->bytes, p->len);
                len += p->len;
            }
        }
        seed = seed * 1664525u + 1013904223u;
        stream[(seed >> 8) % len] ^= (uint8_t)(1u << (seed >> 29));
        bring_to(is_v4 ? LP_MQTT_V4 : LP_MQTT_V5, round % 3 == 0 ? AT_CONNECTED : AT_IN_FLIGHT);
        w.peer.max_read = (seed >> 20) % 9;
        server_sends(stream, len);
        for (int tag = 1; tag <= 3; tag++) {
            assert_true(count_done(tag) <= 1);
        }
        world_end();
        for (int tag = 1; tag <= 3 && round % 3 != 0; tag++) {
            assert_int_equal(count_done(tag), 1);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stream_that_fails_at_any_step_loses_no_completion),
        cmocka_unit_test(stream_that_closes_at_any_step_loses_no_completion),
        cmocka_unit_test(transcript_is_the_same_for_every_chunk_size),
        cmocka_unit_test(acknowledgements_wait_for_the_stream),
        cmocka_unit_test(every_packet_at_every_moment),
        cmocka_unit_test(every_packet_cut_anywhere),
        cmocka_unit_test(packets_that_do_not_fit_end_the_connection),
        cmocka_unit_test(damaged_conversations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
