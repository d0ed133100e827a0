// SPDX-License-Identifier: Apache-2.0
// What a client receives.
#include <string.h>

#include "mqtt_wire.h"

// For packets that are there in full, too short is malformed.
static lp_err_t whole(lp_err_t err)
{
    return err == LP_E_AGAIN ? LP_E_FORMAT : err;
}

static bool is_one_of(uint8_t code, const uint8_t *codes, size_t count)
{
    return memchr(codes, code, count) != NULL;
}

// --- CONNACK (3.2) ------------------------------------------------------------------------------

// v5 3.2.2.2. In version 4 any code but 0 is a refusal, the reserved ones too: servers use them.
static const uint8_t connack_codes[] = {
    0x00, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89,
    0x8a, 0x8c, 0x90, 0x95, 0x97, 0x99, 0x9a, 0x9b, 0x9c, 0x9d, 0x9f,
};

static void apply_connack_prop(lp_mqtt_connack_t *c, const lp_mqtt_prop_t *p)
{
    switch (p->id) {
    case LP_MQTT_PROP_RECEIVE_MAX:
        c->receive_max = (uint16_t)p->number;
        break;
    case LP_MQTT_PROP_MAX_QOS:
        c->max_qos = (uint8_t)p->number;
        break;
    case LP_MQTT_PROP_RETAIN_AVAILABLE:
        c->retain_available = p->number != 0;
        break;
    case LP_MQTT_PROP_MAX_PACKET:
        c->max_packet = p->number;
        break;
    case LP_MQTT_PROP_ASSIGNED_CLIENT_ID:
        c->assigned_client_id = p->data;
        break;
    case LP_MQTT_PROP_SERVER_KEEP_ALIVE:
        c->has_server_keep_alive = true;
        c->server_keep_alive_s = (uint16_t)p->number;
        break;
    default:
        break;
    }
}

lp_err_t lp_mqtt_decode_connack(lp_mqtt_version_t v, lp_span_t body, lp_mqtt_connack_t *out)
{
    lp_mqtt_connack_t c = {.receive_max = UINT16_MAX,
                           .max_qos = 2,
                           .retain_available = true,
                           .max_packet = UINT32_MAX};
    uint8_t flags = 0;
    lp_err_t err = mqtt_take_u8(&body, &flags);
    err = err == LP_OK ? mqtt_take_u8(&body, &c.code) : err;
    if (err == LP_OK && v == LP_MQTT_V5) {
        err = mqtt_take_props(&body, LP_MQTT_IN_CONNACK, &c.props);
    }
    c.session_present = (flags & 1u) != 0;
    bool is_known = v == LP_MQTT_V4 || is_one_of(c.code, connack_codes, sizeof connack_codes);
    if (err != LP_OK || body.len != 0 || flags > 1 || !is_known ||
        (c.session_present && c.code != 0)) {
        return LP_E_FORMAT;
    }
    lp_span_t props = c.props;
    lp_mqtt_prop_t p;
    while (lp_mqtt_props_next(&props, &p) == LP_OK) {
        apply_connack_prop(&c, &p);
    }
    *out = c;
    return LP_OK;
}

// --- PUBLISH (3.3) ------------------------------------------------------------------------------

static lp_err_t take_publish(lp_mqtt_version_t v, lp_span_t *in, lp_mqtt_publish_t *p)
{
    lp_err_t err = mqtt_take_string(in, &p->topic);
    if (err == LP_OK && p->qos > 0) {
        err = mqtt_take_u16(in, &p->packet_id);
    }
    if (err == LP_OK && v == LP_MQTT_V5) {
        err = mqtt_take_props(in, LP_MQTT_IN_PUBLISH, &p->props);
    }
    return err;
}

// An empty topic stands for an alias, in version 5.
static bool is_topic_given(const lp_mqtt_publish_t *p)
{
    lp_mqtt_prop_t alias;
    if (p->topic.len > 0) {
        return lp_mqtt_topic_is_valid(p->topic);
    }
    return lp_mqtt_props_find(p->props, LP_MQTT_PROP_TOPIC_ALIAS, &alias) == LP_OK;
}

lp_err_t lp_mqtt_decode_publish(lp_mqtt_version_t v, const lp_mqtt_head_t *h, lp_span_t body,
                                lp_mqtt_publish_t *out)
{
    lp_mqtt_publish_t p = {.qos = (h->flags >> 1) & 3u,
                           .is_retained = (h->flags & 1u) != 0,
                           .is_dup = (h->flags & 8u) != 0};
    if (body.len > h->remaining || p.qos > 2) {
        return LP_E_FORMAT;
    }
    lp_span_t rest = body;
    lp_err_t err = take_publish(v, &rest, &p);
    if (err == LP_E_AGAIN && body.len < h->remaining) {
        return LP_E_AGAIN;
    }
    if (err != LP_OK || !is_topic_given(&p) || (p.qos > 0 && p.packet_id == 0)) {
        return LP_E_FORMAT;
    }
    p.payload = rest;
    p.payload_len = h->remaining - (body.len - rest.len);
    *out = p;
    return LP_OK;
}

// --- PUBACK, PUBREC, PUBREL, PUBCOMP (3.4 to 3.7) -----------------------------------------------

static bool is_ack_reason(lp_mqtt_type_t type, uint8_t reason)
{
    static const uint8_t receipt[] = {0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99};
    static const uint8_t release[] = {0x00, 0x92};
    if (type == LP_MQTT_PUBACK || type == LP_MQTT_PUBREC) {
        return is_one_of(reason, receipt, sizeof receipt);
    }
    return is_one_of(reason, release, sizeof release);
}

lp_err_t lp_mqtt_decode_ack(lp_mqtt_version_t v, lp_mqtt_type_t type, lp_span_t body,
                            lp_mqtt_ack_t *out)
{
    lp_mqtt_ack_t a = {0};
    lp_err_t err = mqtt_take_u16(&body, &a.packet_id);
    // v5: reason and properties may be left out, from the end.
    if (err == LP_OK && v == LP_MQTT_V5 && body.len > 0) {
        err = mqtt_take_u8(&body, &a.reason);
    }
    if (err == LP_OK && v == LP_MQTT_V5 && body.len > 0) {
        err = mqtt_take_props(&body, LP_MQTT_IN_PUBACK, &a.props);
    }
    if (whole(err) != LP_OK || body.len != 0 || a.packet_id == 0 ||
        !is_ack_reason(type, a.reason)) {
        return LP_E_FORMAT;
    }
    *out = a;
    return LP_OK;
}

// --- SUBACK, UNSUBACK (3.9, 3.11) ---------------------------------------------------------------

static bool is_suback_code(lp_mqtt_version_t v, lp_mqtt_type_t type, uint8_t code)
{
    static const uint8_t v4_suback[] = {0x00, 0x01, 0x02, 0x80};
    static const uint8_t v5_suback[] = {0x00, 0x01, 0x02, 0x80, 0x83, 0x87,
                                        0x8f, 0x91, 0x97, 0x9e, 0xa1, 0xa2};
    static const uint8_t v5_unsuback[] = {0x00, 0x11, 0x80, 0x83, 0x87, 0x8f, 0x91};
    if (type == LP_MQTT_UNSUBACK) {
        return is_one_of(code, v5_unsuback, sizeof v5_unsuback);
    }
    return v == LP_MQTT_V4 ? is_one_of(code, v4_suback, sizeof v4_suback)
                           : is_one_of(code, v5_suback, sizeof v5_suback);
}

lp_err_t lp_mqtt_decode_suback(lp_mqtt_version_t v, lp_mqtt_type_t type, lp_span_t body,
                               lp_mqtt_suback_t *out)
{
    lp_mqtt_suback_t s = {0};
    lp_err_t err = mqtt_take_u16(&body, &s.packet_id);
    if (err == LP_OK && v == LP_MQTT_V5) {
        err = mqtt_take_props(&body, LP_MQTT_IN_PUBACK, &s.props);
    }
    bool has_codes = v == LP_MQTT_V5 || type == LP_MQTT_SUBACK;
    if (err != LP_OK || s.packet_id == 0 || has_codes != (body.len > 0)) {
        return LP_E_FORMAT;
    }
    for (size_t i = 0; i < body.len; i++) {
        if (!is_suback_code(v, type, body.ptr[i])) {
            return LP_E_FORMAT;
        }
    }
    s.codes = body;
    *out = s;
    return LP_OK;
}

// --- DISCONNECT (v5 3.14) -----------------------------------------------------------------------

// v5 3.14.2.1, those that a server may send.
static const uint8_t disconnect_codes[] = {
    0x00, 0x80, 0x81, 0x82, 0x83, 0x87, 0x89, 0x8b, 0x8d, 0x8e, 0x8f, 0x90, 0x93, 0x94,
    0x95, 0x96, 0x97, 0x98, 0x99, 0x9a, 0x9b, 0x9c, 0x9d, 0x9e, 0x9f, 0xa0, 0xa1, 0xa2,
};

// A server may not change the session's expiry.
static bool has_session_expiry(lp_span_t props)
{
    lp_mqtt_prop_t p;
    return lp_mqtt_props_find(props, LP_MQTT_PROP_SESSION_EXPIRY, &p) == LP_OK;
}

lp_err_t lp_mqtt_decode_disconnect(lp_mqtt_version_t v, lp_span_t body, lp_mqtt_disconnect_t *out)
{
    lp_mqtt_disconnect_t d = {0};
    lp_err_t err = v == LP_MQTT_V5 ? LP_OK : LP_E_FORMAT;
    if (err == LP_OK && body.len > 0) {
        err = mqtt_take_u8(&body, &d.reason);
    }
    if (err == LP_OK && body.len > 0) {
        err = mqtt_take_props(&body, LP_MQTT_IN_DISCONNECT, &d.props);
    }
    if (err != LP_OK || body.len != 0 || has_session_expiry(d.props) ||
        !is_one_of(d.reason, disconnect_codes, sizeof disconnect_codes)) {
        return LP_E_FORMAT;
    }
    *out = d;
    return LP_OK;
}
