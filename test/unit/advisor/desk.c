// SPDX-License-Identifier: Apache-2.0
#include "desk.h"

#include <stdio.h>
#include <string.h>

desk_t desk;

// --- what the run sends -------------------------------------------------------------------------

static void take_publish(const lp_mqtt_head_t *head, lp_span_t body)
{
    lp_mqtt_publish_t p;
    assert_int_equal(lp_mqtt_decode_publish(desk.version, head, body, &p), LP_OK);
    desk.publishes++;
    desk.packet_id = p.packet_id;
    desk.payload_len = p.payload.len;
    snprintf(desk.topic, sizeof desk.topic, "%.*s", (int)p.topic.len, (const char *)p.topic.ptr);
    snprintf(desk.payload, sizeof desk.payload, "%.*s", (int)p.payload.len,
             (const char *)p.payload.ptr);
}

static void take_packet(const lp_mqtt_head_t *head, lp_span_t body)
{
    lp_mqtt_connack_t connack;
    lp_mqtt_suback_t suback;
    lp_mqtt_ack_t ack;
    switch (head->type) {
    case LP_MQTT_CONNACK:
        assert_int_equal(lp_mqtt_decode_connack(desk.version, body, &connack), LP_OK);
        desk.session_present = connack.session_present;
        desk.connacks++;
        break;
    case LP_MQTT_SUBACK:
    case LP_MQTT_UNSUBACK:
        assert_int_equal(
            lp_mqtt_decode_suback(desk.version, (lp_mqtt_type_t)head->type, body, &suback), LP_OK);
        desk.subacks++;
        break;
    case LP_MQTT_PUBACK:
        assert_int_equal(lp_mqtt_decode_ack(desk.version, LP_MQTT_PUBACK, body, &ack), LP_OK);
        desk.pubacks++;
        break;
    case LP_MQTT_PINGRESP:
        desk.pingresps++;
        break;
    case LP_MQTT_PUBLISH:
        take_publish(head, body);
        break;
    default:
        fail_msg("the advisor sent packet type %u", head->type);
    }
}

static void io_send(void *ctx, unsigned conn, lp_span_t bytes)
{
    (void)ctx;
    (void)conn;
    while (bytes.len > 0) {
        lp_mqtt_head_t head;
        size_t at = 0;
        lp_err_t err = LP_E_AGAIN;
        lp_mqtt_head_init(&head);
        while (err == LP_E_AGAIN && at < bytes.len) {
            err = lp_mqtt_head_feed(&head, bytes.ptr[at++]);
        }
        assert_int_equal(err, LP_OK);
        assert_true(at + head.remaining <= bytes.len);
        take_packet(&head, lp_span(bytes.ptr + at, head.remaining));
        at += head.remaining;
        bytes = lp_span(bytes.ptr + at, bytes.len - at);
    }
}

static void io_close(void *ctx, unsigned conn)
{
    (void)ctx;
    desk.closes++;
    desk.last_closed = conn;
}

static void io_log(void *ctx, const char *line)
{
    (void)ctx;
    assert_non_null(line);
}

// --- the run ------------------------------------------------------------------------------------

void desk_start(const char *id, const lp_advisor_params_t *params)
{
    static const lp_advisor_params_t none;
    const lp_advisor_io_t io = {.send = io_send, .close = io_close, .log = io_log};
    const lp_advisor_case_t *which = lp_advisor_case_find(id);
    assert_non_null(which);
    desk = (desk_t){.now_ms = 1000000, .version = LP_MQTT_V4};
    desk.run = lp_advisor_new(which, params != NULL ? params : &none, &io, desk.now_ms);
    assert_non_null(desk.run);
}

void desk_stop(void)
{
    lp_advisor_free(desk.run);
    desk.run = NULL;
}

void desk_wait(uint64_t ms)
{
    const uint64_t end = desk.now_ms + ms;
    while (desk.now_ms < end) {
        const uint64_t due = lp_advisor_due_ms(desk.run);
        desk.now_ms = due > desk.now_ms && due < end ? due : end;
        lp_advisor_time(desk.run, desk.now_ms);
    }
}

// --- the device ---------------------------------------------------------------------------------

static void event(const lp_advisor_event_t *ev)
{
    lp_advisor_event(desk.run, ev, desk.now_ms);
}

void desk_open(unsigned conn)
{
    event(&(lp_advisor_event_t){.id = LP_ADVISOR_EV_OPEN, .conn = conn});
}

void desk_hello(unsigned conn, const void *suites, size_t len)
{
    event(&(lp_advisor_event_t){.id = LP_ADVISOR_EV_HELLO,
                                .conn = conn,
                                .suites = lp_span(suites, len),
                                .server_name = "localhost"});
}

void desk_secure(unsigned conn)
{
    event(&(lp_advisor_event_t){.id = LP_ADVISOR_EV_SECURE, .conn = conn});
}

void desk_gone(unsigned conn, int alert)
{
    event(&(lp_advisor_event_t){.id = LP_ADVISOR_EV_CLOSED,
                                .conn = conn,
                                .close = {.has_alert = alert >= 0,
                                          .alert = (uint8_t)(alert >= 0 ? alert : 0),
                                          .error = ""}});
}

void desk_bytes(unsigned conn, const void *bytes, size_t len)
{
    lp_advisor_bytes(desk.run, conn, lp_span(bytes, len), desk.now_ms);
}

void desk_connect(unsigned conn, bool clean, uint16_t keep_alive_s)
{
    uint8_t room[128];
    lp_buf_t out = lp_buf(room, sizeof room);
    const lp_mqtt_connect_t c = {
        .client_id = lp_span_str("dev1"), .clean_start = clean, .keep_alive_s = keep_alive_s};
    assert_int_equal(lp_mqtt_encode_connect(&out, desk.version, &c), LP_OK);
    desk_bytes(conn, room, out.len);
}

void desk_login(unsigned conn)
{
    static const uint8_t suites[] = {0x13, 0x01};
    desk_open(conn);
    desk_hello(conn, suites, sizeof suites);
    desk_secure(conn);
    desk_connect(conn, true, 60);
}

void desk_subscribe(unsigned conn, uint16_t id, const char *filter, uint8_t qos)
{
    uint8_t room[400];
    lp_buf_t out = lp_buf(room, sizeof room);
    const lp_mqtt_filter_t f = {.filter = lp_span_str(filter), .qos = qos};
    assert_int_equal(lp_mqtt_encode_subscribe(&out, desk.version, id, &f, 1, lp_span(NULL, 0)),
                     LP_OK);
    desk_bytes(conn, room, out.len);
}

void desk_publish(unsigned conn, const char *topic, const char *payload, uint8_t qos, uint16_t id,
                  bool is_dup)
{
    uint8_t room[2000];
    lp_buf_t out = lp_buf(room, sizeof room);
    const lp_mqtt_publish_t p = {.topic = lp_span_str(topic),
                                 .payload = lp_span_str(payload),
                                 .qos = qos,
                                 .packet_id = id,
                                 .is_dup = is_dup};
    assert_int_equal(lp_mqtt_encode_publish(&out, desk.version, &p), LP_OK);
    desk_bytes(conn, room, out.len);
}

void desk_puback(unsigned conn, uint16_t id)
{
    uint8_t room[16];
    lp_buf_t out = lp_buf(room, sizeof room);
    assert_int_equal(lp_mqtt_encode_ack(&out, desk.version, LP_MQTT_PUBACK, id, 0), LP_OK);
    desk_bytes(conn, room, out.len);
}

void desk_ping(unsigned conn)
{
    desk_bytes(conn, "\xc0\x00", 2);
}

// --- verdicts -----------------------------------------------------------------------------------

void desk_expect(lp_advisor_verdict_t verdict, const char *words)
{
    const char *reason = lp_advisor_reason(desk.run);
    if (lp_advisor_verdict(desk.run) != verdict || strstr(reason, words) == NULL) {
        fail_msg("%s: \"%s\", expected %s with \"%s\"",
                 lp_advisor_verdict_name(lp_advisor_verdict(desk.run)), reason,
                 lp_advisor_verdict_name(verdict), words);
    }
    desk_stop();
}

void desk_expect_running(void)
{
    assert_int_equal(lp_advisor_verdict(desk.run), LP_ADVISOR_RUNNING);
}
