// SPDX-License-Identifier: Apache-2.0
// The broker's half of MQTT: packets in, the play told, and the answers that are not muted.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"

enum { SMALL = 128, PACKET_SPARE = 16 };

uint64_t adv_hash(lp_span_t bytes)
{
    uint64_t h = 14695981039346656037u; // FNV-1a: equal or not is all that is asked
    for (size_t i = 0; i < bytes.len; i++) {
        h = (h ^ bytes.ptr[i]) * 1099511628211u;
    }
    return h;
}

static void tell(lp_advisor_t *a, const adv_input_t *in)
{
    if (a->verdict == LP_ADVISOR_RUNNING) {
        a->play->on(a, in);
    }
}

static void refuse(lp_advisor_t *a, unsigned conn, const char *packet, const char *why)
{
    char text[160];
    snprintf(text, sizeof text, "%s: %s", packet, why);
    const adv_input_t in = {.kind = ADV_BAD, .conn = conn, .why = text};
    adv_log(a, "#%u breaks the protocol: %s", conn, text);
    tell(a, &in);
    adv_end(a, LP_ADVISOR_FAIL, "the device broke the MQTT protocol: %s", text);
    adv_close(a, conn);
}

static void put(lp_advisor_t *a, unsigned conn, const lp_buf_t *b)
{
    if (a->conns[conn].is_open) {
        a->io.send(a->io.ctx, conn, lp_buf_span(b));
    }
}

// --- subscriptions ------------------------------------------------------------------------------

static void remember_filter(lp_advisor_t *a, lp_span_t filter, uint8_t qos)
{
    char text[LP_ADVISOR_TOPIC_MAX];
    if (filter.len >= sizeof text) {
        return; // AWS has none that long
    }
    memcpy(text, filter.ptr, filter.len);
    text[filter.len] = '\0';
    size_t i = 0;
    while (i < a->filter_count && strcmp(a->filters[i].filter, text) != 0) {
        i++;
    }
    if (i == LP_ADVISOR_FILTERS) {
        return;
    }
    memcpy(a->filters[i].filter, text, filter.len + 1);
    a->filters[i].qos = qos > 1 ? 1 : qos;
    a->filter_count = i == a->filter_count ? i + 1 : a->filter_count;
}

static void forget_filter(lp_advisor_t *a, lp_span_t filter)
{
    for (size_t i = 0; i < a->filter_count; i++) {
        if (lp_span_equal_str(filter, a->filters[i].filter)) {
            a->filters[i] = a->filters[--a->filter_count];
            return;
        }
    }
}

int adv_subscribed_qos(const lp_advisor_t *a, const char *topic)
{
    int qos = -1;
    for (size_t i = 0; i < a->filter_count; i++) {
        const adv_filter_t *f = &a->filters[i];
        if (lp_mqtt_filter_matches(lp_span_str(f->filter), lp_span_str(topic)) && f->qos > qos) {
            qos = f->qos;
        }
    }
    return qos;
}

void adv_topic_of_filter(const char *filter, char out[LP_ADVISOR_TOPIC_MAX])
{
    size_t n = 0;
    for (; filter[n] != '\0' && n + 1 < LP_ADVISOR_TOPIC_MAX; n++) {
        out[n] = filter[n] == '+' || filter[n] == '#' ? 'x' : filter[n];
    }
    out[n] = '\0';
}

// --- to the device ------------------------------------------------------------------------------

uint16_t adv_send(lp_advisor_t *a, unsigned conn, const char *topic, lp_span_t payload, uint8_t qos)
{
    const adv_conn_t *c = &a->conns[conn];
    const lp_mqtt_publish_t p = {.topic = lp_span_str(topic),
                                 .payload = payload,
                                 .qos = qos,
                                 .packet_id = qos > 0 ? a->next_id : 0};
    const size_t cap = payload.len + p.topic.len + PACKET_SPARE;
    uint8_t *room = malloc(cap);
    if (room == NULL || !c->is_logged_in) {
        free(room);
        return 0;
    }
    lp_buf_t out = lp_buf(room, cap);
    if (lp_mqtt_encode_publish(&out, c->version, &p) == LP_OK) {
        adv_log(a, "#%u <- PUBLISH %s, QoS %u, %lu bytes", conn, topic, qos,
                (unsigned long)payload.len);
        put(a, conn, &out);
    }
    free(room);
    if (qos > 0) {
        a->next_id = a->next_id == UINT16_MAX ? 1 : (uint16_t)(a->next_id + 1);
    }
    return p.packet_id;
}

bool adv_deliver(lp_advisor_t *a, unsigned conn, const char *topic, const char *json)
{
    const int qos = adv_subscribed_qos(a, topic);
    if (qos < 0) {
        return false;
    }
    (void)adv_send(a, conn, topic, lp_span_str(json), (uint8_t)qos);
    return true;
}

// --- CONNECT ------------------------------------------------------------------------------------

static void measure_gap(lp_advisor_t *a, adv_conn_t *c)
{
    // Without an end in between it opened a second connection beside the first.
    const bool was_over = a->last_end_ms != 0 && a->last_end_ms <= c->opened_ms;
    const uint64_t from = was_over ? a->last_end_ms : a->last_open_ms;
    a->has_gap = a->had_connection;
    a->gap_ms = a->had_connection && c->opened_ms > from ? (uint32_t)(c->opened_ms - from) : 0;
    a->had_connection = true;
    a->last_open_ms = c->opened_ms;
    a->last_end_ms = 0;
}

// A second login with the same client id ends the first one, as in AWS.
static void take_over(lp_advisor_t *a, unsigned conn)
{
    for (unsigned i = 0; i < LP_ADVISOR_CONNS; i++) {
        const adv_conn_t *other = &a->conns[i];
        if (i != conn && other->was_connect &&
            strcmp(other->client_id, a->conns[conn].client_id) == 0) {
            adv_close(a, i);
        }
    }
}

static void on_connect(lp_advisor_t *a, unsigned conn, lp_span_t body)
{
    adv_connect_t c;
    const char *why = "";
    adv_conn_t *own = &a->conns[conn];
    if (adv_decode_connect(body, &c, &why) != LP_OK) {
        refuse(a, conn, "CONNECT", why);
        return;
    }
    if (own->was_connect) {
        refuse(a, conn, "CONNECT", "a second one on the same connection");
        return;
    }
    measure_gap(a, own);
    own->was_connect = true;
    own->version = c.version;
    own->keep_alive_s = c.keep_alive_s;
    snprintf(own->client_id, sizeof own->client_id, "%.*s", (int)c.client_id.len,
             (const char *)c.client_id.ptr);
    adv_log(a, "#%u CONNECT, client id %s, MQTT %s, %s, keep-alive %u s", conn, own->client_id,
            c.version == LP_MQTT_V5 ? "5" : "3.1.1",
            c.clean_start ? "clean session" : "persistent session", c.keep_alive_s);
    take_over(a, conn);
    const adv_input_t in = {.kind = ADV_CONNECT, .conn = conn, .connect = &c};
    tell(a, &in);
    if (!own->is_open || (a->muted & ADV_MUTE_CONNACK) != 0) {
        return;
    }
    const bool is_present = a->has_session && !c.clean_start;
    if (!is_present) {
        a->filter_count = 0;
    }
    a->has_session = !c.clean_start;
    uint8_t room[SMALL];
    lp_buf_t out = lp_buf(room, sizeof room);
    adv_encode_connack(&out, c.version, is_present);
    own->is_logged_in = true;
    adv_log(a, "#%u <- CONNACK%s", conn, is_present ? ", session present" : "");
    put(a, conn, &out);
}

// --- SUBSCRIBE, PUBLISH and the small ones ------------------------------------------------------

static void log_filters(lp_advisor_t *a, unsigned conn, const char *name, const adv_subscribe_t *s)
{
    for (size_t i = 0; i < s->count; i++) {
        adv_log(a, "#%u %s, packet id %u: %.*s, QoS %u", conn, name, s->packet_id,
                (int)s->filter[i].len, (const char *)s->filter[i].ptr, s->qos[i]);
    }
}

static void on_subscribe(lp_advisor_t *a, unsigned conn, bool is_unsubscribe, lp_span_t body)
{
    adv_subscribe_t s;
    const char *why = "";
    const char *name = is_unsubscribe ? "UNSUBSCRIBE" : "SUBSCRIBE";
    const lp_mqtt_version_t v = a->conns[conn].version;
    if (adv_decode_subscribe(v, is_unsubscribe, body, &s, &why) != LP_OK) {
        refuse(a, conn, name, why);
        return;
    }
    log_filters(a, conn, name, &s);
    const adv_input_t in = {
        .kind = is_unsubscribe ? ADV_UNSUBSCRIBE : ADV_SUBSCRIBE, .conn = conn, .subscribe = &s};
    tell(a, &in);
    if (!a->conns[conn].is_open || (a->muted & ADV_MUTE_SUBACK) != 0) {
        return;
    }
    for (size_t i = 0; i < s.count; i++) {
        if (is_unsubscribe) {
            forget_filter(a, s.filter[i]);
        } else {
            remember_filter(a, s.filter[i], s.qos[i]);
        }
    }
    uint8_t room[SMALL];
    lp_buf_t out = lp_buf(room, sizeof room);
    adv_encode_suback(&out, v, is_unsubscribe, &s);
    put(a, conn, &out);
    if (!is_unsubscribe) {
        adv_thing_subscribed(a, conn);
    }
}

static void on_publish(lp_advisor_t *a, unsigned conn, const lp_mqtt_head_t *head, lp_span_t body)
{
    lp_mqtt_publish_t p;
    const lp_mqtt_version_t v = a->conns[conn].version;
    if (lp_mqtt_decode_publish(v, head, body, &p) != LP_OK || p.topic.len == 0) {
        refuse(a, conn, "PUBLISH", "it is malformed, or has no topic");
        return;
    }
    if (p.qos == 2) {
        refuse(a, conn, "PUBLISH", "QoS 2, which AWS IoT Core does not take");
        return;
    }
    adv_log(a, "#%u PUBLISH %.*s, QoS %u, %lu bytes%s%s", conn, (int)p.topic.len,
            (const char *)p.topic.ptr, p.qos, (unsigned long)p.payload.len,
            p.is_dup ? ", again" : "", p.is_retained ? ", retained" : "");
    const adv_input_t in = {.kind = ADV_PUBLISH, .conn = conn, .publish = &p};
    tell(a, &in);
    if (!a->conns[conn].is_open || (a->muted & ADV_MUTE_PUBACK) != 0) {
        return;
    }
    if (p.qos == 1) {
        uint8_t room[SMALL];
        lp_buf_t out = lp_buf(room, sizeof room);
        (void)lp_mqtt_encode_ack(&out, v, LP_MQTT_PUBACK, p.packet_id, 0);
        put(a, conn, &out);
    }
    adv_thing_publish(a, conn, &p);
}

static void on_puback(lp_advisor_t *a, unsigned conn, lp_span_t body)
{
    lp_mqtt_ack_t ack;
    if (lp_mqtt_decode_ack(a->conns[conn].version, LP_MQTT_PUBACK, body, &ack) != LP_OK) {
        refuse(a, conn, "PUBACK", "it is malformed");
        return;
    }
    adv_log(a, "#%u PUBACK, packet id %u", conn, ack.packet_id);
    const adv_input_t in = {.kind = ADV_PUBACK, .conn = conn, .packet_id = ack.packet_id};
    tell(a, &in);
}

static void on_pingreq(lp_advisor_t *a, unsigned conn)
{
    static const uint8_t pingresp[] = {0xd0, 0};
    const adv_input_t in = {.kind = ADV_PINGREQ, .conn = conn};
    adv_log(a, "#%u PINGREQ", conn);
    tell(a, &in);
    if (a->conns[conn].is_open && (a->muted & ADV_MUTE_PINGRESP) == 0) {
        a->io.send(a->io.ctx, conn, lp_span(pingresp, sizeof pingresp));
    }
}

static void on_disconnect(lp_advisor_t *a, unsigned conn)
{
    const adv_input_t in = {.kind = ADV_DISCONNECT, .conn = conn};
    adv_log(a, "#%u DISCONNECT", conn);
    tell(a, &in);
}

void adv_packet(lp_advisor_t *a, unsigned conn, const lp_mqtt_head_t *head, lp_span_t body)
{
    const adv_conn_t *c = &a->conns[conn];
    if (head->type != LP_MQTT_CONNECT && !c->was_connect) {
        refuse(a, conn, "first packet", "it is not CONNECT");
        return;
    }
    switch (head->type) {
    case LP_MQTT_CONNECT:
        on_connect(a, conn, body);
        break;
    case LP_MQTT_SUBSCRIBE:
    case LP_MQTT_UNSUBSCRIBE:
        on_subscribe(a, conn, head->type == LP_MQTT_UNSUBSCRIBE, body);
        break;
    case LP_MQTT_PUBLISH:
        on_publish(a, conn, head, body);
        break;
    case LP_MQTT_PUBACK:
        on_puback(a, conn, body);
        break;
    case LP_MQTT_PINGREQ:
        on_pingreq(a, conn);
        break;
    case LP_MQTT_DISCONNECT:
        on_disconnect(a, conn);
        break;
    default:
        refuse(a, conn, "packet type", "not one that a client may send here");
        break;
    }
}
