// SPDX-License-Identifier: Apache-2.0
// Rules at work. They are read once and kept until something in the registry changes.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../registry/db.h"
#include "limpet/authz.h"
#include "limpet/rules.h"
#include "objects.h"
#include "rule_sql.h"

#define INGEST "$aws/rules/"

typedef struct {
    char name[LP_REG_NAME_MAX + 1];
    sql_t sql;
    cJSON *actions;
} rule_t;

struct lp_rules {
    lp_registry_t *reg; // borrowed
    lp_scope_t scope;
    int64_t change;
    rule_t *rule;
    size_t count;
};

static void forget(lp_rules_t *rules)
{
    for (size_t i = 0; i < rules->count; i++) {
        cJSON_Delete(rules->rule[i].actions);
    }
    free(rules->rule);
    rules->rule = NULL;
    rules->count = 0;
}

lp_rules_t *lp_rules_open(lp_registry_t *reg, const lp_scope_t *scope)
{
    lp_rules_t *rules = calloc(1, sizeof *rules);
    if (rules != NULL) {
        rules->reg = reg;
        rules->scope = *scope;
    }
    return rules;
}

void lp_rules_close(lp_rules_t *rules)
{
    if (rules != NULL) {
        forget(rules);
        free(rules);
    }
}

static void add_rule(lp_rules_t *rules, sqlite3_stmt *st)
{
    char why[160];
    rule_t *more = realloc(rules->rule, (rules->count + 1) * sizeof *more);
    if (more == NULL) {
        return;
    }
    rules->rule = more;
    rule_t *r = &more[rules->count];
    snprintf(r->name, sizeof r->name, "%s", (const char *)sqlite3_column_text(st, 0));
    if (sql_parse((const char *)sqlite3_column_text(st, 1), &r->sql, why, sizeof why)) {
        r->actions = cJSON_Parse((const char *)sqlite3_column_text(st, 2));
        rules->count++;
    }
}

static void refresh(lp_rules_t *rules)
{
    int64_t change = lp_registry_change(rules->reg);
    if (change == rules->change) {
        return;
    }
    forget(rules);
    rules->change = change;
    sqlite3_stmt *st =
        lp_db_query(rules->reg, "SELECT name,sql,actions FROM rules WHERE scope=? AND NOT disabled",
                    "i", rules->scope.id);
    while (st != NULL && sqlite3_step(st) == SQLITE_ROW) {
        add_rule(rules, st);
    }
    sqlite3_finalize(st);
}

// --- actions ------------------------------------------------------------------------------------

typedef struct {
    lp_rules_t *rules;
    const rule_t *rule;
    const sql_message_t *message;
    const void *payload; // what SELECT made of it
    size_t len;
    const lp_service_out_t *out;
} work_t;

static void note(const work_t *w, const char *reason)
{
    char words[300];
    snprintf(words, sizeof words, "rule %s: %.200s", w->rule->name, reason);
    const lp_reg_event_t e = {.kind = "rule", .topic = w->message->topic, .reason = words};
    lp_reg_event_put(w->rules->reg, &e);
}

static const char *text_of(const cJSON *object, const char *name)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
}

// What the device says may become a topic, so it is checked as one: no wildcard, nothing reserved.
static void republish(const work_t *w, const cJSON *action)
{
    char topic[SQL_FILTER];
    if (!sql_substitute(text_of(action, "topic"), w->message, topic, sizeof topic) ||
        topic[0] == '$' || strpbrk(topic, "+#") != NULL ||
        lp_topic_fault(topic, false)[0] != '\0') {
        note(w, "what it would republish to is not a topic");
        return;
    }
    w->out->send(w->out->arg, NULL, topic, w->payload, w->len);
}

static void put_object(const work_t *w, const cJSON *action)
{
    char key[1024];
    if (!sql_substitute(text_of(action, "key"), w->message, key, sizeof key)) {
        note(w, "the key of the object has no value");
    } else if (lp_object_put(w->rules->reg, text_of(action, "bucketName"), key, w->payload,
                             w->len) != LP_REG_OK) {
        note(w, lp_reg_error(w->rules->reg)->message);
    }
}

static void act(const work_t *w)
{
    const cJSON *a = NULL;
    cJSON_ArrayForEach(a, w->rule->actions)
    {
        if (strcmp(a->child->string, "republish") == 0) {
            republish(w, a->child);
        } else {
            put_object(w, a->child);
        }
    }
}

// SELECT * without more leaves a message as it is, whether it is JSON or not.
static void run_rule(lp_rules_t *rules, const rule_t *rule, const sql_message_t *message,
                     const lp_service_request_t *q, const lp_service_out_t *out)
{
    work_t w = {.rules = rules,
                .rule = rule,
                .message = message,
                .payload = q->payload,
                .len = q->payload_len,
                .out = out};
    if (!sql_holds(&rule->sql, message)) {
        return;
    }
    if (rule->sql.all && rule->sql.items == 0) {
        act(&w);
        return;
    }
    cJSON *selected = sql_select(&rule->sql, message);
    char *text = selected != NULL ? cJSON_PrintUnformatted(selected) : NULL;
    if (text != NULL) {
        w.payload = text;
        w.len = strlen(text);
        act(&w);
    } else {
        note(&w, "the message is not a JSON object");
    }
    cJSON_free(text);
    cJSON_Delete(selected);
}

bool lp_rules_is_ingest(const char *topic)
{
    return strncmp(topic, INGEST, sizeof INGEST - 1) == 0;
}

// Basic ingest names its rule, and its rule alone sees it, under what follows the name.
static bool fits(const rule_t *rule, const char *topic, const char **as)
{
    *as = topic;
    if (!lp_rules_is_ingest(topic)) {
        return rule->sql.filter[0] != '\0' && lp_service_topic_fits(rule->sql.filter, topic);
    }
    const char *name = topic + sizeof INGEST - 1;
    size_t len = strlen(rule->name);
    *as = name + len + 1;
    return strncmp(name, rule->name, len) == 0 && name[len] == '/' && **as != '\0';
}

void lp_rules_run(lp_rules_t *rules, const lp_service_request_t *q, const lp_service_out_t *out)
{
    sql_message_t message = {.client = q->client, .now_ms = (double)(int64_t)(lp_db_now() * 1000)};
    cJSON *payload = NULL;
    bool read = false;
    refresh(rules);
    for (size_t i = 0; i < rules->count; i++) {
        if (!fits(&rules->rule[i], q->topic, &message.topic)) {
            continue;
        }
        if (!read && q->payload_len > 0 && lp_text_ok(q->payload, q->payload_len)) {
            payload = cJSON_ParseWithLength(q->payload, q->payload_len);
        }
        read = true;
        message.payload = payload;
        run_rule(rules, &rules->rule[i], &message, q, out);
    }
    cJSON_Delete(payload);
}
