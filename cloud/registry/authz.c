// SPDX-License-Identifier: Apache-2.0
#include "limpet/authz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "certvars.h"
#include "db.h"
#include "x509.h"

enum { POLICIES_MAX = 64, VALUE_MAX = 900 };

typedef struct {
    char name[LP_REG_NAME_MAX + 1];
    lp_policy_t *policy;
} named_policy_t;

struct lp_session {
    lp_registry_t *reg_; // borrowed
    lp_scope_t scope_;
    char certificate_[LP_REG_ID_SIZE];
    char client_[160];
    char address_[64];
    bool persistent_;
    bool last_will_;
    // What follows is from the registry, as of change_.
    int64_t change_;
    char status_[32];
    double expires_; // of a claim; 0: never
    char *pem_;
    X509 *cert_; // of it, made when a variable asks for the first time
    char thing_[LP_REG_NAME_MAX + 1];
    char thing_type_[LP_REG_NAME_MAX + 1];
    cJSON *attributes_;
    named_policy_t policies_[POLICIES_MAX];
    size_t policy_count_;
    bool reads_always_;                     // not everything that it depends on is remembered
    char (*attached_)[LP_REG_NAME_MAX + 1]; // the things of the certificate, for their groups
    size_t attached_count_;
    char value_[VALUE_MAX]; // lent by a lookup until the next
};

static const struct {
    const char *name;
    const char *kind;
} actions[] = {
    [LP_ACTION_CONNECT] = {"iot:Connect", "client"},
    [LP_ACTION_PUBLISH] = {"iot:Publish", "topic"},
    [LP_ACTION_RETAIN_PUBLISH] = {"iot:RetainPublish", "topic"},
    [LP_ACTION_SUBSCRIBE] = {"iot:Subscribe", "topicfilter"},
    [LP_ACTION_RECEIVE] = {"iot:Receive", "topic"},
};

static void forget(lp_session_t *s)
{
    for (size_t i = 0; i < s->policy_count_; i++) {
        lp_policy_free(s->policies_[i].policy);
    }
    s->policy_count_ = 0;
    s->reads_always_ = false;
    free(s->attached_);
    s->attached_ = NULL;
    s->attached_count_ = 0;
    free(s->pem_);
    s->pem_ = NULL;
    X509_free(s->cert_);
    s->cert_ = NULL;
    cJSON_Delete(s->attributes_);
    s->attributes_ = NULL;
    s->thing_[0] = '\0';
    s->thing_type_[0] = '\0';
    s->status_[0] = '\0';
    s->expires_ = 0;
}

// The certificate's own policies and those of the groups of its things, the groups above included.
static const char policies_sql[] =
    "WITH RECURSIVE mine(name) AS ("
    " SELECT g.grp FROM thing_principals p JOIN group_things g ON g.scope=p.scope AND"
    " g.thing=p.thing WHERE p.scope=?1 AND p.principal=?2"
    " UNION SELECT t.parent FROM mine JOIN thing_groups t ON t.scope=?1 AND t.name=mine.name"
    " WHERE t.parent IS NOT NULL)"
    " SELECT DISTINCT p.name, v.document FROM policy_targets a"
    " JOIN policies p ON p.scope=a.scope AND p.name=a.policy"
    " JOIN policy_versions v ON v.scope=p.scope AND v.policy=p.name"
    " AND v.version=p.default_version WHERE a.scope=?1 AND (a.target=?2 OR a.target IN"
    " (SELECT ?3||name FROM mine)) ORDER BY p.name";

static void load_policies(lp_session_t *s)
{
    char arn[LP_REG_ARN_SIZE];
    char group[LP_REG_ARN_SIZE];
    char why[160];
    lp_reg_arn(&s->scope_, "cert", s->certificate_, arn);
    lp_reg_arn(&s->scope_, "thinggroup", "", group);
    sqlite3_stmt *st = lp_db_query(s->reg_, policies_sql, "itt", s->scope_.id, arn, group);
    while (st != NULL && sqlite3_step(st) == SQLITE_ROW) {
        if (s->policy_count_ == POLICIES_MAX) {
            s->reads_always_ = true;
            break;
        }
        named_policy_t *p = &s->policies_[s->policy_count_];
        snprintf(p->name, sizeof p->name, "%s", (const char *)sqlite3_column_text(st, 0));
        if (lp_policy_parse((const char *)sqlite3_column_text(st, 1), &p->policy, why,
                            sizeof why)) {
            s->policy_count_++;
        } else {
            s->reads_always_ = true;
        }
    }
    sqlite3_finalize(st);
}

static void load_attached(lp_session_t *s)
{
    char arn[LP_REG_ARN_SIZE];
    lp_reg_arn(&s->scope_, "cert", s->certificate_, arn);
    sqlite3_stmt *st =
        lp_db_query(s->reg_, "SELECT thing FROM thing_principals WHERE scope=? AND principal=?",
                    "it", s->scope_.id, arn);
    while (st != NULL && sqlite3_step(st) == SQLITE_ROW) {
        void *grown = realloc(s->attached_, (s->attached_count_ + 1) * sizeof *s->attached_);
        if (grown == NULL) {
            s->reads_always_ = true;
            break;
        }
        s->attached_ = grown;
        snprintf(s->attached_[s->attached_count_++], LP_REG_NAME_MAX + 1, "%s",
                 (const char *)sqlite3_column_text(st, 0));
    }
    sqlite3_finalize(st);
}

static void load_thing(lp_session_t *s)
{
    char arn[LP_REG_ARN_SIZE];
    lp_reg_arn(&s->scope_, "cert", s->certificate_, arn);
    cJSON *row = lp_db_row(s->reg_,
                           "SELECT t.name, coalesce(t.type,'') AS type,"
                           " t.attributes AS 'j:attributes' FROM things t JOIN thing_principals p"
                           " ON p.scope=t.scope AND p.thing=t.name WHERE t.scope=? AND t.name=?"
                           " AND p.principal=?",
                           "itt", s->scope_.id, s->client_, arn);
    if (row == NULL) {
        return;
    }
    snprintf(s->thing_, sizeof s->thing_, "%s", s->client_);
    snprintf(s->thing_type_, sizeof s->thing_type_, "%s",
             cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(row, "type")));
    s->attributes_ = cJSON_DetachItemFromObjectCaseSensitive(row, "attributes");
    cJSON_Delete(row);
}

static bool load_certificate(lp_session_t *s)
{
    sqlite3_stmt *st =
        lp_db_query(s->reg_, "SELECT status, pem FROM certificates WHERE scope=? AND id=?", "it",
                    s->scope_.id, s->certificate_);
    bool found = st != NULL && sqlite3_step(st) == SQLITE_ROW;
    if (found) {
        snprintf(s->status_, sizeof s->status_, "%s", (const char *)sqlite3_column_text(st, 0));
        s->pem_ = strdup((const char *)sqlite3_column_text(st, 1));
    }
    sqlite3_finalize(st);
    return found;
}

// What a temporary claim may do: be provisioned by its template, nothing else.
static const char claim_policy[] =
    "{\"Version\":\"2012-10-17\",\"Statement\":["
    "{\"Effect\":\"Allow\",\"Action\":\"iot:Connect\",\"Resource\":\"*\"},"
    "{\"Effect\":\"Allow\",\"Action\":[\"iot:Publish\",\"iot:Receive\"],\"Resource\":["
    "\"arn:aws:iot:*:*:topic/$aws/certificates/create/*\","
    "\"arn:aws:iot:*:*:topic/$aws/certificates/create-from-csr/*\","
    "\"arn:aws:iot:*:*:topic/$aws/provisioning-templates/%1$s/provision/*\"]},"
    "{\"Effect\":\"Allow\",\"Action\":\"iot:Subscribe\",\"Resource\":["
    "\"arn:aws:iot:*:*:topicfilter/$aws/certificates/create/*\","
    "\"arn:aws:iot:*:*:topicfilter/$aws/certificates/create-from-csr/*\","
    "\"arn:aws:iot:*:*:topicfilter/$aws/provisioning-templates/%1$s/provision/*\"]}]}";

static void add_claim_policy(lp_session_t *s, const char *template)
{
    char text[sizeof claim_policy + 100];
    char why[160];
    named_policy_t *p = &s->policies_[0];
    snprintf(text, sizeof text, claim_policy, template);
    snprintf(p->name, sizeof p->name, "(provisioning claim)");
    if (lp_policy_parse(text, &p->policy, why, sizeof why)) {
        s->policy_count_ = 1;
    }
}

static void load_claim(lp_session_t *s)
{
    sqlite3_stmt *st =
        lp_db_query(s->reg_, "SELECT template, pem, expires FROM claims WHERE scope=? AND id=?",
                    "it", s->scope_.id, s->certificate_);
    if (st != NULL && sqlite3_step(st) == SQLITE_ROW) {
        snprintf(s->status_, sizeof s->status_, "ACTIVE");
        add_claim_policy(s, (const char *)sqlite3_column_text(st, 0));
        s->pem_ = strdup((const char *)sqlite3_column_text(st, 1));
        s->expires_ = sqlite3_column_double(st, 2);
    }
    sqlite3_finalize(st);
}

static bool has_policy(const lp_session_t *s, const char *name)
{
    for (size_t i = 0; i < s->policy_count_; i++) {
        if (strcmp(s->policies_[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

static bool has_thing(const lp_session_t *s, const char *name)
{
    for (size_t i = 0; i < s->attached_count_; i++) {
        if (strcmp(s->attached_[i], name) == 0) {
            return true;
        }
    }
    return false;
}

// Does a change of this key (schema.h) concern the session?
static bool is_concerned(void *arg, const char *key)
{
    const lp_session_t *s = arg;
    char arn[LP_REG_ARN_SIZE];
    switch (key[0]) {
    case 'c':
        return strcmp(key + 2, s->certificate_) == 0;
    case 'p':
        return has_policy(s, key + 2);
    case 'n':
        return strcmp(key + 2, s->client_) == 0;
    case 'g':
        return has_thing(s, key + 2);
    case 't':
        lp_reg_arn(&s->scope_, "cert", s->certificate_, arn);
        return strcmp(key + 2, arn) == 0;
    case 'r':
        return false; // a rule gives no right
    default:
        return true;
    }
}

// The number is read first: a change while we read makes us read again.
static void refresh(lp_session_t *s, int64_t change)
{
    if (change == s->change_) {
        return;
    }
    if (s->change_ != 0 && !s->reads_always_ &&
        !lp_registry_changed(s->reg_, s->change_, is_concerned, s)) {
        s->change_ = change;
        return;
    }
    forget(s);
    s->change_ = change;
    if (load_certificate(s)) {
        load_thing(s);
        load_policies(s);
        load_attached(s);
    } else {
        load_claim(s);
    }
}

static const char *attribute_value(const lp_session_t *s, const char *key)
{
    char name[160];
    size_t len = strlen(key);
    if (len < 2 || len >= sizeof name || key[len - 1] != ']') {
        return NULL;
    }
    snprintf(name, sizeof name, "%.*s", (int)(len - 1), key);
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(s->attributes_, name));
}

static const char *thing_value(const lp_session_t *s, const char *key)
{
    if (strcasecmp(key, "IsAttached") == 0) {
        return s->thing_[0] != '\0' ? "true" : "false";
    }
    if (strcasecmp(key, "ThingName") == 0) {
        return s->thing_[0] != '\0' ? s->thing_ : NULL;
    }
    if (strcasecmp(key, "ThingTypeName") == 0) {
        return s->thing_type_[0] != '\0' ? s->thing_type_ : NULL;
    }
    return strncasecmp(key, "Attributes[", 11) == 0 ? attribute_value(s, key + 11) : NULL;
}

static const char *connect_attribute(const lp_session_t *s, size_t n)
{
    const char *list[2];
    size_t count = 0;
    if (s->persistent_) {
        list[count++] = "PersistentConnect";
    }
    if (s->last_will_) {
        list[count++] = "LastWill";
    }
    return n < count ? list[n] : NULL;
}

static const char *time_value(lp_session_t *s, bool epoch)
{
    time_t now = time(NULL);
    struct tm tm;
    if (epoch) {
        snprintf(s->value_, sizeof s->value_, "%lld", (long long)now);
    } else {
        strftime(s->value_, sizeof s->value_, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
    }
    return s->value_;
}

static const char *plain_value(lp_session_t *s, const char *key)
{
    if (strcasecmp(key, "iot:ClientId") == 0) {
        return s->client_;
    }
    if (strcasecmp(key, "iot:CertificateId") == 0) {
        return s->certificate_;
    }
    if (strcasecmp(key, "aws:SourceIp") == 0) {
        return s->address_[0] != '\0' ? s->address_ : NULL;
    }
    if (strcasecmp(key, "aws:SecureTransport") == 0) {
        return "true";
    }
    if (strcasecmp(key, "aws:EpochTime") == 0 || strcasecmp(key, "aws:CurrentTime") == 0) {
        return time_value(s, key[4] == 'E' || key[4] == 'e');
    }
    return NULL;
}

static const char *lookup(void *arg, const char *key, size_t n)
{
    lp_session_t *s = arg;
    if (strcasecmp(key, "iot:ConnectAttributes") == 0) {
        return connect_attribute(s, n);
    }
    if (n > 0) {
        return NULL;
    }
    if (strncasecmp(key, "iot:Connection.Thing.", 21) == 0) {
        return thing_value(s, key + 21);
    }
    if (strncasecmp(key, "iot:Certificate.", 16) == 0) {
        if (s->cert_ == NULL && s->pem_ != NULL) {
            s->cert_ = lp_x509_from_pem(s->pem_);
        }
        bool has = s->cert_ != NULL && lp_certvar(s->cert_, key + 16, s->value_, sizeof s->value_);
        return has ? s->value_ : NULL;
    }
    return plain_value(s, key);
}

static void say(lp_decision_t *d, lp_policy_answer_t answer, const char *policy)
{
    d->answer = answer;
    snprintf(d->policy, sizeof d->policy, "%s", policy);
    d->reason[0] = '\0';
}

static bool cert_usable(const lp_session_t *s, lp_decision_t *d)
{
    bool in_time = s->expires_ <= 0 || lp_db_now() < s->expires_;
    if (strcmp(s->status_, "ACTIVE") == 0 && in_time) {
        return true;
    }
    say(d, LP_POLICY_SILENT, "");
    if (!in_time) {
        snprintf(d->reason, sizeof d->reason, "the provisioning claim %.8s has run out",
                 s->certificate_);
    } else if (s->status_[0] == '\0') {
        snprintf(d->reason, sizeof d->reason,
                 "certificate %.8s is not registered in account %s, %s", s->certificate_,
                 s->scope_.account, s->scope_.region);
    } else {
        snprintf(d->reason, sizeof d->reason, "certificate %.8s is %s", s->certificate_,
                 s->status_);
    }
    return false;
}

bool lp_session_open(lp_registry_t *reg, const lp_scope_t *scope, const lp_session_config_t *config,
                     lp_session_t **out, lp_decision_t *decision)
{
    lp_session_t *s = calloc(1, sizeof *s);
    if (s == NULL) {
        say(decision, LP_POLICY_SILENT, "");
        snprintf(decision->reason, sizeof decision->reason, "out of memory");
        return false;
    }
    s->reg_ = reg;
    s->scope_ = *scope;
    snprintf(s->certificate_, sizeof s->certificate_, "%s", config->certificate_id);
    snprintf(s->client_, sizeof s->client_, "%s", config->client_id);
    snprintf(s->address_, sizeof s->address_, "%s", config->address != NULL ? config->address : "");
    s->persistent_ = config->persistent;
    s->last_will_ = config->last_will;
    refresh(s, lp_registry_change(reg));
    if (!cert_usable(s, decision)) {
        lp_session_close(s);
        return false;
    }
    *out = s;
    return true;
}

void lp_session_close(lp_session_t *session)
{
    if (session != NULL) {
        forget(session);
        free(session);
    }
}

static lp_policy_answer_t ask_all(lp_session_t *s, const lp_policy_request_t *request,
                                  lp_decision_t *d)
{
    lp_policy_answer_t answer = LP_POLICY_SILENT;
    const char *by = "";
    for (size_t i = 0; i < s->policy_count_; i++) {
        lp_policy_answer_t one = lp_policy_evaluate(s->policies_[i].policy, request);
        if (one > answer) {
            answer = one;
            by = s->policies_[i].name;
        }
    }
    say(d, answer, by);
    return answer;
}

static void explain(const lp_session_t *s, lp_action_t action, const char *name, lp_decision_t *d)
{
    if (d->answer == LP_POLICY_DENIES) {
        snprintf(d->reason, sizeof d->reason, "policy %s denies %s on %s/%.200s", d->policy,
                 actions[action].name, actions[action].kind, name);
    } else if (s->policy_count_ == 0) {
        snprintf(d->reason, sizeof d->reason, "no policy is attached to certificate %.8s",
                 s->certificate_);
    } else {
        snprintf(d->reason, sizeof d->reason, "no policy allows %s on %s/%.200s%s",
                 actions[action].name, actions[action].kind, name,
                 s->thing_[0] == '\0'
                     ? " (the client id is not a thing that the certificate is attached to)"
                     : "");
    }
}

static bool check_now(lp_session_t *session, lp_action_t action, const char *name,
                      lp_decision_t *decision)
{
    char resource[LP_REG_ARN_SIZE + 512];
    if (!cert_usable(session, decision)) {
        return false;
    }
    int n = snprintf(resource, sizeof resource, "arn:aws:iot:%s:%s:%s/%s", session->scope_.region,
                     session->scope_.account, actions[action].kind, name);
    const lp_policy_request_t request = {
        .action = actions[action].name, .resource = resource, .lookup = lookup, .arg = session};
    say(decision, LP_POLICY_SILENT, "");
    if ((size_t)n < sizeof resource && ask_all(session, &request, decision) == LP_POLICY_ALLOWS) {
        return true;
    }
    explain(session, action, name, decision);
    return false;
}

// What was allowed a moment ago is allowed; before a refusal the registry is asked again, so that a
// right is there as soon as the call that gave it was answered.
bool lp_session_check(lp_session_t *session, lp_action_t action, const char *name,
                      lp_decision_t *decision)
{
    refresh(session, lp_registry_change_recent(session->reg_));
    if (check_now(session, action, name, decision)) {
        return true;
    }
    int64_t seen = session->change_;
    refresh(session, lp_registry_change(session->reg_));
    return session->change_ != seen && check_now(session, action, name, decision);
}

bool lp_session_ask(lp_session_t *session, const char *action, const char *resource,
                    lp_decision_t *decision)
{
    const lp_policy_request_t request = {
        .action = action, .resource = resource, .lookup = lookup, .arg = session};
    refresh(session, lp_registry_change(session->reg_));
    if (!cert_usable(session, decision)) {
        return false;
    }
    return ask_all(session, &request, decision) == LP_POLICY_ALLOWS;
}

// Only a session that was read again is asked again.
bool lp_session_valid(lp_session_t *session, lp_decision_t *decision)
{
    int64_t change = lp_registry_change_recent(session->reg_);
    if (change != session->change_ && !session->reads_always_ &&
        !lp_registry_changed(session->reg_, session->change_, is_concerned, session)) {
        session->change_ = change;
    }
    return change == session->change_ ||
           lp_session_check(session, LP_ACTION_CONNECT, session->client_, decision);
}

const char *lp_session_client(const lp_session_t *session)
{
    return session->client_;
}

const char *lp_session_certificate(const lp_session_t *session)
{
    return session->certificate_;
}

const char *lp_session_thing(const lp_session_t *session)
{
    return session->thing_;
}
