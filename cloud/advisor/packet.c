// SPDX-License-Identifier: Apache-2.0
#include "packet.h"

#include <string.h>

enum {
    FLAG_RESERVED = 0x01,
    FLAG_CLEAN = 0x02,
    FLAG_WILL = 0x04,
    FLAG_WILL_QOS = 0x18,
    FLAG_WILL_RETAIN = 0x20,
    FLAG_PASSWORD = 0x40,
    FLAG_USER = 0x80,
};

static lp_err_t refuse(const char **why, const char *words)
{
    *why = words;
    return LP_E_FORMAT;
}

static bool take(lp_span_t *in, size_t n, lp_span_t *out)
{
    if (in->len < n) {
        return false;
    }
    *out = lp_span(in->ptr, n);
    *in = lp_span(in->ptr + n, in->len - n);
    return true;
}

static bool take_u8(lp_span_t *in, uint8_t *out)
{
    lp_span_t b;
    if (!take(in, 1, &b)) {
        return false;
    }
    *out = b.ptr[0];
    return true;
}

static bool take_u16(lp_span_t *in, uint16_t *out)
{
    lp_span_t b;
    if (!take(in, 2, &b)) {
        return false;
    }
    *out = (uint16_t)(b.ptr[0] << 8 | b.ptr[1]);
    return true;
}

static bool take_data(lp_span_t *in, lp_span_t *out)
{
    uint16_t len = 0;
    return take_u16(in, &len) && take(in, len, out);
}

static bool take_string(lp_span_t *in, lp_span_t *out)
{
    return take_data(in, out) && lp_mqtt_string_is_valid(*out);
}

// A block of properties of version 5 with its length, 1 to 4 bytes of 7 bits.
static bool take_props(lp_span_t *in, lp_mqtt_place_t place)
{
    uint32_t len = 0;
    uint8_t byte = 0x80;
    lp_span_t block;
    for (unsigned shift = 0; (byte & 0x80) != 0; shift += 7) {
        if (shift > 21 || !take_u8(in, &byte)) {
            return false;
        }
        len |= (uint32_t)(byte & 0x7f) << shift;
    }
    return take(in, len, &block) && lp_mqtt_props_check(block, place) == LP_OK;
}

// --- CONNECT (3.1) ------------------------------------------------------------------------------

static lp_err_t check_flags(uint8_t flags, lp_mqtt_version_t v, const char **why)
{
    const bool has_will = (flags & FLAG_WILL) != 0;
    if ((flags & FLAG_RESERVED) != 0) {
        return refuse(why, "the reserved connect flag is set");
    }
    if (!has_will && (flags & (FLAG_WILL_QOS | FLAG_WILL_RETAIN)) != 0) {
        return refuse(why, "will flags without a will");
    }
    if ((flags & FLAG_WILL_QOS) == FLAG_WILL_QOS) {
        return refuse(why, "the will has QoS 3");
    }
    if (v == LP_MQTT_V4 && (flags & FLAG_PASSWORD) != 0 && (flags & FLAG_USER) == 0) {
        return refuse(why, "a password without a user name");
    }
    return LP_OK;
}

static bool take_tail(lp_span_t *in, uint8_t flags, lp_mqtt_version_t v)
{
    lp_span_t skipped;
    if ((flags & FLAG_WILL) != 0) {
        if ((v == LP_MQTT_V5 && !take_props(in, LP_MQTT_IN_WILL)) || !take_string(in, &skipped) ||
            !lp_mqtt_topic_is_valid(skipped) || !take_data(in, &skipped)) {
            return false;
        }
    }
    return ((flags & FLAG_USER) == 0 || take_string(in, &skipped)) &&
           ((flags & FLAG_PASSWORD) == 0 || take_data(in, &skipped)) && in->len == 0;
}

static lp_err_t check_client_id(const adv_connect_t *c, const char **why)
{
    if (c->client_id.len == 0) {
        return refuse(why, "the client id is empty");
    }
    if (c->client_id.len > 128) {
        return refuse(why, "the client id has more than 128 bytes");
    }
    return LP_OK;
}

lp_err_t adv_decode_connect(lp_span_t body, adv_connect_t *out, const char **why)
{
    adv_connect_t c = {0};
    lp_span_t name;
    uint8_t level = 0;
    uint8_t flags = 0;
    if (!take_string(&body, &name) || !take_u8(&body, &level) || !lp_span_equal_str(name, "MQTT")) {
        return refuse(why, "the protocol name is not MQTT");
    }
    if (level != LP_MQTT_V4 && level != LP_MQTT_V5) {
        return refuse(why, "the protocol level is neither 4 (3.1.1) nor 5 (5.0)");
    }
    c.version = (lp_mqtt_version_t)level;
    if (!take_u8(&body, &flags) || !take_u16(&body, &c.keep_alive_s)) {
        return refuse(why, "it ends too soon");
    }
    const lp_err_t err = check_flags(flags, c.version, why);
    if (err != LP_OK) {
        return err;
    }
    if (c.version == LP_MQTT_V5 && !take_props(&body, LP_MQTT_IN_CONNECT)) {
        return refuse(why, "its properties are not valid");
    }
    c.clean_start = (flags & FLAG_CLEAN) != 0;
    c.has_will = (flags & FLAG_WILL) != 0;
    if (!take_string(&body, &c.client_id) || !take_tail(&body, flags, c.version)) {
        return refuse(why, "its fields do not fit its length");
    }
    *out = c;
    return check_client_id(&c, why);
}

// --- SUBSCRIBE (3.8), UNSUBSCRIBE (3.10) --------------------------------------------------------

static bool is_qos_ok(lp_mqtt_version_t v, uint8_t options)
{
    const uint8_t reserved = v == LP_MQTT_V5 ? 0xc0 : 0xfc;
    return (options & reserved) == 0 && (options & 3u) != 3 && (options & 0x30u) != 0x30;
}

static lp_err_t take_filter(lp_mqtt_version_t v, bool is_unsubscribe, lp_span_t *body,
                            adv_subscribe_t *s, const char **why)
{
    lp_span_t filter;
    uint8_t options = 0;
    if (!take_string(body, &filter) || (!is_unsubscribe && !take_u8(body, &options))) {
        return refuse(why, "its fields do not fit its length");
    }
    if (!lp_mqtt_filter_is_valid(filter)) {
        return refuse(why, "a topic filter is not valid");
    }
    if (!is_qos_ok(v, options)) {
        return refuse(why, "its options are not valid");
    }
    if (s->count == ADV_FILTERS_MAX) {
        return refuse(why, "it has more than 16 filters (AWS takes 8)");
    }
    s->filter[s->count] = filter;
    s->qos[s->count++] = options & 3u;
    return LP_OK;
}

lp_err_t adv_decode_subscribe(lp_mqtt_version_t v, bool is_unsubscribe, lp_span_t body,
                              adv_subscribe_t *out, const char **why)
{
    adv_subscribe_t s = {0};
    if (!take_u16(&body, &s.packet_id) || s.packet_id == 0) {
        return refuse(why, "it has no packet identifier");
    }
    if (v == LP_MQTT_V5 &&
        !take_props(&body, is_unsubscribe ? LP_MQTT_IN_UNSUBSCRIBE : LP_MQTT_IN_SUBSCRIBE)) {
        return refuse(why, "its properties are not valid");
    }
    do {
        const lp_err_t err = take_filter(v, is_unsubscribe, &body, &s, why);
        if (err != LP_OK) {
            return err;
        }
    } while (body.len > 0);
    *out = s;
    return LP_OK;
}

// --- What is sent -------------------------------------------------------------------------------

void adv_encode_connack(lp_buf_t *out, lp_mqtt_version_t v, bool session_present)
{
    const uint8_t v4[] = {0x20, 2, session_present ? 1 : 0, 0};
    // As AWS says it: receive maximum 100, maximum QoS 1, packets of 149,504 bytes.
    const uint8_t v5[] = {
        0x20, 13,  session_present ? 1 : 0, 0, 10, 0x21, 0, 100, 0x24, 1, 0x27, 0x00, 0x02,
        0x48, 0x00};
    (void)lp_buf_put(out, v == LP_MQTT_V5 ? lp_span(v5, sizeof v5) : lp_span(v4, sizeof v4));
}

void adv_encode_suback(lp_buf_t *out, lp_mqtt_version_t v, bool is_unsubscribe,
                       const adv_subscribe_t *s)
{
    const bool has_codes = !is_unsubscribe || v == LP_MQTT_V5;
    const size_t props = v == LP_MQTT_V5 ? 1 : 0;
    (void)lp_buf_put_byte(out, is_unsubscribe ? 0xb0 : 0x90);
    (void)lp_buf_put_byte(out, (uint8_t)(2 + props + (has_codes ? s->count : 0)));
    (void)lp_buf_put_byte(out, (uint8_t)(s->packet_id >> 8));
    (void)lp_buf_put_byte(out, (uint8_t)s->packet_id);
    if (props > 0) {
        (void)lp_buf_put_byte(out, 0);
    }
    for (size_t i = 0; has_codes && i < s->count; i++) {
        const uint8_t granted = s->qos[i] > 1 ? 1 : s->qos[i];
        (void)lp_buf_put_byte(out, is_unsubscribe ? 0 : granted);
    }
}
