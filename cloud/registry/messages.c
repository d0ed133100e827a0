// SPDX-License-Identifier: Apache-2.0
// Retained messages, messages on their way to the broker, and the log of what happened.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db.h"

enum { OUTBOX_BATCH = 100 };

static int64_t now_ms(void)
{
    return (int64_t)(lp_db_now() * 1000.0);
}

lp_reg_err_t lp_reg_retained_put(lp_registry_t *reg, const lp_scope_t *scope,
                                 const lp_reg_message_t *m)
{
    if (m->payload_len == 0) {
        return lp_db_run(reg, "DELETE FROM retained WHERE scope=? AND topic=?", "it", scope->id,
                         m->topic);
    }
    return lp_db_run(reg, "INSERT OR REPLACE INTO retained VALUES(?,?,?,?,?)", "itbii", scope->id,
                     m->topic, m->payload, m->payload_len, (int64_t)m->qos, now_ms());
}

lp_reg_err_t lp_reg_retained_get(lp_registry_t *reg, const lp_scope_t *scope, const char *topic,
                                 cJSON **doc)
{
    cJSON *row = lp_db_row(reg,
                           "SELECT topic, payload AS 'h:payload', qos, at_ms AS lastModifiedTime"
                           " FROM retained WHERE scope=? AND topic=?",
                           "it", scope->id, topic);
    if (row == NULL) {
        return lp_reg_fail(reg, LP_REG_NOT_FOUND, "No retained message for the topic %.200s",
                           topic);
    }
    *doc = row;
    return LP_REG_OK;
}

lp_reg_err_t lp_reg_retained(lp_registry_t *reg, const lp_scope_t *scope, const lp_page_t *page,
                             cJSON **doc)
{
    const lp_db_list_t names = {.list = "retainedTopics", .next = "nextToken"};
    return lp_db_page(reg, &names, page, doc,
                      "SELECT topic AS _key, topic, length(payload) AS payloadSize, qos,"
                      " at_ms AS lastModifiedTime FROM retained WHERE scope=?",
                      "i", scope->id);
}

lp_reg_err_t lp_reg_outbox_put(lp_registry_t *reg, const lp_scope_t *scope, const char *client,
                               const lp_reg_message_t *m)
{
    return lp_db_run(
        reg, "INSERT INTO outgoing(scope,client,topic,payload,qos,retain) VALUES(?,?,?,?,?,?)",
        "ittbii", scope->id, client, m->topic, m->payload, m->payload_len, (int64_t)m->qos,
        (int64_t)m->retain);
}

static void hand_over(sqlite3_stmt *st, lp_reg_outbox_fn fn, void *arg)
{
    const lp_reg_message_t m = {
        .topic = (const char *)sqlite3_column_text(st, 2),
        .payload = sqlite3_column_blob(st, 3),
        .payload_len = (size_t)sqlite3_column_bytes(st, 3),
        .qos = sqlite3_column_int(st, 4),
        .retain = sqlite3_column_int(st, 5) != 0,
    };
    fn(arg, (const char *)sqlite3_column_text(st, 1), &m);
}

int lp_reg_outbox_take(lp_registry_t *reg, const lp_scope_t *scope, lp_reg_outbox_fn fn, void *arg)
{
    int64_t waiting = 0;
    if (!lp_db_int(reg, &waiting, "SELECT 1 FROM outgoing LIMIT 1", "") ||
        lp_db_begin(reg) != LP_REG_OK) {
        return 0;
    }
    sqlite3_stmt *st = lp_db_query(
        reg, "SELECT id,client,topic,payload,qos,retain,scope FROM outgoing ORDER BY id LIMIT ?",
        "i", (int64_t)OUTBOX_BATCH);
    int count = 0;
    int64_t last = 0;
    while (st != NULL && sqlite3_step(st) == SQLITE_ROW) {
        last = sqlite3_column_int64(st, 0);
        if (sqlite3_column_int64(st, 6) == scope->id) {
            hand_over(st, fn, arg);
            count++;
        } // another account's has no broker here: nobody is to hear it
    }
    sqlite3_finalize(st);
    lp_db_end(reg, lp_db_run(reg, "DELETE FROM outgoing WHERE id<=?", "i", last));
    return count;
}

static const char *absent(const char *s)
{
    return s != NULL && s[0] != '\0' ? s : NULL;
}

lp_reg_err_t lp_reg_event_put(lp_registry_t *reg, const lp_reg_event_t *e)
{
    size_t kept =
        e->payload_len < LP_REG_EVENT_PAYLOAD_MAX ? e->payload_len : LP_REG_EVENT_PAYLOAD_MAX;
    return lp_db_run(reg,
                     "INSERT INTO events(at_ms,kind,client,certificate,thing,address,topic,reason,"
                     "qos,retain,acked,size,payload) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?)",
                     "itttttttiiiib", e->at_ms != 0 ? e->at_ms : now_ms(), e->kind,
                     absent(e->client), absent(e->certificate), absent(e->thing),
                     absent(e->address), absent(e->topic), absent(e->reason), (int64_t)e->qos,
                     (int64_t)e->retain, (int64_t)e->acknowledged, (int64_t)e->payload_len,
                     e->payload, e->payload != NULL ? kept : 0);
}

lp_reg_err_t lp_reg_event_put_all(lp_registry_t *reg, const lp_reg_event_t *events, size_t count)
{
    lp_reg_err_t rc = lp_db_begin(reg);
    if (rc != LP_REG_OK) {
        return rc;
    }
    for (size_t i = 0; i < count && rc == LP_REG_OK; i++) {
        rc = lp_reg_event_put(reg, &events[i]);
    }
    return lp_db_end(reg, rc);
}

static void add_payload(cJSON *doc, sqlite3_stmt *st, int at)
{
    const unsigned char *p = sqlite3_column_blob(st, at);
    size_t len = (size_t)sqlite3_column_bytes(st, at);
    if (len == 0) {
        return;
    }
    char text[LP_REG_EVENT_PAYLOAD_MAX * 2 + 1];
    bool plain = lp_text_ok(p, len);
    for (size_t i = 0; i < len; i++) {
        snprintf(text + (plain ? i : 2 * i), 3, plain ? "%c" : "%02x", p[i]);
    }
    cJSON_AddStringToObject(doc, plain ? "payload" : "payload_hex", text);
}

static const struct {
    const char *member;
    int column;
} event_texts[] = {
    {"type", 2},    {"client_id", 3}, {"cert_id", 4}, {"thing", 5},
    {"address", 6}, {"topic", 7},     {"reason", 8},
};

static void add_message(cJSON *doc, sqlite3_stmt *st)
{
    const char *kind = (const char *)sqlite3_column_text(st, 2);
    if (kind == NULL || strcmp(kind, "publish") != 0) {
        return;
    }
    cJSON_AddNumberToObject(doc, "qos", sqlite3_column_int(st, 9));
    cJSON_AddBoolToObject(doc, "retain", sqlite3_column_int(st, 10));
    cJSON_AddBoolToObject(doc, "acknowledged", sqlite3_column_int(st, 11));
    cJSON_AddNumberToObject(doc, "size", sqlite3_column_int(st, 12));
    add_payload(doc, st, 13);
}

static cJSON *event_document(sqlite3_stmt *st)
{
    cJSON *doc = cJSON_CreateObject();
    cJSON_AddNumberToObject(doc, "id", (double)sqlite3_column_int64(st, 0));
    cJSON_AddStringToObject(doc, "time", (const char *)sqlite3_column_text(st, 1));
    for (size_t i = 0; i < sizeof event_texts / sizeof event_texts[0]; i++) {
        const char *text = (const char *)sqlite3_column_text(st, event_texts[i].column);
        if (text != NULL) {
            cJSON_AddStringToObject(doc, event_texts[i].member, text);
        }
    }
    add_message(doc, st);
    return doc;
}

lp_reg_err_t lp_reg_events(lp_registry_t *reg, int64_t after, int limit, cJSON **array)
{
    sqlite3_stmt *st = lp_db_query(
        reg,
        "SELECT id, strftime('%Y-%m-%dT%H:%M:%S',at_ms/1000,'unixepoch')"
        "||printf('.%03dZ',at_ms%1000), kind,client,certificate,thing,address,topic,reason,qos,"
        "retain,acked,size,payload FROM events WHERE id>? ORDER BY id LIMIT ?",
        "ii", after, (int64_t)limit);
    if (st == NULL) {
        return reg->error_.code;
    }
    cJSON *list = cJSON_CreateArray();
    while (sqlite3_step(st) == SQLITE_ROW) {
        cJSON_AddItemToArray(list, event_document(st));
    }
    sqlite3_finalize(st);
    *array = list;
    return LP_REG_OK;
}

int64_t lp_reg_event_last(lp_registry_t *reg)
{
    int64_t id = 0;
    lp_db_int(reg, &id, "SELECT coalesce(max(id),0) FROM events", "");
    return id;
}

int64_t lp_reg_event_before(lp_registry_t *reg, int64_t at_ms)
{
    int64_t id = 0;
    lp_db_int(reg, &id, "SELECT coalesce(max(id),0) FROM events WHERE at_ms<?", "i", at_ms);
    return id;
}

lp_reg_err_t lp_reg_event_trim(lp_registry_t *reg, int keep)
{
    return lp_db_run(reg, "DELETE FROM events WHERE id<=(SELECT coalesce(max(id),0)-? FROM events)",
                     "i", (int64_t)keep);
}
