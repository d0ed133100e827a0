// SPDX-License-Identifier: Apache-2.0
// First byte: version and how much of a PUBLISH is there. Then one packet. What decodes lies within
// the input, and what a client could have sent encodes to the same bytes again.
#include "fuzz.h"
#include "limpet/mqtt_packet.h"

static uint8_t mem[1 << 16];

static void within(lp_span_t part, lp_span_t whole)
{
    MUST(part.len == 0 || (part.ptr >= whole.ptr && part.ptr + part.len <= whole.ptr + whole.len));
}

static void walk_props(lp_span_t props)
{
    lp_mqtt_prop_t p;
    lp_buf_t copy = lp_buf(mem, sizeof mem);
    lp_span_t rest = props;
    while (lp_mqtt_props_next(&rest, &p) == LP_OK) {
        MUST(lp_mqtt_props_put(&copy, &p) == LP_OK);
    }
    MUST(rest.len == 0 && lp_span_equal(lp_buf_span(&copy), props));
}

static void try_publish(lp_mqtt_version_t v, const lp_mqtt_head_t *h, lp_span_t body)
{
    lp_mqtt_publish_t p;
    if (lp_mqtt_decode_publish(v, h, body, &p) != LP_OK) {
        return;
    }
    within(p.topic, body);
    within(p.props, body);
    within(p.payload, body);
    MUST(p.payload.len <= p.payload_len);
    walk_props(p.props);
    if (p.topic.len == 0 || p.payload.len < p.payload_len) {
        return;
    }
    lp_buf_t b = lp_buf(mem, sizeof mem);
    MUST(lp_mqtt_encode_publish(&b, v, &p) == LP_OK);
    MUST(b.len == lp_mqtt_publish_len(v, &p) && b.len >= body.len);
    MUST(mem[0] == (LP_MQTT_PUBLISH << 4 | h->flags));
    // A length of properties may be written in one way only, so the body is the same.
    MUST(lp_span_equal(lp_span(mem + b.len - body.len, body.len), body));
    MUST(lp_mqtt_filter_matches(p.topic, p.topic));
}

static void try_answers(lp_mqtt_version_t v, const lp_mqtt_head_t *h, lp_span_t body)
{
    lp_mqtt_type_t type = (lp_mqtt_type_t)h->type;
    lp_mqtt_connack_t c;
    lp_mqtt_ack_t a;
    lp_mqtt_suback_t s;
    lp_mqtt_disconnect_t d;
    if (type == LP_MQTT_CONNACK && lp_mqtt_decode_connack(v, body, &c) == LP_OK) {
        MUST(c.receive_max > 0 && c.max_packet > 0);
        walk_props(c.props);
    }
    if (type >= LP_MQTT_PUBACK && type <= LP_MQTT_PUBCOMP &&
        lp_mqtt_decode_ack(v, type, body, &a) == LP_OK) {
        MUST(a.packet_id != 0);
        walk_props(a.props);
    }
    if ((type == LP_MQTT_SUBACK || type == LP_MQTT_UNSUBACK) &&
        lp_mqtt_decode_suback(v, type, body, &s) == LP_OK) {
        within(s.codes, body);
        walk_props(s.props);
    }
    if (type == LP_MQTT_DISCONNECT && lp_mqtt_decode_disconnect(v, body, &d) == LP_OK) {
        walk_props(d.props);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3 || size > sizeof mem / 2) {
        return 0;
    }
    lp_mqtt_version_t v = (data[0] & 1) != 0 ? LP_MQTT_V5 : LP_MQTT_V4;
    bool is_whole = (data[0] & 2) == 0;
    lp_mqtt_head_t h;
    lp_mqtt_head_init(&h);
    size_t at = 1;
    lp_err_t err = LP_E_AGAIN;
    while (err == LP_E_AGAIN && at < size) {
        err = lp_mqtt_head_feed(&h, data[at++]);
    }
    if (err != LP_OK) {
        return 0;
    }
    lp_span_t body = lp_span(data + at, size - at);
    if (is_whole || h.remaining < body.len) {
        h.remaining = (uint32_t)body.len;
    }
    if (h.type == LP_MQTT_PUBLISH) {
        try_publish(v, &h, body);
    } else {
        try_answers(v, &h, body);
    }
    lp_span_t half = lp_span(body.ptr, body.len / 2);
    (void)lp_mqtt_filter_matches(half, lp_span(body.ptr + half.len, body.len - half.len));
    MUST(!lp_mqtt_topic_is_valid(half) || lp_mqtt_filter_is_valid(half) || half.len >= 7);
    return 0;
}
