// SPDX-License-Identifier: Apache-2.0
// The registry as mosquitto's judge: who may connect, publish, subscribe and receive.
//
// The front (cloud/front) ends TLS, checks the certificate's issuer and hands the certificate over
// in a pass; here its SHA-256 is looked up, its policies are asked, and what happened is written
// down.
#include <mosquitto.h>
#include <mosquitto_broker.h>
#include <mosquitto_plugin.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "announce.h"
#include "jit.h"
#include "journal.h"
#include "limpet/fleet.h"
#include "limpet/front_filter.h"
#include "limpet/front_pass.h"
#include "limpet/host.h"
#include "limpet/jobs.h"
#include "limpet/rules.h"
#include "limpet/service.h"
#include "sessions.h"

enum {
    TICK_MS = 50,
    JOBS_MS = 500,
    SWEEP_MS = 1000,
    PROTOCOL_V5 = 5,
    CHECK_SHARE = 4,
    SUBSCRIPTIONS_MAX = 50
};
enum { LP_TOPIC_ROOM = 1024 }; // longer ones are refused

typedef struct {
    mosquitto_plugin_id_t *id;
    lp_registry_t *reg;
    lp_scope_t scope;
    lp_sessions_t sessions;
    lp_journal_t journal;
    lp_rules_t *rules;
    lp_pass_key_t front_key;
    // Who subscribed to a wildcard in this very moment: the broker looks for retained messages now.
    const struct mosquitto *wildcard_by;
    int64_t change;
    long long last_tick_ms;
    long long next_check_ms;
    long long next_jobs_ms;
    long long next_sweep_ms;
    long long presence; // number of the last presence event
} plugin_t;

// What a client is called in the log.
typedef struct {
    const char *client;
    const char *certificate;
    const char *thing;
    const char *address;
} who_t;

static void note(plugin_t *p, const char *kind, const who_t *who, const char *topic,
                 const char *reason)
{
    const lp_reg_event_t e = {
        .kind = kind,
        .client = who->client,
        .certificate = who->certificate,
        .thing = who->thing,
        .address = who->address,
        .topic = topic,
        .reason = reason,
    };
    lp_journal_add(&p->journal, p->reg, &e);
}

static int64_t now_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

// Sends a document and frees it. The broker queues it, so that this is allowed within its
// callbacks.
static void announce(const char *topic, char *document)
{
    if (document != NULL) {
        mosquitto_broker_publish_copy(NULL, topic, (int)strlen(document), document, 0, false, NULL);
        free(document);
    }
}

static void announce_for(void *arg, const char *topic, char *document)
{
    (void)arg;
    announce(topic, document);
}

static lp_presence_t presence_of(plugin_t *p, const lp_session_t *s, const char *address)
{
    return (lp_presence_t){.client_id = lp_session_client(s),
                           .certificate_id = lp_session_certificate(s),
                           .address = address,
                           .at_ms = now_ms(),
                           .version = ++p->presence};
}

// pass null: the client is absent and its session persists.
static lp_session_t *open_session(plugin_t *p, struct mosquitto *client, const char *id,
                                  const lp_pass_t *pass, lp_decision_t *d)
{
    lp_session_t *session = NULL;
    const lp_session_config_t config = {
        .certificate_id = id,
        .client_id = mosquitto_client_id(client),
        .address = pass != NULL ? pass->address : NULL,
        .persistent = !mosquitto_client_clean_session(client),
        .last_will = pass != NULL && pass->last_will,
    };
    return lp_session_open(p->reg, &p->scope, &config, &session, d) ? session : NULL;
}

static int refuse(plugin_t *p, struct mosquitto *client, const lp_pass_t *pass, const char *reason)
{
    const who_t who = {.client = mosquitto_client_id(client),
                       .certificate = pass != NULL ? pass->certificate_id : NULL,
                       .address = pass != NULL ? pass->address : NULL};
    note(p, "refused", &who, NULL, reason);
    lp_journal_flush(&p->journal, p->reg); // told before the client knows
    mosquitto_log_printf(MOSQ_LOG_NOTICE, "limpet: refused %s: %s",
                         who.client != NULL ? who.client : "?", reason);
    return MOSQ_ERR_AUTH;
}

static int admit(plugin_t *p, struct mosquitto *client, const lp_pass_t *pass,
                 lp_session_t *session)
{
    const char *id = pass->certificate_id;
    lp_entry_t *e = lp_sessions_put(&p->sessions, client, session);
    if (e == NULL || mosquitto_set_username(client, id) != MOSQ_ERR_SUCCESS) {
        lp_sessions_remove(&p->sessions, client);
        return refuse(p, client, pass, "out of memory");
    }
    e->connected = true;
    const who_t who = {.client = lp_session_client(session),
                       .certificate = id,
                       .thing = lp_session_thing(session),
                       .address = pass->address};
    note(p, "connect", &who, NULL,
         mosquitto_client_protocol_version(client) == PROTOCOL_V5 ? "MQTT 5" : "MQTT 3.1.1");
    char topic[300];
    const lp_presence_t presence = presence_of(p, session, who.address);
    announce(topic, lp_announce_presence(&presence, true, topic));
    return MOSQ_ERR_SUCCESS;
}

static int judge(plugin_t *p, struct mosquitto *client, const lp_pass_t *pass)
{
    lp_decision_t d = {0};
    const char *fault = lp_client_id_fault(mosquitto_client_id(client));
    if (fault[0] != '\0') {
        return refuse(p, client, pass, fault);
    }
    lp_session_t *session = open_session(p, client, pass->certificate_id, pass, &d);
    if (session == NULL) {
        const lp_jit_t jit = {.reg = p->reg, .scope = &p->scope, .announce = announce_for};
        lp_jit_register(&jit, pass, &d);
        return refuse(p, client, pass, d.reason);
    }
    if (!lp_session_check(session, LP_ACTION_CONNECT, lp_session_client(session), &d)) {
        lp_session_close(session);
        return refuse(p, client, pass, d.reason);
    }
    return admit(p, client, pass, session);
}

static int on_auth(int event, void *event_data, void *userdata)
{
    (void)event;
    const struct mosquitto_evt_basic_auth *ed = event_data;
    plugin_t *p = userdata;
    lp_pass_t pass;
    p->wildcard_by = NULL;
    if (!lp_pass_open(&p->front_key, ed->username, ed->password, &pass)) {
        return refuse(p, ed->client, NULL, "it did not come through the front");
    }
    int rc = judge(p, ed->client, &pass);
    lp_pass_close(&pass);
    return rc;
}

// The session of a client that the broker asks about; made again from its name (the certificate id)
// where the client is absent and its session persists.
static lp_entry_t *session_of(plugin_t *p, struct mosquitto *client)
{
    const char *id = mosquitto_client_username(client);
    lp_decision_t d;
    lp_entry_t *e = lp_sessions_find(&p->sessions, client, mosquitto_client_id(client), id);
    if (e != NULL || id == NULL || mosquitto_client_id(client) == NULL) {
        return e;
    }
    lp_session_t *session = open_session(p, client, id, NULL, &d);
    return session != NULL ? lp_sessions_put(&p->sessions, client, session) : NULL;
}

static bool publish_allowed(lp_session_t *s, const struct mosquitto_evt_acl_check *ed,
                            lp_decision_t *d)
{
    return lp_session_check(s, LP_ACTION_PUBLISH, ed->topic, d) &&
           (!ed->retain || lp_session_check(s, LP_ACTION_RETAIN_PUBLISH, ed->topic, d));
}

// The rules that no policy can lift.
static const char *rule_fault(const struct mosquitto_evt_acl_check *ed, const char *topic)
{
    if (ed->access == MOSQ_ACL_READ && lp_fleet_is_request(topic)) {
        return "requests for provisioning are their sender's alone";
    }
    if (ed->access == MOSQ_ACL_SUBSCRIBE && lp_rules_is_ingest(topic)) {
        return "basic ingest is for publishing only";
    }
    if (ed->access != MOSQ_ACL_WRITE && ed->access != MOSQ_ACL_SUBSCRIBE) {
        return "";
    }
    if (ed->access == MOSQ_ACL_SUBSCRIBE &&
        mosquitto_client_sub_count(ed->client) >= SUBSCRIPTIONS_MAX) {
        return "the connection has 50 subscriptions already";
    }
    return lp_topic_fault(topic, ed->access == MOSQ_ACL_SUBSCRIBE);
}

static bool access_allowed(lp_session_t *s, const struct mosquitto_evt_acl_check *ed,
                           const char *topic, lp_decision_t *d)
{
    const char *fault = rule_fault(ed, topic);
    if (fault[0] != '\0') {
        snprintf(d->reason, sizeof d->reason, "%s", fault);
        return false;
    }
    switch (ed->access) {
    case MOSQ_ACL_WRITE:
        return publish_allowed(s, ed, d);
    case MOSQ_ACL_SUBSCRIBE:
        return lp_session_check(s, LP_ACTION_SUBSCRIBE, topic, d);
    case MOSQ_ACL_READ:
        return lp_session_check(s, LP_ACTION_RECEIVE, topic, d);
    default:
        return true; // leaving a subscription is always allowed
    }
}

// AWS closes the connection of an MQTT 3.1.1 client that does what it may not, which has no other
// way to be told; an MQTT 5 client gets the reason code. Any error but ACL_DENIED makes the broker
// close the connection.
static int denied(plugin_t *p, const struct mosquitto_evt_acl_check *ed, const lp_entry_t *e,
                  const char *topic, const char *reason)
{
    const who_t who = {.client = mosquitto_client_id(ed->client),
                       .certificate = mosquitto_client_username(ed->client),
                       .thing = e != NULL ? lp_session_thing(e->session) : NULL};
    note(p, "refused", &who, topic, reason);
    bool close =
        ed->access != MOSQ_ACL_READ && mosquitto_client_protocol_version(ed->client) != PROTOCOL_V5;
    return close ? MOSQ_ERR_AUTH : MOSQ_ERR_ACL_DENIED;
}

static void note_subscription(plugin_t *p, const struct mosquitto_evt_acl_check *ed,
                              const char *filter, const lp_session_t *s)
{
    char topic[300];
    bool subscribed = ed->access == MOSQ_ACL_SUBSCRIBE;
    const lp_presence_t presence = presence_of(p, s, NULL);
    announce(topic, lp_announce_subscription(&presence, filter, subscribed, topic));
    if (!subscribed) {
        return;
    }
    const who_t who = {.client = lp_session_client(s),
                       .certificate = lp_session_certificate(s),
                       .thing = lp_session_thing(s)};
    note(p, "subscribe", &who, filter, NULL);
}

// Retained messages are for those who subscribed to exactly that topic. The broker asks for each of
// them while it works on the subscription, before anything else happens.
static bool is_retained_for_wildcard(plugin_t *p, const struct mosquitto_evt_acl_check *ed)
{
    if (ed->access != MOSQ_ACL_READ) {
        bool is_wild = ed->access == MOSQ_ACL_SUBSCRIBE && strpbrk(ed->topic, "+#") != NULL;
        p->wildcard_by = is_wild ? ed->client : NULL;
        return false;
    }
    return ed->retain && p->wildcard_by == ed->client;
}

static int judge_access(plugin_t *p, const struct mosquitto_evt_acl_check *ed, lp_entry_t *e)
{
    char topic[LP_TOPIC_ROOM];
    lp_decision_t d = {0};
    bool is_filter = ed->access == MOSQ_ACL_SUBSCRIBE || ed->access == MOSQ_ACL_UNSUBSCRIBE;
    snprintf(topic, sizeof topic, "%s", ed->topic);
    if (is_filter) {
        lp_filter_original(ed->topic, topic, sizeof topic);
    }
    if (e == NULL) {
        return denied(p, ed, NULL, topic, "the certificate is no longer accepted");
    }
    if (!access_allowed(e->session, ed, topic, &d)) {
        return denied(p, ed, e, topic, d.reason);
    }
    if (is_filter) {
        note_subscription(p, ed, topic, e->session);
    }
    return MOSQ_ERR_SUCCESS;
}

static int on_acl(int event, void *event_data, void *userdata)
{
    (void)event;
    const struct mosquitto_evt_acl_check *ed = event_data;
    plugin_t *p = userdata;
    if (is_retained_for_wildcard(p, ed)) {
        return MOSQ_ERR_ACL_DENIED;
    }
    if (ed->access == MOSQ_ACL_READ && lp_rules_is_ingest(ed->topic)) {
        return MOSQ_ERR_ACL_DENIED; // nobody's to hear, and so nothing to tell of
    }
    return judge_access(p, ed, session_of(p, ed->client));
}

typedef struct {
    plugin_t *plugin;
    lp_entry_t *entry; // of the client that asked
} delivery_t;

// An answer to one client does not pass through the broker's subscriptions, so neither through its
// access check: that is made here.
static void deliver(void *arg, const char *client, const char *topic, const void *payload,
                    size_t len)
{
    const delivery_t *to = arg;
    lp_decision_t d = {0};
    if (client != NULL && (to->entry == NULL ||
                           !lp_session_check(to->entry->session, LP_ACTION_RECEIVE, topic, &d))) {
        const who_t who = {.client = client};
        note(to->plugin, "refused", &who, topic, d.reason);
        return;
    }
    mosquitto_broker_publish_copy(client, topic, (int)len, payload, 0, false, NULL);
}

static void serve(plugin_t *p, lp_entry_t *entry, const lp_reg_event_t *e,
                  const lp_reg_message_t *m)
{
    delivery_t to = {.plugin = p, .entry = entry};
    const lp_service_out_t out = {.send = deliver, .arg = &to};
    const lp_service_request_t request = {.reg = p->reg,
                                          .scope = &p->scope,
                                          .client = e->client,
                                          .certificate = e->certificate,
                                          .topic = m->topic,
                                          .payload = m->payload,
                                          .payload_len = m->payload_len};
    lp_service_handle(&request, &out);
    lp_rules_run(p->rules, &request, &out);
}

// After the access check, before the acknowledgement.
static int on_message(int event, void *event_data, void *userdata)
{
    (void)event;
    const struct mosquitto_evt_message *ed = event_data;
    plugin_t *p = userdata;
    const char *id = mosquitto_client_username(ed->client);
    lp_entry_t *s = lp_sessions_find(&p->sessions, ed->client, mosquitto_client_id(ed->client), id);
    const lp_reg_message_t m = {.topic = ed->topic,
                                .payload = ed->payload,
                                .payload_len = ed->payloadlen,
                                .qos = ed->qos,
                                .retain = ed->retain};
    const lp_reg_event_t e = {
        .kind = "publish",
        .client = mosquitto_client_id(ed->client),
        .certificate = id,
        .thing = s != NULL ? lp_session_thing(s->session) : NULL,
        .topic = m.topic,
        .qos = m.qos,
        .retain = m.retain,
        .acknowledged = m.qos > 0,
        // An ownership token does not belong in a log.
        .payload = lp_fleet_is_request(m.topic) ? NULL : m.payload,
        .payload_len = m.payload_len,
    };
    lp_journal_add(&p->journal, p->reg, &e);
    if (m.retain) {
        lp_reg_retained_put(p->reg, &p->scope, &m);
    }
    serve(p, s, &e, &m);
    return MOSQ_ERR_SUCCESS;
}

static int on_disconnect(int event, void *event_data, void *userdata)
{
    (void)event;
    const struct mosquitto_evt_disconnect *ed = event_data;
    plugin_t *p = userdata;
    const char *id = mosquitto_client_username(ed->client);
    const lp_entry_t *e =
        lp_sessions_find(&p->sessions, ed->client, mosquitto_client_id(ed->client), id);
    if (e != NULL) {
        const who_t who = {.client = lp_session_client(e->session),
                           .certificate = id,
                           .thing = lp_session_thing(e->session)};
        note(p, "disconnect", &who, NULL, NULL);
        char topic[300];
        const lp_presence_t presence = presence_of(p, e->session, NULL);
        announce(topic, lp_announce_presence(&presence, false, topic));
        lp_sessions_remove(&p->sessions, ed->client);
    }
    return MOSQ_ERR_SUCCESS;
}

static void kick_invalid(plugin_t *p)
{
    lp_decision_t d = {0};
    lp_entry_t *e = NULL;
    while ((e = lp_sessions_invalid(&p->sessions, &d)) != NULL) {
        char client[160];
        char id[LP_REG_ID_SIZE];
        snprintf(client, sizeof client, "%s", lp_session_client(e->session));
        snprintf(id, sizeof id, "%s", lp_session_certificate(e->session));
        const who_t who = {
            .client = client, .certificate = id, .thing = lp_session_thing(e->session)};
        note(p, "kick", &who, NULL, d.reason);
        e->connected = false; // the entry goes with the disconnect event
        mosquitto_kick_client_by_clientid(client, true);
    }
}

// What an owner publishes sets off rules too; what services announce does not.
static void set_off_rules(plugin_t *p, const lp_reg_message_t *m)
{
    delivery_t to = {.plugin = p};
    const lp_service_out_t out = {.send = deliver, .arg = &to};
    const lp_service_request_t message = {.reg = p->reg,
                                          .scope = &p->scope,
                                          .topic = m->topic,
                                          .payload = m->payload,
                                          .payload_len = m->payload_len};
    if (m->topic[0] != '$' || lp_rules_is_ingest(m->topic)) {
        lp_rules_run(p->rules, &message, &out);
    }
}

static void send_waiting(void *arg, const char *client, const lp_reg_message_t *m)
{
    plugin_t *p = arg;
    mosquitto_broker_publish_copy(client, m->topic, (int)m->payload_len, m->payload, m->qos,
                                  m->retain, NULL);
    const lp_reg_event_t e = {.kind = "publish",
                              .client = "(REST)",
                              .topic = m->topic,
                              .qos = m->qos,
                              .retain = m->retain,
                              .payload = m->payload,
                              .payload_len = m->payload_len};
    lp_journal_add(&p->journal, p->reg, &e);
    set_off_rules(p, m);
}

// Rollouts, schedules and timeouts of jobs are counted in seconds.
static void tick_jobs(plugin_t *p, long long now)
{
    const lp_jobs_t jobs = lp_jobs(p->reg, &p->scope);
    if (now >= p->next_jobs_ms) {
        p->next_jobs_ms = now + JOBS_MS;
        lp_jobs_tick(&jobs);
    }
}

static int on_tick(int event, void *event_data, void *userdata)
{
    (void)event;
    (void)event_data;
    plugin_t *p = userdata;
    long long now = lp_host_now_ms();
    p->wildcard_by = NULL;
    if (now - p->last_tick_ms < TICK_MS) {
        return MOSQ_ERR_SUCCESS;
    }
    p->last_tick_ms = now;
    if (now >= p->next_sweep_ms) {
        lp_fleet_sweep(p->reg);
        p->next_sweep_ms = now + SWEEP_MS;
    }
    int64_t change = lp_registry_change(p->reg);
    if (change != p->change && now >= p->next_check_ms) {
        p->change = change;
        kick_invalid(p);
        // With many clients and many changes, looking at them all must not take all the time.
        p->next_check_ms = now + (lp_host_now_ms() - now) * CHECK_SHARE;
    }
    tick_jobs(p, now);
    lp_reg_outbox_take(p->reg, &p->scope, send_waiting, p);
    lp_journal_flush(&p->journal, p->reg);
    return MOSQ_ERR_SUCCESS;
}

static const char *option(const struct mosquitto_opt *options, int count, const char *key)
{
    for (int i = 0; i < count; i++) {
        if (strcmp(options[i].key, key) == 0) {
            return options[i].value;
        }
    }
    return "";
}

static bool open_registry(plugin_t *p, const struct mosquitto_opt *options, int count)
{
    char why[200] = "";
    const char *path = option(options, count, "database");
    if (lp_registry_open(&p->reg, path, false, why, sizeof why) != LP_REG_OK ||
        lp_reg_scope(p->reg, option(options, count, "account"), option(options, count, "region"),
                     &p->scope) != LP_REG_OK) {
        mosquitto_log_printf(MOSQ_LOG_ERR, "limpet: the registry %s cannot be opened: %s", path,
                             why);
        return false;
    }
    lp_registry_set_folder(p->reg, option(options, count, "folder"));
    p->change = lp_registry_change(p->reg);
    p->rules = lp_rules_open(p->reg, &p->scope);
    path = option(options, count, "front_key");
    if (!lp_pass_key_read(path, &p->front_key)) {
        mosquitto_log_printf(MOSQ_LOG_ERR, "limpet: the front's key %s cannot be read", path);
        return false;
    }
    return p->rules != NULL;
}

static const struct {
    int event;
    MOSQ_FUNC_generic_callback fn;
} hooks[] = {
    {MOSQ_EVT_BASIC_AUTH, on_auth}, {MOSQ_EVT_ACL_CHECK, on_acl},
    {MOSQ_EVT_MESSAGE, on_message}, {MOSQ_EVT_DISCONNECT, on_disconnect},
    {MOSQ_EVT_TICK, on_tick},
};

int mosquitto_plugin_version(int count, const int *versions)
{
    for (int i = 0; i < count; i++) {
        if (versions[i] == MOSQ_PLUGIN_VERSION) {
            return MOSQ_PLUGIN_VERSION;
        }
    }
    return -1;
}

int mosquitto_plugin_cleanup(void *userdata, struct mosquitto_opt *options, int count)
{
    (void)options;
    (void)count;
    plugin_t *p = userdata;
    for (size_t i = 0; i < sizeof hooks / sizeof hooks[0]; i++) {
        mosquitto_callback_unregister(p->id, hooks[i].event, hooks[i].fn, NULL);
    }
    lp_journal_flush(&p->journal, p->reg);
    lp_sessions_clear(&p->sessions);
    lp_rules_close(p->rules);
    lp_registry_close(p->reg);
    OPENSSL_cleanse(&p->front_key, sizeof p->front_key);
    free(p);
    return MOSQ_ERR_SUCCESS;
}

int mosquitto_plugin_init(mosquitto_plugin_id_t *id, void **userdata, struct mosquitto_opt *options,
                          int count)
{
    plugin_t *p = calloc(1, sizeof *p);
    if (p == NULL) {
        return MOSQ_ERR_NOMEM;
    }
    p->id = id;
    if (!open_registry(p, options, count)) {
        lp_registry_close(p->reg);
        free(p);
        return MOSQ_ERR_UNKNOWN;
    }
    for (size_t i = 0; i < sizeof hooks / sizeof hooks[0]; i++) {
        int rc = mosquitto_callback_register(id, hooks[i].event, hooks[i].fn, NULL, p);
        if (rc != MOSQ_ERR_SUCCESS) {
            return rc;
        }
    }
    *userdata = p;
    mosquitto_log_printf(MOSQ_LOG_INFO, "limpet: account %s, region %s", p->scope.account,
                         p->scope.region);
    return MOSQ_ERR_SUCCESS;
}
