// SPDX-License-Identifier: Apache-2.0
// Messages on their way to the cluster. One of QoS 1 is asked for again every second until the
// stream has it; its client hears of it then and not before. When that takes too long the client is
// let go: it still has the message and sends it again.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway_private.h"
#include "limpet/fleet.h"

enum { RESEND_MS = 1000, GIVE_UP_MS = 30000, TELL_MS = 10000 };

static pending_t **bucket_of(lp_gateway_t *g, uint64_t id)
{
    return &g->pending[id % BUCKETS];
}

static void send_pending(lp_gateway_t *g, pending_t *p)
{
    p->sent_ms = g->now_ms;
    link_store(g->link, p->id, p->subject, p->payload, p->len); // if not, then the next time
}

static void free_pending(pending_t *p)
{
    free(p->subject);
    free(p);
}

static bool store(lp_gateway_t *g, client_t *c, uint16_t packet_id, const char *tail,
                  const lp_reg_message_t *m)
{
    char subject[LP_SUBJECT_SIZE + 8];
    pending_t *p = calloc(1, sizeof *p + m->payload_len);
    snprintf(subject, sizeof subject, "q1.%s", tail);
    char *copy = strdup(subject);
    if (p == NULL || copy == NULL) {
        free(p);
        free(copy);
        return false;
    }
    *p = (pending_t){.next = NULL,
                     .id = ++g->last_pending,
                     .client = c,
                     .packet_id = packet_id,
                     .since_ms = g->now_ms,
                     .subject = copy,
                     .retain = m->retain,
                     .len = m->payload_len};
    if (m->payload_len > 0) {
        memcpy(p->payload, m->payload, m->payload_len);
    }
    pending_t **bucket = bucket_of(g, p->id);
    p->next = *bucket;
    *bucket = p;
    if (c != NULL) {
        c->pending++;
        c->pending_bytes += m->payload_len;
    }
    send_pending(g, p);
    return true;
}

static bool acknowledge(client_t *c, uint16_t packet_id)
{
    uint8_t room[8];
    lp_buf_t out = lp_buf(room, sizeof room);
    return lp_mqtt_encode_ack(&out, LP_MQTT_V4, LP_MQTT_PUBACK, packet_id, 0) == LP_OK &&
           gw_send(c, lp_buf_span(&out));
}

// c null: the cloud itself.
static void write_down(lp_gateway_t *g, const client_t *c, const lp_reg_message_t *m,
                       bool acknowledged)
{
    const lp_reg_event_t e = {
        .kind = "publish",
        .client = c != NULL ? c->id : "(REST)",
        .certificate = c != NULL ? c->pass.certificate_id : NULL,
        .thing = c != NULL && c->session != NULL ? lp_session_thing(c->session) : NULL,
        .topic = m->topic,
        .qos = m->qos,
        .retain = m->retain,
        .acknowledged = acknowledged,
        // An ownership token does not belong in a log.
        .payload = lp_fleet_is_request(m->topic) ? NULL : m->payload,
        .payload_len = m->payload_len,
    };
    lp_journal_add(&g->journal, g->reg, &e);
}

// What a client had acknowledged is written down as that, and not before.
static void write_stored(lp_gateway_t *g, const pending_t *p)
{
    char topic[LP_SUBJECT_SIZE];
    if (p->client != NULL && lp_subject_topic(p->subject + strlen("q1."), topic)) {
        const lp_reg_message_t m = {.topic = topic,
                                    .payload = p->len > 0 ? p->payload : NULL,
                                    .payload_len = p->len,
                                    .qos = 1,
                                    .retain = p->retain};
        write_down(g, p->client, &m, true);
    }
}

// A full stream is its owner's business: the log says it soon, and not for each message.
static void tell_refused(lp_gateway_t *g, const pending_t *p)
{
    char topic[LP_SUBJECT_SIZE];
    char said[120];
    char words[200];
    if (p->client == NULL || !lp_subject_topic(p->subject + strlen("q1."), topic) ||
        (g->told_ms != 0 && g->now_ms - g->told_ms < TELL_MS)) {
        return;
    }
    g->told_ms = g->now_ms;
    link_refusal(g->link, said, sizeof said);
    snprintf(words, sizeof words, "the cluster does not store it, and is asked again: %s", said);
    gw_note(p->client, "waiting", topic, words);
}

void gw_stored(lp_gateway_t *g, uint64_t id, bool ok)
{
    pending_t **at = bucket_of(g, id);
    while (*at != NULL && (*at)->id != id) {
        at = &(*at)->next;
    }
    pending_t *p = *at;
    if (p == NULL) {
        return; // an answer to the second asking
    }
    if (!ok) {
        tell_refused(g, p);
        return;
    }
    *at = p->next;
    write_stored(g, p);
    client_t *c = p->client;
    if (c != NULL) {
        c->pending--;
        c->pending_bytes -= p->len;
        if (!acknowledge(c, p->packet_id)) {
            gw_client_fail(c);
        }
        gw_client_step(c, false);
    }
    free_pending(p);
}

static void each_pending(lp_gateway_t *g, void (*fn)(lp_gateway_t *g, pending_t *p))
{
    for (size_t i = 0; i < BUCKETS; i++) {
        for (pending_t *p = g->pending[i]; p != NULL; p = p->next) {
            fn(g, p);
        }
    }
}

static void give_up(lp_gateway_t *g, client_t *c)
{
    char words[200];
    char said[120];
    link_refusal(g->link, said, sizeof said);
    snprintf(words, sizeof words, "the cluster does not store its messages%s%s",
             said[0] != '\0' ? "; it said: " : "", said);
    gw_note(c, "kick", NULL, words);
    gw_client_fail(c);
}

static void look_at(lp_gateway_t *g, pending_t *p)
{
    if (g->now_ms - p->since_ms > GIVE_UP_MS && p->client != NULL && !p->client->is_failed) {
        give_up(g, p->client);
    }
    if (g->now_ms - p->sent_ms >= RESEND_MS) {
        send_pending(g, p);
    }
}

// What nobody waits for any more.
static void forget_old(lp_gateway_t *g)
{
    for (size_t i = 0; i < BUCKETS; i++) {
        for (pending_t **at = &g->pending[i]; *at != NULL;) {
            pending_t *p = *at;
            if (p->client == NULL && g->now_ms - p->since_ms > GIVE_UP_MS) {
                *at = p->next;
                free_pending(p);
            } else {
                at = &p->next;
            }
        }
    }
}

void gw_pending_tick(lp_gateway_t *g)
{
    each_pending(g, look_at);
    forget_old(g);
}

// What was under way when a node went is gone with it.
void gw_pending_resend(lp_gateway_t *g)
{
    each_pending(g, send_pending);
}

// It was not told that they are stored, so it sends them again when it comes back.
void gw_pending_forget(client_t *c)
{
    for (size_t i = 0; c->pending > 0 && i < BUCKETS; i++) {
        for (pending_t **at = &c->gateway->pending[i]; *at != NULL;) {
            pending_t *p = *at;
            if (p->client == c) {
                *at = p->next;
                c->pending--;
                c->pending_bytes -= p->len;
                free_pending(p);
            } else {
                at = &p->next;
            }
        }
    }
}

void gw_pending_free(lp_gateway_t *g)
{
    for (size_t i = 0; i < BUCKETS; i++) {
        while (g->pending[i] != NULL) {
            pending_t *p = g->pending[i];
            g->pending[i] = p->next;
            free_pending(p);
        }
    }
}

// --- what the cloud itself does with a message --------------------------------------------------

static void send_to_client(lp_gateway_t *g, const char *client, const lp_reg_message_t *m)
{
    char token[LP_SUBJECT_SIZE];
    char tail[LP_SUBJECT_SIZE];
    char subject[2 * LP_SUBJECT_SIZE + 20];
    if (lp_subject_of_text(lp_span_str(client), token) &&
        lp_subject_of_topic(lp_span_str(m->topic), tail)) {
        snprintf(subject, sizeof subject, "ctl.to.%s.%s", token, tail);
        link_publish(g->link, subject, m->payload, m->payload_len);
    }
}

static bool send_to_all(lp_gateway_t *g, client_t *c, uint16_t packet_id, const lp_reg_message_t *m)
{
    char tail[LP_SUBJECT_SIZE];
    char subject[LP_SUBJECT_SIZE + 8];
    if (!lp_subject_of_topic(lp_span_str(m->topic), tail)) {
        return false;
    }
    if (m->qos > 0) {
        return store(g, c, packet_id, tail, m);
    }
    snprintf(subject, sizeof subject, "q0.%s", tail);
    link_publish(g->link, subject, m->payload, m->payload_len); // QoS 0: if not, then not
    return true;
}

void gw_announce(lp_gateway_t *g, const char *topic, const void *payload, size_t len, int qos)
{
    const lp_reg_message_t m = {.topic = topic, .payload = payload, .payload_len = len, .qos = qos};
    (void)send_to_all(g, NULL, 0, &m);
}

typedef struct {
    lp_gateway_t *gateway;
    client_t *client; // that asked; null: the cloud itself
} reply_t;

static void reply(void *arg, const char *client, const char *topic, const void *payload, size_t len)
{
    const reply_t *to = arg;
    const lp_reg_message_t m = {.topic = topic, .payload = payload, .payload_len = len};
    if (client == NULL) {
        gw_announce(to->gateway, topic, payload, len, 0);
    } else if (to->client != NULL && strcmp(to->client->id, client) == 0) {
        gw_deliver(to->client, &m);
    } else {
        send_to_client(to->gateway, client, &m);
    }
}

static void serve(lp_gateway_t *g, client_t *c, const lp_reg_message_t *m)
{
    reply_t to = {.gateway = g, .client = c};
    const lp_service_out_t out = {.send = reply, .arg = &to};
    const lp_service_request_t request = {.reg = g->reg,
                                          .scope = &g->scope,
                                          .client = c != NULL ? c->id : NULL,
                                          .certificate = c != NULL ? c->pass.certificate_id : NULL,
                                          .topic = m->topic,
                                          .payload = m->payload,
                                          .payload_len = m->payload_len};
    if (c != NULL) {
        lp_service_handle(&request, &out);
    }
    // What an owner publishes by REST sets off rules too; what services announce does not.
    if (c != NULL || m->topic[0] != '$' || lp_rules_is_ingest(m->topic)) {
        lp_rules_run(g->rules, &request, &out);
    }
}

// --- from clients -------------------------------------------------------------------------------

static bool may_publish(client_t *c, const lp_reg_message_t *m, lp_decision_t *d)
{
    const char *fault = lp_topic_fault(m->topic, false);
    if (fault[0] != '\0') {
        snprintf(d->reason, sizeof d->reason, "%s", fault);
        return false;
    }
    return lp_session_check(c->session, LP_ACTION_PUBLISH, m->topic, d) &&
           (!m->retain || lp_session_check(c->session, LP_ACTION_RETAIN_PUBLISH, m->topic, d));
}

// What is asked of the cloud alone never goes to the cluster.
static bool is_private(const char *topic)
{
    return lp_rules_is_ingest(topic) || lp_fleet_is_request(topic);
}

static bool publish(client_t *c, uint16_t packet_id, const lp_reg_message_t *m)
{
    lp_gateway_t *g = c->gateway;
    lp_decision_t d = {0};
    if (!may_publish(c, m, &d)) {
        gw_note(c, "refused", m->topic, d.reason);
        return false;
    }
    if (m->retain && lp_reg_retained_put(g->reg, &g->scope, m) != LP_REG_OK && m->qos > 0) {
        gw_note(c, "refused", m->topic, lp_reg_error(g->reg)->message);
        return false; // it is not acknowledged, and comes again
    }
    serve(g, c, m);
    bool is_kept_here = is_private(m->topic);
    if (is_kept_here || m->qos == 0 || packet_id == 0) {
        write_down(g, c, m, is_kept_here && packet_id != 0);
    }
    if (is_kept_here) {
        return m->qos == 0 || packet_id == 0 || acknowledge(c, packet_id);
    }
    return send_to_all(g, packet_id != 0 ? c : NULL, packet_id, m);
}

bool gw_publish(client_t *c, const lp_mqtt_publish_t *p)
{
    char topic[TOPIC_SIZE];
    if (p->topic.len >= sizeof topic) {
        return false;
    }
    memcpy(topic, p->topic.ptr, p->topic.len);
    topic[p->topic.len] = '\0';
    const lp_reg_message_t m = {.topic = topic,
                                .payload = p->payload.len > 0 ? p->payload.ptr : NULL,
                                .payload_len = p->payload.len,
                                .qos = p->qos,
                                .retain = p->is_retained};
    return publish(c, p->packet_id, &m);
}

void gw_will(client_t *c)
{
    if (c->will.topic != NULL) {
        const lp_reg_message_t m = {.topic = c->will.topic,
                                    .payload = c->will.payload,
                                    .payload_len = c->will.payload_len,
                                    .qos = c->will.qos,
                                    .retain = c->will.retain};
        (void)publish(c, 0, &m);
    }
}

// --- from the control plane ---------------------------------------------------------------------

static void send_waiting(void *arg, const char *client, const lp_reg_message_t *m)
{
    lp_gateway_t *g = arg;
    if (client != NULL) {
        send_to_client(g, client, m);
    } else {
        (void)send_to_all(g, NULL, 0, m);
    }
    write_down(g, NULL, m, false);
    serve(g, NULL, m);
}

void gw_outbox(lp_gateway_t *g)
{
    lp_reg_outbox_take(g->reg, &g->scope, send_waiting, g);
}
