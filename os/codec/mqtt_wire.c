// SPDX-License-Identifier: Apache-2.0
#include "mqtt_wire.h"

#include "limpet/endian.h"
#include "limpet/utf8.h"

lp_err_t mqtt_take_bytes(lp_span_t *in, size_t count, lp_span_t *v)
{
    if (in->len < count) {
        return LP_E_AGAIN;
    }
    *v = lp_span(in->ptr, count);
    if (count > 0) {
        *in = lp_span(in->ptr + count, in->len - count);
    }
    return LP_OK;
}

lp_err_t mqtt_take_u8(lp_span_t *in, uint8_t *v)
{
    lp_span_t b;
    lp_err_t err = mqtt_take_bytes(in, 1, &b);
    if (err == LP_OK) {
        *v = b.ptr[0];
    }
    return err;
}

lp_err_t mqtt_take_u16(lp_span_t *in, uint16_t *v)
{
    lp_span_t b;
    lp_err_t err = mqtt_take_bytes(in, 2, &b);
    if (err == LP_OK) {
        *v = lp_get_be16(b.ptr);
    }
    return err;
}

lp_err_t mqtt_take_u32(lp_span_t *in, uint32_t *v)
{
    lp_span_t b;
    lp_err_t err = mqtt_take_bytes(in, 4, &b);
    if (err == LP_OK) {
        *v = lp_get_be32(b.ptr);
    }
    return err;
}

lp_err_t mqtt_take_varint(lp_span_t *in, uint32_t *v)
{
    uint32_t value = 0;
    for (size_t i = 0; i < 4; i++) {
        if (i >= in->len) {
            return LP_E_AGAIN;
        }
        uint8_t b = in->ptr[i];
        value |= (uint32_t)(b & 0x7f) << (7 * i);
        if ((b & 0x80) != 0) {
            continue;
        }
        if (b == 0 && i > 0) {
            return LP_E_FORMAT; // not the shortest form
        }
        *v = value;
        *in = lp_span(in->ptr + i + 1, in->len - i - 1);
        return LP_OK;
    }
    return LP_E_FORMAT;
}

lp_err_t mqtt_take_binary(lp_span_t *in, lp_span_t *v)
{
    lp_span_t rest = *in;
    uint16_t len = 0;
    lp_err_t err = mqtt_take_u16(&rest, &len);
    err = err == LP_OK ? mqtt_take_bytes(&rest, len, v) : err;
    if (err == LP_OK) {
        *in = rest;
    }
    return err;
}

lp_err_t mqtt_take_string(lp_span_t *in, lp_span_t *v)
{
    lp_span_t rest = *in;
    lp_span_t s;
    lp_err_t err = mqtt_take_binary(&rest, &s);
    if (err == LP_OK && !lp_mqtt_string_is_valid(s)) {
        err = LP_E_FORMAT;
    }
    if (err == LP_OK) {
        *v = s;
        *in = rest;
    }
    return err;
}

lp_err_t mqtt_take_props(lp_span_t *in, lp_mqtt_place_t place, lp_span_t *block)
{
    lp_span_t rest = *in;
    lp_span_t props;
    uint32_t len = 0;
    lp_err_t err = mqtt_take_varint(&rest, &len);
    err = err == LP_OK ? mqtt_take_bytes(&rest, len, &props) : err;
    err = err == LP_OK ? lp_mqtt_props_check(props, place) : err;
    if (err == LP_OK) {
        *block = props;
        *in = rest;
    }
    return err;
}

void mqtt_put_bytes(lp_buf_t *out, lp_span_t v)
{
    (void)lp_buf_put(out, v); // room was made sure of
}

void mqtt_put_u16(lp_buf_t *out, uint16_t v)
{
    uint8_t b[2];
    lp_put_be16(b, v);
    mqtt_put_bytes(out, lp_span(b, sizeof b));
}

void mqtt_put_u32(lp_buf_t *out, uint32_t v)
{
    uint8_t b[4];
    lp_put_be32(b, v);
    mqtt_put_bytes(out, lp_span(b, sizeof b));
}

void mqtt_put_varint(lp_buf_t *out, uint32_t v)
{
    do {
        uint8_t b = (uint8_t)(v & 0x7f);
        v >>= 7;
        b = v > 0 ? (uint8_t)(b | 0x80) : b;
        mqtt_put_bytes(out, lp_span(&b, 1));
    } while (v > 0);
}

void mqtt_put_binary(lp_buf_t *out, lp_span_t v)
{
    mqtt_put_u16(out, (uint16_t)v.len);
    mqtt_put_bytes(out, v);
}

size_t mqtt_varint_len(size_t v)
{
    return v < 128 ? 1 : v < 16384 ? 2 : v < 2097152 ? 3 : 4;
}

bool lp_mqtt_string_is_valid(lp_span_t s)
{
    if (s.len > LP_MQTT_STRING_MAX) {
        return false;
    }
    while (s.len > 0) {
        uint32_t cp = 0;
        size_t len = lp_utf8_next(s, &cp);
        if (len == 0 || cp == 0) {
            return false;
        }
        s = lp_span(s.ptr + len, s.len - len);
    }
    return true;
}

// --- Fixed header -------------------------------------------------------------------------------

// v4 2.2.2, v5 2.1.3. For PUBLISH: QoS 3 does not exist, QoS 0 is never a duplicate.
static bool is_head_byte(uint8_t type, uint8_t flags)
{
    unsigned qos = (flags >> 1) & 3u;
    switch (type) {
    case LP_MQTT_PUBLISH:
        return qos != 3 && (qos != 0 || (flags & 8u) == 0);
    case LP_MQTT_PUBREL:
    case LP_MQTT_SUBSCRIBE:
    case LP_MQTT_UNSUBSCRIBE:
        return flags == 2;
    default:
        return type != 0 && flags == 0;
    }
}

void lp_mqtt_head_init(lp_mqtt_head_t *h)
{
    *h = (lp_mqtt_head_t){0};
}

lp_err_t lp_mqtt_head_feed(lp_mqtt_head_t *h, uint8_t byte)
{
    uint8_t at = h->count_++;
    if (at == 0) {
        h->type = byte >> 4;
        h->flags = byte & 15;
        return is_head_byte(h->type, h->flags) ? LP_E_AGAIN : LP_E_FORMAT;
    }
    if (at > 4 || (at > 1 && byte == 0)) {
        return LP_E_FORMAT;
    }
    h->remaining |= (uint32_t)(byte & 0x7f) << (7 * (at - 1));
    if ((byte & 0x80) == 0) {
        return LP_OK;
    }
    return at == 4 ? LP_E_FORMAT : LP_E_AGAIN;
}
