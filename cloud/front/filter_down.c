// SPDX-License-Identifier: Apache-2.0
// The broker's side: the CONNACK becomes AWS's, the rest is only counted.
#include "filter.h"
#include "limpet/mqtt_server.h"

enum { V4_BROKER_REFUSED = 5, V4_AWS_REFUSED = 7, PROPS_ROOM = 2048 };
enum { RECEIVE_MAX = 100, TOPIC_ALIAS_MAX = 8 };
enum { RC_SHUTTING_DOWN = 0x8b, RC_TAKEN_OVER = 0x8e };

// What AWS says of itself to an MQTT 5 client, whatever the broker behind said.
static const lp_mqtt_prop_t announced[] = {
    {.id = LP_MQTT_PROP_RECEIVE_MAX, .number = RECEIVE_MAX},
    {.id = LP_MQTT_PROP_MAX_QOS, .number = 1},
    {.id = LP_MQTT_PROP_RETAIN_AVAILABLE, .number = 1},
    {.id = LP_MQTT_PROP_MAX_PACKET, .number = LP_FILTER_PACKET_MAX},
    {.id = LP_MQTT_PROP_TOPIC_ALIAS_MAX, .number = TOPIC_ALIAS_MAX},
    {.id = LP_MQTT_PROP_WILDCARD_AVAILABLE, .number = 1},
    {.id = LP_MQTT_PROP_SUBSCRIPTION_ID_AVAILABLE, .number = 0},
    {.id = LP_MQTT_PROP_SHARED_AVAILABLE, .number = 1},
};

static bool is_announced(uint8_t id)
{
    for (size_t i = 0; i < sizeof announced / sizeof announced[0]; i++) {
        if (announced[i].id == id) {
            return true;
        }
    }
    return id == LP_MQTT_PROP_SERVER_KEEP_ALIVE;
}

static lp_err_t connack_props(const lp_filter_t *f, lp_span_t from, lp_buf_t *out)
{
    lp_mqtt_prop_t p = {.id = LP_MQTT_PROP_SERVER_KEEP_ALIVE, .number = f->keep_alive_s};
    lp_err_t err = f->has_keep_alive_changed_ ? lp_mqtt_props_put(out, &p) : LP_OK;
    for (size_t i = 0; err == LP_OK && i < sizeof announced / sizeof announced[0]; i++) {
        err = lp_mqtt_props_put(out, &announced[i]);
    }
    while (err == LP_OK && lp_mqtt_props_next(&from, &p) == LP_OK) {
        err = is_announced(p.id) ? LP_OK : lp_mqtt_props_put(out, &p);
    }
    return err;
}

static bool put_connack(const lp_filter_t *f, const lp_mqtt_connack_t *c, lp_bytes_t *to_client)
{
    uint8_t block[PROPS_ROOM];
    uint8_t packet[PROPS_ROOM + 16];
    lp_buf_t props = lp_buf(block, sizeof block);
    lp_buf_t out = lp_buf(packet, sizeof packet);
    uint8_t code = c->code;
    if (f->version == LP_MQTT_V4 && code == V4_BROKER_REFUSED) {
        code = V4_AWS_REFUSED;
    }
    if (f->version == LP_MQTT_V5 && code == 0 && connack_props(f, c->props, &props) != LP_OK) {
        return false;
    }
    return lp_mqtt_encode_connack(&out, f->version, c->session_present, code,
                                  lp_buf_span(&props)) == LP_OK &&
           lp_bytes_put(to_client, lp_buf_span(&out));
}

// The first packet. True with the state unchanged: it is not whole yet.
static bool take_connack(lp_filter_t *f, lp_span_t *in, lp_bytes_t *to_client)
{
    packet_t p;
    lp_mqtt_connack_t c;
    if (!lp_bytes_put(&f->answer_, *in)) {
        return false;
    }
    lp_span_t all = lp_bytes_span(&f->answer_);
    size_t earlier = all.len - in->len;
    lp_err_t err = lp_packet_cut(all, &p);
    if (err == LP_E_AGAIN) {
        *in = lp_span(NULL, 0);
        return true;
    }
    if (err != LP_OK || p.head.type != LP_MQTT_CONNACK ||
        lp_mqtt_decode_connack(f->version, p.body, &c) != LP_OK || !put_connack(f, &c, to_client)) {
        return false;
    }
    size_t used = p.whole.len - earlier;
    *in = lp_span(in->ptr + used, in->len - used);
    lp_bytes_free(&f->answer_);
    f->state = c.code == 0 ? LP_FILTER_OPEN : LP_FILTER_CLOSED;
    return true;
}

// Follows the packets, so that one of ours is never put into the middle of one of theirs.
static bool count(lp_filter_t *f, lp_span_t in)
{
    for (size_t at = 0; at < in.len;) {
        if (f->down_left_ > 0) {
            size_t n = in.len - at < f->down_left_ ? in.len - at : f->down_left_;
            f->down_left_ -= n;
            f->is_down_inside_ = f->down_left_ > 0;
            at += n;
            continue;
        }
        if (!f->is_down_inside_) {
            lp_mqtt_head_init(&f->down_head_);
        }
        lp_err_t err = lp_mqtt_head_feed(&f->down_head_, in.ptr[at++]);
        if (err != LP_OK && err != LP_E_AGAIN) {
            return false;
        }
        f->down_left_ = err == LP_OK ? f->down_head_.remaining : 0;
        f->is_down_inside_ = err == LP_E_AGAIN || f->down_left_ > 0;
    }
    return true;
}

void lp_filter_lost(lp_filter_t *f, bool taken_over, lp_bytes_t *to_client)
{
    uint8_t room[8];
    lp_buf_t out = lp_buf(room, sizeof room);
    bool is_told = f->down_head_.type == LP_MQTT_DISCONNECT;
    if (f->state == LP_FILTER_OPEN && f->version == LP_MQTT_V5 && !f->is_down_inside_ && !is_told &&
        lp_mqtt_encode_disconnect(&out, LP_MQTT_V5,
                                  taken_over ? RC_TAKEN_OVER : RC_SHUTTING_DOWN) == LP_OK) {
        lp_bytes_put(to_client, lp_buf_span(&out));
    }
    f->state = LP_FILTER_CLOSED;
}

bool lp_filter_down(lp_filter_t *f, lp_span_t in, lp_bytes_t *to_client)
{
    if (f->state == LP_FILTER_WAIT_CONNACK && !take_connack(f, &in, to_client)) {
        return false;
    }
    if (in.len == 0) {
        return true;
    }
    return f->state == LP_FILTER_OPEN && count(f, in) && lp_bytes_put(to_client, in);
}
