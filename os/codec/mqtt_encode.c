// SPDX-License-Identifier: Apache-2.0
// What a client sends. Every function computes the length first, so that it writes all or nothing.
#include <string.h>

#include "mqtt_wire.h"

enum { CONNECT_CLEAN = 0x02, CONNECT_WILL = 0x04, CONNECT_WILL_RETAIN = 0x20 };
enum { CONNECT_PASSWORD = 0x40, CONNECT_USERNAME = 0x80 };

// Fixed header for a body of `remaining` bytes, if all of it fits.
static lp_err_t begin(lp_buf_t *out, lp_mqtt_type_t type, uint8_t flags, size_t remaining)
{
    if (remaining > LP_MQTT_REMAINING_MAX) {
        return LP_E_RANGE;
    }
    if (1 + mqtt_varint_len(remaining) + remaining > out->cap - out->len) {
        return LP_E_NOSPACE;
    }
    (void)lp_buf_put_byte(out, (uint8_t)((unsigned)type << 4 | flags));
    mqtt_put_varint(out, (uint32_t)remaining);
    return LP_OK;
}

// Length of a block of properties with its own length; 0 in version 4, which has none.
static size_t props_len(lp_mqtt_version_t v, lp_span_t props)
{
    return v == LP_MQTT_V5 ? mqtt_varint_len(props.len) + props.len : 0;
}

static void put_props(lp_buf_t *out, lp_mqtt_version_t v, lp_span_t props)
{
    if (v == LP_MQTT_V5) {
        mqtt_put_varint(out, (uint32_t)props.len);
        mqtt_put_bytes(out, props);
    }
}

static bool are_props_valid(lp_mqtt_version_t v, lp_span_t props, lp_mqtt_place_t place)
{
    if (v != LP_MQTT_V5) {
        return props.len == 0;
    }
    return props.len <= LP_MQTT_REMAINING_MAX && lp_mqtt_props_check(props, place) == LP_OK;
}

static bool is_qos(uint8_t qos)
{
    return qos <= 2;
}

// --- CONNECT (v4 3.1, v5 3.1) -------------------------------------------------------------------
//
//   "MQTT" | level | flags | keep alive | properties (v5) |
//   client id | [will properties (v5) | will topic | will payload] | [user name] | [password]

static bool is_will_valid(lp_mqtt_version_t v, const lp_mqtt_will_t *w)
{
    return lp_mqtt_topic_is_valid(w->topic) && is_qos(w->qos) &&
           w->payload.len <= LP_MQTT_STRING_MAX && are_props_valid(v, w->props, LP_MQTT_IN_WILL);
}

static bool are_credentials_valid(lp_mqtt_version_t v, const lp_mqtt_connect_t *c)
{
    if (c->password != NULL && v == LP_MQTT_V4 && c->username == NULL) {
        return false; // v4 3.1.2.9
    }
    return (c->username == NULL || lp_mqtt_string_is_valid(*c->username)) &&
           (c->password == NULL || c->password->len <= LP_MQTT_STRING_MAX);
}

static bool is_client_id_valid(lp_mqtt_version_t v, const lp_mqtt_connect_t *c)
{
    if (c->client_id.len == 0) {
        return v == LP_MQTT_V5 || c->clean_start; // v4 3.1.3.1
    }
    return lp_mqtt_string_is_valid(c->client_id);
}

static bool is_connect_valid(lp_mqtt_version_t v, const lp_mqtt_connect_t *c)
{
    return is_client_id_valid(v, c) && are_credentials_valid(v, c) &&
           (c->will == NULL || is_will_valid(v, c->will)) &&
           are_props_valid(v, c->props, LP_MQTT_IN_CONNECT);
}

static size_t connect_len(lp_mqtt_version_t v, const lp_mqtt_connect_t *c)
{
    size_t len = 10 + props_len(v, c->props) + 2 + c->client_id.len;
    if (c->will != NULL) {
        len += props_len(v, c->will->props) + 4 + c->will->topic.len + c->will->payload.len;
    }
    len += c->username != NULL ? 2 + c->username->len : 0;
    len += c->password != NULL ? 2 + c->password->len : 0;
    return len;
}

static uint8_t connect_flags(const lp_mqtt_connect_t *c)
{
    unsigned flags = c->clean_start ? CONNECT_CLEAN : 0;
    if (c->will != NULL) {
        flags |= CONNECT_WILL | (unsigned)c->will->qos << 3;
        flags |= c->will->is_retained ? CONNECT_WILL_RETAIN : 0;
    }
    flags |= c->username != NULL ? CONNECT_USERNAME : 0;
    flags |= c->password != NULL ? CONNECT_PASSWORD : 0;
    return (uint8_t)flags;
}

lp_err_t lp_mqtt_encode_connect(lp_buf_t *out, lp_mqtt_version_t v, const lp_mqtt_connect_t *c)
{
    if (!is_connect_valid(v, c)) {
        return LP_E_INVALID;
    }
    lp_err_t err = begin(out, LP_MQTT_CONNECT, 0, connect_len(v, c));
    if (err != LP_OK) {
        return err;
    }
    mqtt_put_binary(out, lp_span("MQTT", 4));
    (void)lp_buf_put_byte(out, (uint8_t)v);
    (void)lp_buf_put_byte(out, connect_flags(c));
    mqtt_put_u16(out, c->keep_alive_s);
    put_props(out, v, c->props);
    mqtt_put_binary(out, c->client_id);
    if (c->will != NULL) {
        put_props(out, v, c->will->props);
        mqtt_put_binary(out, c->will->topic);
        mqtt_put_binary(out, c->will->payload);
    }
    if (c->username != NULL) {
        mqtt_put_binary(out, *c->username);
    }
    if (c->password != NULL) {
        mqtt_put_binary(out, *c->password);
    }
    return LP_OK;
}

// --- PUBLISH (3.3) ------------------------------------------------------------------------------

static bool is_publish_valid(lp_mqtt_version_t v, const lp_mqtt_publish_t *p)
{
    bool has_id = p->packet_id != 0;
    bool is_dup_allowed = p->qos > 0 || !p->is_dup;
    return lp_mqtt_topic_is_valid(p->topic) && is_qos(p->qos) && has_id == (p->qos > 0) &&
           is_dup_allowed && are_props_valid(v, p->props, LP_MQTT_IN_PUBLISH);
}

static size_t publish_body_len(lp_mqtt_version_t v, const lp_mqtt_publish_t *p)
{
    return 2 + p->topic.len + (p->qos > 0 ? 2 : 0) + props_len(v, p->props) + p->payload.len;
}

size_t lp_mqtt_publish_len(lp_mqtt_version_t v, const lp_mqtt_publish_t *p)
{
    size_t body = publish_body_len(v, p);
    return 1 + mqtt_varint_len(body) + body;
}

lp_err_t lp_mqtt_encode_publish(lp_buf_t *out, lp_mqtt_version_t v, const lp_mqtt_publish_t *p)
{
    if (!is_publish_valid(v, p)) {
        return LP_E_INVALID;
    }
    if (p->payload.len > LP_MQTT_REMAINING_MAX) {
        return LP_E_RANGE;
    }
    unsigned flags = (p->is_dup ? 8u : 0u) | (unsigned)p->qos << 1 | (p->is_retained ? 1u : 0u);
    lp_err_t err = begin(out, LP_MQTT_PUBLISH, (uint8_t)flags, publish_body_len(v, p));
    if (err != LP_OK) {
        return err;
    }
    mqtt_put_binary(out, p->topic);
    if (p->qos > 0) {
        mqtt_put_u16(out, p->packet_id);
    }
    put_props(out, v, p->props);
    mqtt_put_bytes(out, p->payload);
    return LP_OK;
}

// --- PUBACK, PUBREC, PUBREL, PUBCOMP (3.4 to 3.7) -----------------------------------------------

lp_err_t lp_mqtt_encode_ack(lp_buf_t *out, lp_mqtt_version_t v, lp_mqtt_type_t type,
                            uint16_t packet_id, uint8_t reason)
{
    if (packet_id == 0 || type < LP_MQTT_PUBACK || type > LP_MQTT_PUBCOMP) {
        return LP_E_INVALID;
    }
    // The reason may be left out when it is success, and it is shorter.
    bool has_reason = v == LP_MQTT_V5 && reason != LP_MQTT_RC_SUCCESS;
    uint8_t flags = type == LP_MQTT_PUBREL ? 2 : 0;
    lp_err_t err = begin(out, type, flags, has_reason ? 3 : 2);
    if (err != LP_OK) {
        return err;
    }
    mqtt_put_u16(out, packet_id);
    if (has_reason) {
        (void)lp_buf_put_byte(out, reason);
    }
    return LP_OK;
}

// --- SUBSCRIBE, UNSUBSCRIBE (3.8, 3.10) ---------------------------------------------------------

static bool is_subscription_valid(lp_mqtt_version_t v, const lp_mqtt_filter_t *f)
{
    bool has_options = f->no_local || f->retain_as_published || f->retain_handling != 0;
    bool is_shared = f->filter.len >= 7 && memcmp(f->filter.ptr, "$share/", 7) == 0;
    return lp_mqtt_filter_is_valid(f->filter) && is_qos(f->qos) && f->retain_handling <= 2 &&
           (v == LP_MQTT_V5 || !has_options) && !(is_shared && f->no_local);
}

static uint8_t subscription_options(const lp_mqtt_filter_t *f)
{
    unsigned options = f->qos | (f->no_local ? 4u : 0u) | (f->retain_as_published ? 8u : 0u) |
                       (unsigned)f->retain_handling << 4;
    return (uint8_t)options;
}

lp_err_t lp_mqtt_encode_subscribe(lp_buf_t *out, lp_mqtt_version_t v, uint16_t packet_id,
                                  const lp_mqtt_filter_t *filters, size_t count, lp_span_t props)
{
    size_t len = 2 + props_len(v, props);
    bool is_valid = packet_id != 0 && count > 0 && are_props_valid(v, props, LP_MQTT_IN_SUBSCRIBE);
    for (size_t i = 0; i < count && is_valid && len <= LP_MQTT_REMAINING_MAX; i++) {
        is_valid = is_subscription_valid(v, &filters[i]);
        len += 3 + filters[i].filter.len;
    }
    if (!is_valid) {
        return LP_E_INVALID;
    }
    lp_err_t err = begin(out, LP_MQTT_SUBSCRIBE, 2, len);
    if (err != LP_OK) {
        return err;
    }
    mqtt_put_u16(out, packet_id);
    put_props(out, v, props);
    for (size_t i = 0; i < count; i++) {
        mqtt_put_binary(out, filters[i].filter);
        (void)lp_buf_put_byte(out, subscription_options(&filters[i]));
    }
    return LP_OK;
}

lp_err_t lp_mqtt_encode_unsubscribe(lp_buf_t *out, lp_mqtt_version_t v, uint16_t packet_id,
                                    const lp_span_t *filters, size_t count, lp_span_t props)
{
    size_t len = 2 + props_len(v, props);
    bool is_valid =
        packet_id != 0 && count > 0 && are_props_valid(v, props, LP_MQTT_IN_UNSUBSCRIBE);
    for (size_t i = 0; i < count && is_valid && len <= LP_MQTT_REMAINING_MAX; i++) {
        is_valid = lp_mqtt_filter_is_valid(filters[i]);
        len += 2 + filters[i].len;
    }
    if (!is_valid) {
        return LP_E_INVALID;
    }
    lp_err_t err = begin(out, LP_MQTT_UNSUBSCRIBE, 2, len);
    if (err != LP_OK) {
        return err;
    }
    mqtt_put_u16(out, packet_id);
    put_props(out, v, props);
    for (size_t i = 0; i < count; i++) {
        mqtt_put_binary(out, filters[i]);
    }
    return LP_OK;
}

// --- PINGREQ, DISCONNECT (3.12, 3.14) -----------------------------------------------------------

lp_err_t lp_mqtt_encode_pingreq(lp_buf_t *out)
{
    return begin(out, LP_MQTT_PINGREQ, 0, 0);
}

lp_err_t lp_mqtt_encode_disconnect(lp_buf_t *out, lp_mqtt_version_t v, uint8_t reason)
{
    bool has_reason = v == LP_MQTT_V5 && reason != LP_MQTT_RC_SUCCESS;
    lp_err_t err = begin(out, LP_MQTT_DISCONNECT, 0, has_reason ? 1 : 0);
    if (err == LP_OK && has_reason) {
        (void)lp_buf_put_byte(out, reason);
    }
    return err;
}
