// SPDX-License-Identifier: Apache-2.0
// Messages on their way to clients. iot:Receive is asked for each.
#include <stdlib.h>
#include <string.h>

#include "gateway_private.h"
#include "limpet/fleet.h"

static bool may_receive(client_t *c, const lp_reg_message_t *m)
{
    lp_decision_t d = {0};
    if (lp_session_check(c->session, LP_ACTION_RECEIVE, m->topic, &d)) {
        return true;
    }
    gw_note(c, "refused", m->topic, d.reason);
    return false;
}

static bool is_in_flight(const client_t *c, uint16_t id)
{
    for (size_t i = 0; i < IN_FLIGHT_MAX; i++) {
        if (c->in_flight[i] == id) {
            return true;
        }
    }
    return false;
}

static void set_in_flight(client_t *c, uint16_t from, uint16_t to)
{
    for (size_t i = 0; i < IN_FLIGHT_MAX; i++) {
        if (c->in_flight[i] == from) {
            c->in_flight[i] = to;
            c->in_flight_count += to != 0 ? 1 : -1;
            return;
        }
    }
}

static uint16_t next_id(client_t *c)
{
    do {
        c->last_id = c->last_id == UINT16_MAX ? 1 : (uint16_t)(c->last_id + 1);
    } while (is_in_flight(c, c->last_id));
    return c->last_id;
}

// Behind the fixed header and the topic.
static void put_id(uint8_t *packet, uint16_t id)
{
    size_t at = 1;
    while ((packet[at] & 0x80) != 0) {
        at++;
    }
    at++;
    at += 2 + ((size_t)packet[at] << 8 | packet[at + 1]);
    packet[at] = (uint8_t)(id >> 8);
    packet[at + 1] = (uint8_t)id;
}

static void send_first(client_t *c)
{
    waiting_t *w = c->waiting;
    uint16_t id = next_id(c);
    put_id(w->packet, id);
    c->waiting = w->next;
    c->waiting_last = c->waiting == NULL ? &c->waiting : c->waiting_last;
    c->waiting_count--;
    c->waiting_bytes -= w->len;
    set_in_flight(c, 0, id);
    if (!gw_send(c, lp_span(w->packet, w->len))) {
        gw_client_fail(c);
    }
    free(w);
}

static waiting_t *encode(const lp_reg_message_t *m)
{
    const lp_mqtt_publish_t p = {.topic = lp_span_str(m->topic),
                                 .payload = lp_span(m->payload, m->payload_len),
                                 .payload_len = m->payload_len,
                                 .packet_id = m->qos > 0 ? 1 : 0,
                                 .qos = (uint8_t)m->qos,
                                 .is_retained = m->retain};
    size_t len = lp_mqtt_publish_len(LP_MQTT_V4, &p);
    waiting_t *w = calloc(1, sizeof *w + len);
    if (w != NULL) {
        lp_buf_t out = lp_buf(w->packet, len);
        w->len = len;
        if (lp_mqtt_encode_publish(&out, LP_MQTT_V4, &p) != LP_OK || out.len != len) {
            free(w);
            w = NULL;
        }
    }
    return w;
}

// A client that does not keep up is let go rather than left without some of its messages.
static void fail_slow(client_t *c)
{
    if (!c->is_failed) {
        gw_note(c, "kick", NULL, "it does not take its messages");
        gw_client_fail(c);
    }
}

static void enqueue(client_t *c, waiting_t *w)
{
    if (c->waiting_count >= WAITING_MAX || c->waiting_bytes >= WAITING_BYTES) {
        free(w);
        fail_slow(c);
        return;
    }
    *c->waiting_last = w;
    c->waiting_last = &w->next;
    c->waiting_count++;
    c->waiting_bytes += w->len;
    if (c->in_flight_count < IN_FLIGHT_MAX) {
        send_first(c);
    }
}

void gw_deliver(client_t *c, const lp_reg_message_t *m)
{
    if (c->state != CLIENT_OPEN || c->is_failed || !may_receive(c, m)) {
        return;
    }
    waiting_t *w = encode(m);
    if (w == NULL) {
        fail_slow(c);
    } else if (m->qos > 0) {
        enqueue(c, w);
    } else {
        if (!gw_send(c, lp_span(w->packet, w->len))) {
            fail_slow(c);
        }
        free(w);
    }
}

void gw_message(lp_gateway_t *g, const link_item_t *item)
{
    char topic[LP_SUBJECT_SIZE];
    const feed_t *feed = g->feeds[item->id % BUCKETS];
    while (feed != NULL && feed->id != item->id) {
        feed = feed->next;
    }
    if (feed == NULL || item->subject[0] != 'q' || item->subject[1] == '\0' ||
        item->subject[2] != '.' || !lp_subject_topic(item->subject + 3, topic) ||
        lp_fleet_is_request(topic) || lp_rules_is_ingest(topic)) {
        return;
    }
    for (const sub_t *s = feed->subs; s != NULL; s = s->of_feed) {
        const lp_reg_message_t m = {.topic = topic,
                                    .payload = item->payload,
                                    .payload_len = item->payload_len,
                                    .qos = item->subject[1] == '1' && s->qos > 0 ? 1 : 0};
        gw_deliver(s->client, &m);
    }
}

void gw_acknowledged(client_t *c, uint16_t packet_id)
{
    if (packet_id != 0 && is_in_flight(c, packet_id)) {
        set_in_flight(c, packet_id, 0);
    }
    while (c->waiting != NULL && c->in_flight_count < IN_FLIGHT_MAX) {
        send_first(c);
    }
}

void gw_waiting_free(client_t *c)
{
    while (c->waiting != NULL) {
        waiting_t *w = c->waiting;
        c->waiting = w->next;
        free(w);
    }
}
