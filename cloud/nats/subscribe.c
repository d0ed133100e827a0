// SPDX-License-Identifier: Apache-2.0
// Clients of a gateway that named the same filter share one feed from the cluster. A SUBACK goes
// out when every feed of the SUBSCRIBE is there, so that what is published after it arrives.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "announce.h"
#include "gateway_private.h"
#include "limpet/base64.h"
#include "limpet/front_filter.h"

enum { SUB_REFUSED = 0x80, FILTER_SIZE = 640 };

// --- feeds --------------------------------------------------------------------------------------

static feed_t *find_feed(lp_gateway_t *g, const char *subject, bool is_stored)
{
    for (size_t i = 0; i < BUCKETS; i++) {
        for (feed_t *f = g->feeds[i]; f != NULL; f = f->next) {
            if (f->is_stored == is_stored && strcmp(f->subject, subject) == 0) {
                return f;
            }
        }
    }
    return NULL;
}

static feed_t *get_feed(lp_gateway_t *g, const char *subject, bool is_stored)
{
    feed_t *f = find_feed(g, subject, is_stored);
    size_t len = strlen(subject);
    if (f != NULL) {
        return f;
    }
    f = calloc(1, sizeof *f + len + 1);
    if (f == NULL || !link_follow(g->link, g->last_feed + 1, subject, is_stored)) {
        free(f);
        return NULL;
    }
    f->id = ++g->last_feed;
    f->is_stored = is_stored;
    memcpy(f->subject, subject, len + 1);
    feed_t **bucket = &g->feeds[f->id % BUCKETS];
    f->next = *bucket;
    *bucket = f;
    return f;
}

static void drop_feed_if_idle(lp_gateway_t *g, feed_t *feed)
{
    feed_t **at = &g->feeds[feed->id % BUCKETS];
    if (feed->subs != NULL) {
        return;
    }
    while (*at != feed) {
        at = &(*at)->next;
    }
    *at = feed->next;
    link_unfollow(g->link, feed->id);
    free(feed);
}

// --- SUBACK -------------------------------------------------------------------------------------

static bool send_suback(client_t *c, uint8_t type, uint16_t packet_id, const uint8_t *code,
                        size_t count)
{
    uint8_t packet[4 + LP_MQTT_FILTERS_MAX] = {(uint8_t)(type << 4), (uint8_t)(2 + count),
                                               (uint8_t)(packet_id >> 8), (uint8_t)packet_id};
    if (count > 0) {
        memcpy(packet + 4, code, count);
    }
    return gw_send(c, lp_span(packet, 4 + count));
}

// Sends those that wait for nothing more.
static void flush_subacks(client_t *c)
{
    for (suback_t **at = &c->subacks; *at != NULL;) {
        suback_t *s = *at;
        if (s->open > 0) {
            at = &s->next;
            continue;
        }
        *at = s->next;
        if (!send_suback(c, LP_MQTT_SUBACK, s->packet_id, s->code, s->count)) {
            gw_client_fail(c);
        }
        free(s);
    }
}

static void settle(client_t *c, uint64_t feed, bool ok)
{
    for (suback_t *s = c->subacks; s != NULL; s = s->next) {
        for (size_t i = 0; i < s->count; i++) {
            if (s->feed[i] == feed) {
                s->feed[i] = 0;
                s->open--;
                s->code[i] = ok ? s->code[i] : SUB_REFUSED;
            }
        }
    }
}

// --- subscriptions ------------------------------------------------------------------------------

static sub_t *find_sub(client_t *c, const char *filter)
{
    sub_t *s = c->subs;
    while (s != NULL && strcmp(s->filter, filter) != 0) {
        s = s->of_client;
    }
    return s;
}

static void remove_sub(sub_t *sub)
{
    client_t *c = sub->client;
    feed_t *feed = sub->feed;
    sub_t **at = &c->subs;
    while (*at != sub) {
        at = &(*at)->of_client;
    }
    *at = sub->of_client;
    at = &feed->subs;
    while (*at != sub) {
        at = &(*at)->of_feed;
    }
    *at = sub->of_feed;
    c->sub_count--;
    settle(c, feed->id, true);
    free(sub);
    drop_feed_if_idle(c->gateway, feed);
}

static sub_t *add_sub(client_t *c, feed_t *feed, const char *filter, uint8_t qos)
{
    size_t len = strlen(filter);
    sub_t *s = calloc(1, sizeof *s + len + 1);
    if (s == NULL) {
        drop_feed_if_idle(c->gateway, feed);
        return NULL;
    }
    *s =
        (sub_t){.client = c, .feed = feed, .of_client = c->subs, .of_feed = feed->subs, .qos = qos};
    memcpy(s->filter, filter, len + 1);
    c->subs = s;
    feed->subs = s;
    c->sub_count++;
    return s;
}

// A retained message is for who subscribed to exactly its topic.
static void send_retained(sub_t *s)
{
    lp_gateway_t *g = s->client->gateway;
    cJSON *doc = NULL;
    s->wants_retained = false;
    if (strpbrk(s->filter, "+#") != NULL ||
        lp_reg_retained_get(g->reg, &g->scope, s->filter, &doc) != LP_REG_OK) {
        return;
    }
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(doc, "payload"));
    double qos = cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(doc, "qos"));
    size_t cap = text != NULL ? strlen(text) + 1 : 1;
    uint8_t *room = malloc(cap);
    lp_buf_t bytes = lp_buf(room, cap);
    if (room != NULL && text != NULL && lp_base64_decode(&bytes, lp_span_str(text)) == LP_OK) {
        const lp_reg_message_t m = {.topic = s->filter,
                                    .payload = room,
                                    .payload_len = bytes.len,
                                    .qos = qos >= 1 && s->qos >= 1 ? 1 : 0,
                                    .retain = true};
        gw_deliver(s->client, &m);
    }
    free(room);
    cJSON_Delete(doc);
}

static void note_subscription(client_t *c, const char *filter, bool subscribed)
{
    char topic[300];
    const lp_presence_t p = {.client_id = c->id,
                             .certificate_id = c->pass.certificate_id,
                             .at_ms = gw_wall_ms(),
                             .version = ++c->gateway->presence};
    char *doc = lp_announce_subscription(&p, filter, subscribed, topic);
    if (doc != NULL) {
        gw_announce(c->gateway, topic, doc, strlen(doc), 0);
        free(doc);
    }
    if (subscribed) {
        gw_note(c, "subscribe", filter, NULL);
    }
}

// The filter as the client named it, before the front added a level.
static bool original(lp_span_t filter, char out[FILTER_SIZE])
{
    char text[FILTER_SIZE];
    if (filter.len >= sizeof text) {
        return false;
    }
    memcpy(text, filter.ptr, filter.len);
    text[filter.len] = '\0';
    lp_filter_original(text, out, FILTER_SIZE);
    return true;
}

static bool may_subscribe(client_t *c, const char *filter, lp_decision_t *d)
{
    const char *fault = lp_topic_fault(filter, true);
    if (fault[0] == '\0' && lp_rules_is_ingest(filter)) {
        fault = "basic ingest is for publishing only";
    }
    if (fault[0] == '\0' && c->sub_count >= SUBSCRIPTIONS_MAX && find_sub(c, filter) == NULL) {
        fault = "the connection has 50 subscriptions already";
    }
    if (fault[0] != '\0') {
        snprintf(d->reason, sizeof d->reason, "%s", fault);
        return false;
    }
    return lp_session_check(c->session, LP_ACTION_SUBSCRIBE, filter, d);
}

// The feed for it; 0: it cannot be had.
static uint64_t subscribe(client_t *c, const char *filter, uint8_t qos, bool *is_ready)
{
    char subject[LP_SUBJECT_SIZE];
    sub_t *former = find_sub(c, filter);
    feed_t *feed = lp_subject_of_filter(lp_span_str(filter), subject)
                       ? get_feed(c->gateway, subject, qos > 0)
                       : NULL;
    if (feed == NULL) {
        return 0;
    }
    bool is_same = former != NULL && former->feed == feed;
    sub_t *s = is_same ? former : add_sub(c, feed, filter, qos);
    if (s == NULL) {
        return 0;
    }
    if (former != NULL && !is_same) {
        remove_sub(former);
    }
    s->qos = qos;
    s->wants_retained = true;
    *is_ready = feed->is_ready;
    return feed->id;
}

static bool take_filter(client_t *c, suback_t *s, const lp_mqtt_filter_t *f)
{
    char filter[FILTER_SIZE];
    lp_decision_t d = {0};
    bool is_ready = false;
    if (!original(f->filter, filter)) {
        return false;
    }
    if (!may_subscribe(c, filter, &d)) {
        gw_note(c, "refused", filter, d.reason);
        return false; // AWS ends the connection
    }
    uint64_t feed = subscribe(c, filter, f->qos > 0 ? 1 : 0, &is_ready);
    size_t i = s->count++;
    s->code[i] = feed != 0 ? (f->qos > 0 ? 1 : 0) : SUB_REFUSED;
    if (feed == 0) {
        gw_note(c, "refused", filter, "shared subscriptions are not served here");
        return true;
    }
    note_subscription(c, filter, true);
    s->feed[i] = is_ready ? 0 : feed;
    s->open += is_ready ? 0 : 1;
    return true;
}

static void send_all_retained(client_t *c)
{
    for (sub_t *s = c->subs; s != NULL; s = s->of_client) {
        if (s->wants_retained && s->feed->is_ready) {
            send_retained(s);
        }
    }
}

bool gw_subscribe(client_t *c, const lp_mqtt_filters_t *in)
{
    suback_t *s = calloc(1, sizeof *s);
    if (s == NULL) {
        return false;
    }
    s->packet_id = in->packet_id;
    s->next = c->subacks;
    c->subacks = s;
    for (size_t i = 0; i < in->count; i++) {
        if (!take_filter(c, s, &in->filter[i])) {
            return false;
        }
    }
    flush_subacks(c);
    send_all_retained(c);
    return true;
}

bool gw_unsubscribe(client_t *c, const lp_mqtt_filters_t *in)
{
    char filter[FILTER_SIZE];
    for (size_t i = 0; i < in->count; i++) {
        if (!original(in->filter[i].filter, filter)) {
            return false;
        }
        sub_t *s = find_sub(c, filter);
        if (s != NULL) {
            remove_sub(s);
        }
        note_subscription(c, filter, false);
    }
    flush_subacks(c);
    return send_suback(c, LP_MQTT_UNSUBACK, in->packet_id, NULL, 0);
}

void gw_followed(lp_gateway_t *g, uint64_t id, bool ok)
{
    feed_t *feed = g->feeds[id % BUCKETS];
    while (feed != NULL && feed->id != id) {
        feed = feed->next;
    }
    if (feed == NULL) {
        return; // nobody wants it any more
    }
    feed->is_ready = ok;
    for (sub_t *s = feed->subs, *next = NULL; s != NULL; s = next) {
        client_t *c = s->client;
        next = s->of_feed;
        settle(c, id, ok);
        flush_subacks(c);
        if (ok) {
            send_all_retained(c);
        } else {
            gw_note(c, "refused", s->filter, "the cluster does not serve the subscription");
            bool is_last = next == NULL;
            remove_sub(s);
            if (is_last) {
                return; // the feed is gone too
            }
        }
    }
}

void gw_unsubscribe_all(client_t *c)
{
    while (c->subs != NULL) {
        remove_sub(c->subs);
    }
    while (c->subacks != NULL) {
        suback_t *s = c->subacks;
        c->subacks = s->next;
        free(s);
    }
}
