// SPDX-License-Identifier: Apache-2.0
// Who may connect, and who has to go: by policy, or because the client id connected elsewhere.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "announce.h"
#include "gateway_private.h"
#include "jit.h"

enum { V4_REFUSED_VERSION = 1, V4_NOT_AUTHORIZED = 5, V5_UNSUPPORTED_VERSION = 0x84 };
enum { YOUNG_MS = 2000 };

static char *text_of(lp_span_t s)
{
    char *text = malloc(s.len + 1);
    if (text != NULL) {
        memcpy(text, s.len > 0 ? (const void *)s.ptr : "", s.len);
        text[s.len] = '\0';
    }
    return text;
}

static void connack(client_t *c, lp_mqtt_version_t v, uint8_t code)
{
    uint8_t room[16];
    lp_buf_t out = lp_buf(room, sizeof room);
    if (lp_mqtt_encode_connack(&out, v, false, code, lp_span(NULL, 0)) == LP_OK) {
        gw_send(c, lp_buf_span(&out));
    }
}

// Told before the client knows.
static bool refuse(client_t *c, const char *topic, const char *reason)
{
    gw_note(c, "refused", topic, reason);
    lp_journal_flush(&c->gateway->journal, c->gateway->reg);
    connack(c, LP_MQTT_V4, V4_NOT_AUTHORIZED);
    return false;
}

static bool open_pass(client_t *c, const lp_mqtt_connect_t *k)
{
    char *user = k->username != NULL ? text_of(*k->username) : NULL;
    char *word = k->password != NULL ? text_of(*k->password) : NULL;
    bool ok = lp_pass_open(&c->gateway->key, user, word, &c->pass);
    free(user);
    free(word);
    return ok;
}

static bool keep_will(client_t *c, const lp_mqtt_will_t *w)
{
    if (w == NULL) {
        return true;
    }
    c->will = (will_t){.topic = text_of(w->topic),
                       .payload = text_of(w->payload),
                       .payload_len = w->payload.len,
                       .qos = w->qos,
                       .retain = w->is_retained};
    return c->will.topic != NULL && c->will.payload != NULL;
}

// Frees the document.
static void announce(void *gateway, const char *topic, char *document)
{
    if (document != NULL) {
        gw_announce(gateway, topic, document, strlen(document), 0);
        free(document);
    }
}

static void announce_presence(client_t *c, bool connected)
{
    char topic[300];
    lp_gateway_t *g = c->gateway;
    const lp_presence_t p = {.client_id = c->id,
                             .certificate_id = c->pass.certificate_id,
                             .address = connected ? c->pass.address : NULL,
                             .at_ms = gw_wall_ms(),
                             .version = ++g->presence};
    char *doc = lp_announce_presence(&p, connected, topic);
    announce(g, topic, doc);
}

// --- takeover -----------------------------------------------------------------------------------

static client_t *find(lp_gateway_t *g, const char *id)
{
    for (client_t *c = g->clients; c != NULL; c = c->next) {
        if (c->state == CLIENT_OPEN && strcmp(c->id, id) == 0) {
            return c;
        }
    }
    return NULL;
}

// The others hear of it from NATS.
static void take_over(client_t *c)
{
    char subject[LP_SUBJECT_SIZE + 20];
    char token[LP_SUBJECT_SIZE];
    char stamp[80];
    lp_gateway_t *g = c->gateway;
    client_t *former = find(g, c->id);
    if (former != NULL) {
        gw_note(former, "kick", NULL, "the same client id connected again");
        gw_client_drop(former);
    }
    lp_subject_of_text(lp_span_str(c->id), token);
    snprintf(subject, sizeof subject, "ctl.takeover.%s", token);
    int n = snprintf(stamp, sizeof stamp, "%lld %s", (long long)c->since_ms, g->instance);
    link_publish(g->link, subject, stamp, (size_t)n);
}

// Of two that came at the same moment at two gateways the same one goes on both sides; otherwise
// the one that is here does, whatever the clocks say.
static bool gives_way(const client_t *c, long long since_ms, const char *instance)
{
    if (gw_wall_ms() - c->since_ms > YOUNG_MS) {
        return true;
    }
    return c->since_ms != since_ms ? c->since_ms < since_ms
                                   : strcmp(c->gateway->instance, instance) < 0;
}

static void taken_over(lp_gateway_t *g, const char *id, const link_item_t *item)
{
    char stamp[80];
    char instance[sizeof stamp];
    long long since_ms = 0;
    snprintf(stamp, sizeof stamp, "%.*s", (int)item->payload_len,
             item->payload_len > 0 ? (const char *)item->payload : "");
    client_t *c = find(g, id);
    if (c == NULL || sscanf(stamp, "%lld %79s", &since_ms, instance) != 2 ||
        strcmp(instance, g->instance) == 0 || !gives_way(c, since_ms, instance)) {
        return;
    }
    gw_note(c, "kick", NULL, "the same client id connected at another gateway");
    gw_client_drop(c);
}

static void direct(lp_gateway_t *g, const char *id, const char *tail, const link_item_t *item)
{
    char topic[LP_SUBJECT_SIZE];
    client_t *c = find(g, id);
    if (c != NULL && lp_subject_topic(tail, topic)) {
        const lp_reg_message_t m = {
            .topic = topic, .payload = item->payload, .payload_len = item->payload_len};
        gw_deliver(c, &m);
    }
}

void gw_control(lp_gateway_t *g, const link_item_t *item)
{
    static const char takeover[] = "ctl.takeover.";
    static const char to[] = "ctl.to.";
    char id[LP_SUBJECT_SIZE];
    char token[LP_SUBJECT_SIZE];
    bool is_to = strncmp(item->subject, to, sizeof to - 1) == 0;
    bool is_takeover = strncmp(item->subject, takeover, sizeof takeover - 1) == 0;
    const char *at = item->subject + (is_to ? sizeof to : sizeof takeover) - 1;
    size_t len = is_to || is_takeover ? strcspn(at, ".") : 0;
    if (len == 0 || len >= LP_SUBJECT_SIZE) {
        return;
    }
    memcpy(token, at, len);
    token[len] = '\0';
    if (!lp_subject_text(token, id)) {
        return;
    }
    if (is_takeover) {
        taken_over(g, id, item);
    } else if (at[len] == '.') {
        direct(g, id, at + len + 1, item);
    }
}

// --- CONNECT ------------------------------------------------------------------------------------

static bool may_connect(client_t *c, lp_decision_t *d)
{
    return lp_session_check(c->session, LP_ACTION_CONNECT, c->id, d) &&
           (c->will.topic == NULL ||
            (lp_session_check(c->session, LP_ACTION_PUBLISH, c->will.topic, d) &&
             (!c->will.retain ||
              lp_session_check(c->session, LP_ACTION_RETAIN_PUBLISH, c->will.topic, d))));
}

static bool admit(client_t *c)
{
    c->since_ms = gw_wall_ms();
    take_over(c);
    c->state = CLIENT_OPEN;
    connack(c, LP_MQTT_V4, 0);
    gw_note(c, "connect", NULL, "MQTT 3.1.1");
    announce_presence(c, true);
    return true;
}

static bool judge(client_t *c, const lp_mqtt_connect_t *k)
{
    lp_decision_t d = {0};
    const char *fault = lp_client_id_fault(c->id);
    const lp_session_config_t config = {.certificate_id = c->pass.certificate_id,
                                        .client_id = c->id,
                                        .address = c->pass.address,
                                        .persistent = !k->clean_start,
                                        .last_will = k->will != NULL};
    if (k->client_id.len >= sizeof c->id || fault[0] != '\0') {
        return refuse(c, NULL, fault[0] != '\0' ? fault : "the client id is longer than 128 bytes");
    }
    if (!lp_session_open(c->gateway->reg, &c->gateway->scope, &config, &c->session, &d)) {
        const lp_jit_t jit = {.reg = c->gateway->reg,
                              .scope = &c->gateway->scope,
                              .announce = announce,
                              .arg = c->gateway};
        lp_jit_register(&jit, &c->pass, &d);
        return refuse(c, NULL, d.reason);
    }
    if (!keep_will(c, k->will)) {
        return refuse(c, NULL, "out of memory");
    }
    return may_connect(c, &d) ? admit(c) : refuse(c, NULL, d.reason);
}

bool gw_connect(client_t *c, lp_span_t body)
{
    lp_mqtt_connect_in_t in;
    uint8_t level = lp_mqtt_connect_level(body);
    if (level != LP_MQTT_V4) {
        bool is_v5 = level == LP_MQTT_V5;
        gw_note(c, "refused", NULL, "only MQTT 3.1.1 is spoken here");
        connack(c, is_v5 ? LP_MQTT_V5 : LP_MQTT_V4,
                is_v5 ? V5_UNSUPPORTED_VERSION : V4_REFUSED_VERSION);
        return false;
    }
    if (lp_mqtt_decode_connect(LP_MQTT_V4, body, &in) != LP_OK) {
        return false;
    }
    snprintf(c->id, sizeof c->id, "%.*s", (int)in.connect.client_id.len,
             in.connect.client_id.len > 0 ? (const char *)in.connect.client_id.ptr : "");
    if (!open_pass(c, &in.connect)) {
        return refuse(c, NULL, "it did not come through the front");
    }
    return judge(c, &in.connect);
}

void gw_disconnected(client_t *c)
{
    gw_note(c, "disconnect", NULL, NULL);
    announce_presence(c, false);
}

void gw_kick_invalid(lp_gateway_t *g)
{
    lp_decision_t d = {0};
    for (client_t *c = g->clients; c != NULL; c = c->next) {
        if (c->state == CLIENT_OPEN && !lp_session_valid(c->session, &d)) {
            gw_note(c, "kick", NULL, d.reason);
            gw_client_drop(c);
        }
    }
}
