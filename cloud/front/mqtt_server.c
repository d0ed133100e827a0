// SPDX-License-Identifier: Apache-2.0
#include "limpet/mqtt_server.h"

#include "limpet/endian.h"

enum { CLEAN = 0x02, WILL = 0x04, WILL_QOS = 0x18, WILL_RETAIN = 0x20 };
enum { PASSWORD = 0x40, USERNAME = 0x80, RESERVED = 0x01 };

// Takers: false when the front of *in is not what is wanted.
static bool take(lp_span_t *in, size_t count, lp_span_t *v)
{
    if (in->len < count) {
        return false;
    }
    *v = lp_span(in->ptr, count);
    *in = in->len > count ? lp_span(in->ptr + count, in->len - count) : lp_span(NULL, 0);
    return true;
}

static bool take_u8(lp_span_t *in, uint8_t *v)
{
    lp_span_t b;
    bool ok = take(in, 1, &b);
    *v = ok ? b.ptr[0] : 0;
    return ok;
}

static bool take_u16(lp_span_t *in, uint16_t *v)
{
    lp_span_t b;
    bool ok = take(in, 2, &b);
    *v = ok ? lp_get_be16(b.ptr) : 0;
    return ok;
}

static bool take_binary(lp_span_t *in, lp_span_t *v)
{
    uint16_t len = 0;
    return take_u16(in, &len) && take(in, len, v);
}

static bool take_string(lp_span_t *in, lp_span_t *v)
{
    return take_binary(in, v) && lp_mqtt_string_is_valid(*v);
}

// v5 1.5.5: shortest form, four bytes at most.
static bool take_varint(lp_span_t *in, uint32_t *v)
{
    uint8_t b = 0x80;
    *v = 0;
    for (unsigned i = 0; i < 4 && (b & 0x80) != 0; i++) {
        if (!take_u8(in, &b) || (b == 0 && i > 0)) {
            return false;
        }
        *v |= (uint32_t)(b & 0x7f) << (7 * i);
    }
    return (b & 0x80) == 0;
}

static bool take_props(lp_mqtt_version_t v, lp_span_t *in, lp_mqtt_place_t place, lp_span_t *props)
{
    uint32_t len = 0;
    *props = lp_span(NULL, 0);
    return v != LP_MQTT_V5 || (take_varint(in, &len) && take(in, len, props) &&
                               lp_mqtt_props_check(*props, place) == LP_OK);
}

// --- CONNECT (3.1) ------------------------------------------------------------------------------

static bool take_level(lp_span_t *in, uint8_t *level)
{
    lp_span_t name;
    return take_binary(in, &name) && lp_span_equal_str(name, "MQTT") && take_u8(in, level);
}

uint8_t lp_mqtt_connect_level(lp_span_t body)
{
    uint8_t level = 0;
    return take_level(&body, &level) ? level : 0;
}

static bool are_flags_valid(lp_mqtt_version_t v, unsigned flags)
{
    unsigned qos = (flags & WILL_QOS) >> 3;
    bool will_fits = (flags & WILL) != 0 ? qos <= 2 : (flags & (WILL_QOS | WILL_RETAIN)) == 0;
    bool password_fits = v == LP_MQTT_V5 || (flags & PASSWORD) == 0 || (flags & USERNAME) != 0;
    return (flags & RESERVED) == 0 && will_fits && password_fits;
}

static bool take_will(lp_mqtt_version_t v, lp_span_t *in, unsigned flags, lp_mqtt_will_t *w)
{
    w->qos = (flags & WILL_QOS) >> 3;
    w->is_retained = (flags & WILL_RETAIN) != 0;
    return take_props(v, in, LP_MQTT_IN_WILL, &w->props) && take_string(in, &w->topic) &&
           lp_mqtt_topic_is_valid(w->topic) && take_binary(in, &w->payload);
}

static bool take_payload(lp_mqtt_version_t v, lp_span_t *in, unsigned flags,
                         lp_mqtt_connect_in_t *c)
{
    lp_mqtt_connect_t *k = &c->connect;
    k->will = (flags & WILL) != 0 ? &c->will : NULL;
    k->username = (flags & USERNAME) != 0 ? &c->username : NULL;
    k->password = (flags & PASSWORD) != 0 ? &c->password : NULL;
    return take_string(in, &k->client_id) &&
           (k->client_id.len > 0 || k->clean_start || v == LP_MQTT_V5) &&
           (k->will == NULL || take_will(v, in, flags, &c->will)) &&
           (k->username == NULL || take_string(in, &c->username)) &&
           (k->password == NULL || take_binary(in, &c->password)) && in->len == 0;
}

lp_err_t lp_mqtt_decode_connect(lp_mqtt_version_t v, lp_span_t body, lp_mqtt_connect_in_t *out)
{
    uint8_t level = 0;
    uint8_t flags = 0;
    lp_mqtt_connect_in_t c = {0};
    bool ok = take_level(&body, &level) && level == (uint8_t)v && take_u8(&body, &flags) &&
              are_flags_valid(v, flags) && take_u16(&body, &c.connect.keep_alive_s) &&
              take_props(v, &body, LP_MQTT_IN_CONNECT, &c.connect.props);
    c.connect.clean_start = (flags & CLEAN) != 0;
    if (!ok || !take_payload(v, &body, flags, &c)) {
        return LP_E_FORMAT;
    }
    *out = c;
    out->connect.will = c.connect.will != NULL ? &out->will : NULL;
    out->connect.username = c.connect.username != NULL ? &out->username : NULL;
    out->connect.password = c.connect.password != NULL ? &out->password : NULL;
    return LP_OK;
}

// --- SUBSCRIBE, UNSUBSCRIBE (3.8, 3.10) ---------------------------------------------------------

static bool take_options(lp_mqtt_version_t v, lp_span_t *in, lp_mqtt_filter_t *f)
{
    uint8_t o = 0;
    if (!take_u8(in, &o)) {
        return false;
    }
    bool is_shared = f->filter.len >= 7 && lp_span_equal_str(lp_span(f->filter.ptr, 7), "$share/");
    f->qos = o & 3u;
    f->no_local = (o & 4u) != 0;
    f->retain_as_published = (o & 8u) != 0;
    f->retain_handling = (o >> 4) & 3u;
    return f->qos <= 2 && f->retain_handling <= 2 && (o & 0xc0u) == 0 &&
           (v == LP_MQTT_V5 || o <= 2) && !(is_shared && f->no_local);
}

static lp_err_t decode_filters(lp_mqtt_version_t v, lp_span_t body, bool has_options,
                               lp_mqtt_filters_t *out)
{
    lp_mqtt_filters_t got = {0};
    lp_mqtt_place_t place = has_options ? LP_MQTT_IN_SUBSCRIBE : LP_MQTT_IN_UNSUBSCRIBE;
    bool ok = take_u16(&body, &got.packet_id) && got.packet_id != 0 &&
              take_props(v, &body, place, &got.props) && body.len > 0;
    while (ok && body.len > 0) {
        lp_mqtt_filter_t f = {0};
        ok = take_string(&body, &f.filter) && lp_mqtt_filter_is_valid(f.filter) &&
             (!has_options || take_options(v, &body, &f));
        if (got.count < LP_MQTT_FILTERS_MAX) {
            got.filter[got.count] = f;
        }
        got.count++;
    }
    if (!ok) {
        return LP_E_FORMAT;
    }
    *out = got;
    return LP_OK;
}

lp_err_t lp_mqtt_decode_subscribe(lp_mqtt_version_t v, lp_span_t body, lp_mqtt_filters_t *out)
{
    return decode_filters(v, body, true, out);
}

lp_err_t lp_mqtt_decode_unsubscribe(lp_mqtt_version_t v, lp_span_t body, lp_mqtt_filters_t *out)
{
    return decode_filters(v, body, false, out);
}

// --- CONNACK (3.2) ------------------------------------------------------------------------------

static void put_varint(lp_buf_t *out, size_t v)
{
    do {
        uint8_t b = v & 0x7f;
        v >>= 7;
        (void)lp_buf_put_byte(out, (uint8_t)(b | (v > 0 ? 0x80u : 0u)));
    } while (v > 0);
}

lp_err_t lp_mqtt_encode_connack(lp_buf_t *out, lp_mqtt_version_t v, bool session_present,
                                uint8_t code, lp_span_t props)
{
    enum { SHORT = 4096 }; // so that both lengths take two bytes at most
    if (props.len > SHORT || (v != LP_MQTT_V5 && props.len > 0) ||
        lp_mqtt_props_check(props, LP_MQTT_IN_CONNACK) != LP_OK) {
        return LP_E_INVALID;
    }
    size_t block = v == LP_MQTT_V5 ? (props.len < 128 ? 1 : 2) + props.len : 0;
    if (out->cap - out->len < 2 + block + 3) {
        return LP_E_NOSPACE;
    }
    (void)lp_buf_put_byte(out, (uint8_t)LP_MQTT_CONNACK << 4);
    put_varint(out, 2 + block);
    (void)lp_buf_put_byte(out, session_present ? 1 : 0);
    (void)lp_buf_put_byte(out, code);
    if (v == LP_MQTT_V5) {
        put_varint(out, props.len);
        (void)lp_buf_put(out, props);
    }
    return LP_OK;
}
