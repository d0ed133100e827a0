// SPDX-License-Identifier: Apache-2.0
// The client's side: what is judged and changed on its way up.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "filter.h"
#include "limpet/authz.h"
#include "limpet/mqtt_server.h"

enum { HEAD_ROOM = 4096, MILLI = 1000, MESSAGE_EXPIRY_MAX_S = 604800, FILTER_ROOM = 600 };
enum {
    RC_UNSUPPORTED_VERSION = 0x84,
    RC_KEEP_ALIVE = 0x8d,
    RC_FILTER_INVALID = 0x8f,
    RC_TOPIC_INVALID = 0x90,
    RC_QUOTA = 0x97,
    RC_QOS = 0x9b,
    RC_SUBSCRIPTION_IDS = 0xa1,
    V4_REFUSED_VERSION = 1,
};

void lp_filter_init(lp_filter_t *f, const lp_filter_peer_t *peer, int64_t now_ms)
{
    *f = (lp_filter_t){.peer_ = *peer,
                       .heard_ms_ = now_ms,
                       .filled_ms_ = now_ms,
                       .tokens_milli_ = LP_FILTER_PUBLISHES_PER_S * MILLI};
}

void lp_filter_deinit(lp_filter_t *f)
{
    lp_bytes_free(&f->packet_);
    lp_bytes_free(&f->answer_);
}

// Ends the connection. An MQTT 5 client is told with a DISCONNECT, where that can be put between
// two packets; 3.1.1 has no words for it.
static bool end(lp_filter_t *f, lp_bytes_t *to_client, uint8_t code, const char *reason)
{
    uint8_t room[8];
    lp_buf_t out = lp_buf(room, sizeof room);
    snprintf(f->reason, sizeof f->reason, "%s", reason);
    if (f->state == LP_FILTER_OPEN && f->version == LP_MQTT_V5 && !f->is_down_inside_ &&
        lp_mqtt_encode_disconnect(&out, LP_MQTT_V5, code) == LP_OK) {
        lp_bytes_put(to_client, lp_buf_span(&out));
    }
    f->state = LP_FILTER_CLOSED;
    return false;
}

static bool end_topic(lp_filter_t *f, lp_bytes_t *to_client, uint8_t code, const char *reason,
                      lp_span_t topic)
{
    size_t len = topic.len < sizeof f->topic ? topic.len : sizeof f->topic - 1;
    snprintf(f->topic, sizeof f->topic, "%.*s", (int)len,
             topic.len > 0 ? (const char *)topic.ptr : "");
    return end(f, to_client, code, reason);
}

static bool no_memory(lp_filter_t *f, lp_bytes_t *to_client)
{
    return end(f, to_client, RC_QUOTA, "out of memory");
}

// "" when AWS accepts it. Longer than any that it accepts need not be looked at.
static const char *topic_fault(lp_span_t topic, bool is_filter)
{
    char text[FILTER_ROOM];
    if (topic.len >= sizeof text) {
        return "the topic is longer than 256 bytes";
    }
    memcpy(text, topic.ptr, topic.len);
    text[topic.len] = '\0';
    return lp_topic_fault(text, is_filter);
}

// --- CONNECT ------------------------------------------------------------------------------------

static uint16_t clamp(uint16_t keep_alive_s)
{
    return keep_alive_s == 0 || keep_alive_s > LP_FILTER_KEEP_ALIVE_MAX_S
               ? LP_FILTER_KEEP_ALIVE_MAX_S
           : keep_alive_s < LP_FILTER_KEEP_ALIVE_MIN_S ? LP_FILTER_KEEP_ALIVE_MIN_S
                                                       : keep_alive_s;
}

static bool refuse(lp_filter_t *f, lp_bytes_t *to_client, lp_mqtt_version_t v, uint8_t code,
                   const char *reason)
{
    uint8_t room[16];
    lp_buf_t out = lp_buf(room, sizeof room);
    if (lp_mqtt_encode_connack(&out, v, false, code, lp_span(NULL, 0)) == LP_OK) {
        lp_bytes_put(to_client, lp_buf_span(&out));
    }
    return end(f, to_client, code, reason);
}

// The same CONNECT with the pass as its credentials. The client's own user name is not for the
// broker: AWS takes what SDKs write there as statistics. Keep-alive is watched here, not there.
static bool pass_connect(lp_filter_t *f, const lp_mqtt_connect_t *in, lp_bytes_t *to_broker)
{
    char user[LP_PASS_USER_SIZE];
    size_t pem_len = strlen(f->peer_.pem);
    size_t cap =
        HEAD_ROOM + pem_len + in->client_id.len + in->props.len +
        (in->will != NULL ? in->will->topic.len + in->will->payload.len + in->will->props.len : 0);
    char *word = malloc(LP_PASS_MAC_SIZE + pem_len + 1);
    uint8_t *room = malloc(cap);
    lp_pass_user(f->peer_.address, in->will != NULL, user);
    bool ok = word != NULL && room != NULL && lp_pass_mac(f->peer_.key, user, f->peer_.pem, word);
    if (ok) {
        memcpy(word + LP_PASS_MAC_SIZE, f->peer_.pem, pem_len + 1);
        const lp_span_t name = lp_span_str(user);
        const lp_span_t password = lp_span_str(word);
        lp_mqtt_connect_t out = *in;
        lp_buf_t buf = lp_buf(room, cap);
        out.username = &name;
        out.password = &password;
        out.keep_alive_s = 0;
        ok = lp_mqtt_encode_connect(&buf, f->version, &out) == LP_OK &&
             lp_bytes_put(to_broker, lp_buf_span(&buf));
        lp_wipe(room, cap);
        lp_wipe(word, LP_PASS_MAC_SIZE);
    }
    free(room);
    free(word);
    return ok;
}

static bool judge_connect(lp_filter_t *f, const lp_mqtt_connect_t *c, lp_bytes_t *to_broker,
                          lp_bytes_t *to_client)
{
    const char *fault = "";
    if (c->will != NULL) {
        fault = topic_fault(c->will->topic, false);
    }
    if (c->will != NULL && c->will->qos > 1) {
        return refuse(f, to_client, f->version, f->version == LP_MQTT_V5 ? RC_QOS : 5,
                      "a last will has QoS 2");
    }
    if (fault[0] != '\0') {
        return refuse(f, to_client, f->version, f->version == LP_MQTT_V5 ? RC_TOPIC_INVALID : 5,
                      fault);
    }
    f->keep_alive_s = clamp(c->keep_alive_s);
    f->has_keep_alive_changed_ = f->keep_alive_s != c->keep_alive_s;
    if (!pass_connect(f, c, to_broker)) {
        return no_memory(f, to_client);
    }
    f->state = LP_FILTER_WAIT_CONNACK;
    return true;
}

static bool take_connect(lp_filter_t *f, const lp_mqtt_head_t *h, lp_span_t body,
                         lp_bytes_t *to_broker, lp_bytes_t *to_client)
{
    lp_mqtt_connect_in_t c;
    if (h->type != LP_MQTT_CONNECT) {
        return end(f, to_client, LP_MQTT_RC_PROTOCOL, "the first packet is not CONNECT");
    }
    uint8_t level = lp_mqtt_connect_level(body);
    if (level != LP_MQTT_V4 && level != LP_MQTT_V5) {
        bool newer = level > LP_MQTT_V5;
        return refuse(f, to_client, newer ? LP_MQTT_V5 : LP_MQTT_V4,
                      newer ? RC_UNSUPPORTED_VERSION : V4_REFUSED_VERSION,
                      "neither MQTT 3.1.1 nor MQTT 5");
    }
    f->version = level == LP_MQTT_V5 ? LP_MQTT_V5 : LP_MQTT_V4;
    if (lp_mqtt_decode_connect(f->version, body, &c) != LP_OK) {
        return end(f, to_client, LP_MQTT_RC_MALFORMED, "the CONNECT is malformed");
    }
    snprintf(f->client_id, sizeof f->client_id, "%.*s", (int)c.connect.client_id.len,
             c.connect.client_id.len > 0 ? (const char *)c.connect.client_id.ptr : "");
    return judge_connect(f, &c.connect, to_broker, to_client);
}

// --- PUBLISH ------------------------------------------------------------------------------------

// A bucket of 100 that is filled at 100 a second.
static bool take_token(lp_filter_t *f, int64_t now_ms)
{
    int64_t full = (int64_t)LP_FILTER_PUBLISHES_PER_S * MILLI;
    int64_t more = (now_ms - f->filled_ms_) * LP_FILTER_PUBLISHES_PER_S;
    f->filled_ms_ = now_ms;
    f->tokens_milli_ = f->tokens_milli_ + more > full ? full : f->tokens_milli_ + more;
    if (f->tokens_milli_ < MILLI) {
        return false;
    }
    f->tokens_milli_ -= MILLI;
    return true;
}

static bool has_prop(lp_span_t props, uint8_t id, uint32_t above)
{
    lp_mqtt_prop_t p;
    return lp_mqtt_props_find(props, id, &p) == LP_OK && p.number > above;
}

// 0: AWS takes it; otherwise the reason code, and *why.
static uint8_t publish_fault(const lp_mqtt_publish_t *p, const char **why)
{
    if (p->qos > 1) {
        *why = "QoS 2 is not supported";
        return RC_QOS;
    }
    if (p->payload_len > LP_FILTER_PAYLOAD_MAX) {
        *why = "the payload is larger than 128 KB";
        return LP_MQTT_RC_TOO_LARGE;
    }
    if (has_prop(p->props, LP_MQTT_PROP_SUBSCRIPTION_ID, 0)) {
        *why = "a client's message has a subscription identifier";
        return LP_MQTT_RC_PROTOCOL;
    }
    if (has_prop(p->props, LP_MQTT_PROP_MESSAGE_EXPIRY, MESSAGE_EXPIRY_MAX_S)) {
        *why = "the message expiry is longer than 7 days";
        return LP_MQTT_RC_PROTOCOL;
    }
    *why = p->topic.len > 0 ? topic_fault(p->topic, false) : "";
    return (*why)[0] != '\0' ? RC_TOPIC_INVALID : 0;
}

static bool take_publish(lp_filter_t *f, int64_t now_ms, const packet_t *in, lp_bytes_t *to_broker,
                         lp_bytes_t *to_client)
{
    lp_mqtt_publish_t p;
    const char *why = "";
    if (lp_mqtt_decode_publish(f->version, &in->head, in->body, &p) != LP_OK) {
        // The codec knows no QoS 3, and AWS no DUP rules.
        return end(f, to_client, LP_MQTT_RC_MALFORMED, "a PUBLISH is malformed");
    }
    uint8_t code = publish_fault(&p, &why);
    if (code != 0) {
        return end_topic(f, to_client, code, why, p.topic);
    }
    if (!take_token(f, now_ms)) {
        f->throttled++; // dropped, and not acknowledged
        return true;
    }
    return lp_bytes_put(to_broker, in->whole) || no_memory(f, to_client);
}

// --- SUBSCRIBE, UNSUBSCRIBE ---------------------------------------------------------------------

// `a/#` to `a/+/#`; a lone `#` is the same for both, also behind `$share/group/`.
static bool is_rewritten(lp_span_t filter)
{
    if (filter.len < 2 || memcmp(filter.ptr + filter.len - 2, "/#", 2) != 0) {
        return false;
    }
    bool is_shared = filter.len > 7 && memcmp(filter.ptr, "$share/", 7) == 0;
    const uint8_t *slash = is_shared ? memchr(filter.ptr + 7, '/', filter.len - 7) : NULL;
    return slash == NULL || slash != filter.ptr + filter.len - 2;
}

static lp_span_t rewrite(lp_span_t filter, uint8_t *room)
{
    if (!is_rewritten(filter)) {
        return filter;
    }
    memcpy(room, filter.ptr, filter.len - 1);
    memcpy(room + filter.len - 1, "+/#", 3);
    return lp_span(room, filter.len + 2);
}

static uint8_t subscribe_fault(const lp_mqtt_filters_t *s, const char **why, lp_span_t *topic)
{
    *topic = lp_span(NULL, 0);
    if (s->count > LP_MQTT_FILTERS_MAX) {
        *why = "more than 8 filters in one SUBSCRIBE";
        return RC_QUOTA;
    }
    if (has_prop(s->props, LP_MQTT_PROP_SUBSCRIPTION_ID, 0)) {
        *why = "subscription identifiers are not supported";
        return RC_SUBSCRIPTION_IDS;
    }
    for (size_t i = 0; i < s->count; i++) {
        *topic = s->filter[i].filter;
        if (s->filter[i].qos > 1) {
            *why = "QoS 2 is not supported";
            return RC_QOS;
        }
        *why = topic_fault(*topic, true);
        if ((*why)[0] != '\0') {
            return RC_FILTER_INVALID;
        }
    }
    return 0;
}

// Both kinds, once judged: the same packet with the filters that mean AWS's to the broker.
static bool pass_filters(lp_filter_t *f, lp_mqtt_filters_t *s, bool subscribe,
                         lp_bytes_t *to_broker)
{
    uint8_t room[LP_MQTT_FILTERS_MAX][FILTER_ROOM];
    uint8_t packet[LP_MQTT_FILTERS_MAX * FILTER_ROOM + HEAD_ROOM];
    lp_span_t name[LP_MQTT_FILTERS_MAX];
    lp_buf_t out = lp_buf(packet, sizeof packet);
    for (size_t i = 0; i < s->count; i++) {
        name[i] = rewrite(s->filter[i].filter, room[i]);
        s->filter[i].filter = name[i];
    }
    lp_err_t err = subscribe ? lp_mqtt_encode_subscribe(&out, f->version, s->packet_id, s->filter,
                                                        s->count, s->props)
                             : lp_mqtt_encode_unsubscribe(&out, f->version, s->packet_id, name,
                                                          s->count, s->props);
    return err == LP_OK && lp_bytes_put(to_broker, lp_buf_span(&out));
}

static bool take_subscribe(lp_filter_t *f, lp_span_t body, lp_bytes_t *to_broker,
                           lp_bytes_t *to_client)
{
    lp_mqtt_filters_t s;
    lp_span_t topic;
    const char *why = "";
    if (lp_mqtt_decode_subscribe(f->version, body, &s) != LP_OK) {
        return end(f, to_client, LP_MQTT_RC_MALFORMED, "a SUBSCRIBE is malformed");
    }
    uint8_t code = subscribe_fault(&s, &why, &topic);
    if (code != 0) {
        return end_topic(f, to_client, code, why, topic);
    }
    return pass_filters(f, &s, true, to_broker) ||
           end(f, to_client, LP_MQTT_RC_TOO_LARGE, "a SUBSCRIBE is too large");
}

static bool take_unsubscribe(lp_filter_t *f, lp_span_t body, lp_bytes_t *to_broker,
                             lp_bytes_t *to_client)
{
    lp_mqtt_filters_t s;
    if (lp_mqtt_decode_unsubscribe(f->version, body, &s) != LP_OK) {
        return end(f, to_client, LP_MQTT_RC_MALFORMED, "an UNSUBSCRIBE is malformed");
    }
    if (s.count > LP_MQTT_FILTERS_MAX) {
        return end(f, to_client, RC_QUOTA, "more than 8 filters in one UNSUBSCRIBE");
    }
    for (size_t i = 0; i < s.count; i++) {
        const char *why = topic_fault(s.filter[i].filter, true);
        if (why[0] != '\0') {
            return end_topic(f, to_client, RC_FILTER_INVALID, why, s.filter[i].filter);
        }
    }
    return pass_filters(f, &s, false, to_broker) ||
           end(f, to_client, LP_MQTT_RC_TOO_LARGE, "an UNSUBSCRIBE is too large");
}

// --- packets ------------------------------------------------------------------------------------

static bool pass(lp_filter_t *f, const packet_t *in, lp_bytes_t *to_broker, lp_bytes_t *to_client)
{
    return lp_bytes_put(to_broker, in->whole) || no_memory(f, to_client);
}

static bool take_open(lp_filter_t *f, int64_t now_ms, const packet_t *in, lp_bytes_t *to_broker,
                      lp_bytes_t *to_client)
{
    switch (in->head.type) {
    case LP_MQTT_PUBLISH:
        return take_publish(f, now_ms, in, to_broker, to_client);
    case LP_MQTT_SUBSCRIBE:
        return take_subscribe(f, in->body, to_broker, to_client);
    case LP_MQTT_UNSUBSCRIBE:
        return take_unsubscribe(f, in->body, to_broker, to_client);
    case LP_MQTT_PUBACK:
    case LP_MQTT_PINGREQ:
        return pass(f, in, to_broker, to_client);
    case LP_MQTT_DISCONNECT:
        (void)pass(f, in, to_broker, to_client);
        f->state = LP_FILTER_CLOSED;
        return false;
    case LP_MQTT_PUBREC:
    case LP_MQTT_PUBREL:
    case LP_MQTT_PUBCOMP:
        return end(f, to_client, LP_MQTT_RC_PROTOCOL, "a packet of QoS 2");
    case LP_MQTT_AUTH:
        return end(f, to_client, LP_MQTT_RC_PROTOCOL, "AUTH is not supported");
    default:
        return end(f, to_client, LP_MQTT_RC_PROTOCOL, "a packet that a client may not send");
    }
}

static bool take_packet(lp_filter_t *f, int64_t now_ms, const packet_t *in, lp_bytes_t *to_broker,
                        lp_bytes_t *to_client)
{
    f->heard_ms_ = now_ms;
    switch (f->state) {
    case LP_FILTER_WAIT_CONNECT:
        return take_connect(f, &in->head, in->body, to_broker, to_client);
    case LP_FILTER_WAIT_CONNACK:
        return end(f, to_client, LP_MQTT_RC_PROTOCOL, "a packet before the CONNACK");
    case LP_FILTER_OPEN:
        return take_open(f, now_ms, in, to_broker, to_client);
    case LP_FILTER_CLOSED:
        return false;
    }
    return false;
}

lp_err_t lp_packet_cut(lp_span_t in, packet_t *out)
{
    lp_mqtt_head_t h;
    lp_err_t err = LP_E_AGAIN;
    size_t at = 0;
    lp_mqtt_head_init(&h);
    while (err == LP_E_AGAIN && at < in.len) {
        err = lp_mqtt_head_feed(&h, in.ptr[at++]);
    }
    if (err != LP_OK) {
        return err;
    }
    if (h.remaining > LP_FILTER_PACKET_MAX) {
        return LP_E_RANGE;
    }
    if (in.len - at < h.remaining) {
        return LP_E_AGAIN;
    }
    *out = (packet_t){.head = h,
                      .whole = lp_span(in.ptr, at + h.remaining),
                      .body = lp_span(in.ptr + at, h.remaining)};
    return LP_OK;
}

// Takes whole packets off the front of *in. False: the connection ends.
static bool take_packets(lp_filter_t *f, int64_t now_ms, lp_span_t *in, lp_bytes_t *to_broker,
                         lp_bytes_t *to_client)
{
    for (;;) {
        packet_t p;
        lp_err_t err = lp_packet_cut(*in, &p);
        if (err == LP_E_AGAIN) {
            return true;
        }
        if (err != LP_OK) {
            return end(f, to_client,
                       err == LP_E_RANGE ? LP_MQTT_RC_TOO_LARGE : LP_MQTT_RC_MALFORMED,
                       err == LP_E_RANGE ? "a packet is larger than 146 KB" : "not MQTT");
        }
        *in = lp_span(in->ptr + p.whole.len, in->len - p.whole.len);
        if (!take_packet(f, now_ms, &p, to_broker, to_client)) {
            return false;
        }
    }
}

bool lp_filter_up(lp_filter_t *f, int64_t now_ms, lp_span_t in, lp_bytes_t *to_broker,
                  lp_bytes_t *to_client)
{
    if (f->state == LP_FILTER_CLOSED) {
        return false;
    }
    if (lp_bytes_len(&f->packet_) == 0) { // as a rule packets come whole
        return take_packets(f, now_ms, &in, to_broker, to_client) &&
               (lp_bytes_put(&f->packet_, in) || no_memory(f, to_client));
    }
    if (!lp_bytes_put(&f->packet_, in)) {
        return no_memory(f, to_client);
    }
    lp_span_t all = lp_bytes_span(&f->packet_);
    size_t before = all.len;
    bool ok = take_packets(f, now_ms, &all, to_broker, to_client);
    lp_bytes_drop(&f->packet_, before - all.len);
    return ok;
}

bool lp_filter_tick(lp_filter_t *f, int64_t now_ms, lp_bytes_t *to_client)
{
    if (f->state != LP_FILTER_OPEN ||
        now_ms - f->heard_ms_ < (int64_t)f->keep_alive_s * MILLI * 3 / 2) {
        return f->state != LP_FILTER_CLOSED;
    }
    return end(f, to_client, RC_KEEP_ALIVE, "silent for one and a half times the keep-alive");
}
