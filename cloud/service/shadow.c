// SPDX-License-Identifier: Apache-2.0
#include "limpet/shadow.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../registry/db.h"
#include "shadow_doc.h"

static const char *const sections[] = {"desired", "reported"};
enum { SECTIONS = 2 };

// A stored shadow. exists false: never made, or deleted; the version goes on all the same.
typedef struct {
    bool exists;
    int64_t version;
    cJSON *state;
    cJSON *metadata;
} shadow_t;

typedef struct {
    lp_registry_t *reg;
    const lp_scope_t *scope;
    const lp_shadow_id_t *id;
    const cJSON *request; // null: an empty body
    double now;           // whole seconds
    lp_shadow_answer_t *answer;
} job_t;

static const cJSON *get(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

static void add_copy(cJSON *to, const char *name, const cJSON *value)
{
    if (value != NULL) {
        cJSON_AddItemToObject(to, name, cJSON_Duplicate(value, true));
    }
}

static void reject(const job_t *j, int code, const char *message)
{
    cJSON *doc = cJSON_CreateObject();
    cJSON_AddNumberToObject(doc, "code", code);
    cJSON_AddStringToObject(doc, "message", message);
    cJSON_AddNumberToObject(doc, "timestamp", j->now);
    const cJSON *token = get(j->request, "clientToken");
    if (cJSON_IsString(token) && strlen(token->valuestring) <= LP_SHADOW_TOKEN_MAX) {
        add_copy(doc, "clientToken", token);
    }
    j->answer->code = code;
    j->answer->rejected = doc;
}

static void reject_missing(const job_t *j)
{
    char message[LP_REG_NAME_MAX + LP_SHADOW_NAME_MAX + 60];
    snprintf(message, sizeof message, "No shadow exists with name: '%s%s%s'", j->id->thing,
             j->id->name[0] != '\0' ? "~" : "", j->id->name);
    reject(j, 404, message);
}

static void load(const job_t *j, shadow_t *s)
{
    *s = (shadow_t){0};
    sqlite3_stmt *st = lp_db_query(
        j->reg, "SELECT state,metadata,version FROM shadows WHERE scope=? AND thing=? AND name=?",
        "itt", j->scope->id, j->id->thing, j->id->name);
    if (st != NULL && sqlite3_step(st) == SQLITE_ROW) {
        s->state = cJSON_Parse((const char *)sqlite3_column_text(st, 0));
        s->metadata = cJSON_Parse((const char *)sqlite3_column_text(st, 1));
        s->version = sqlite3_column_int64(st, 2);
        s->exists = s->state != NULL;
    }
    sqlite3_finalize(st);
    s->state = s->state != NULL ? s->state : cJSON_CreateObject();
    s->metadata = s->metadata != NULL ? s->metadata : cJSON_CreateObject();
}

static void unload(shadow_t *s)
{
    cJSON_Delete(s->state);
    cJSON_Delete(s->metadata);
}

static lp_reg_err_t store(const job_t *j, const char *state, const char *metadata, int64_t version)
{
    return lp_db_run(j->reg, "INSERT OR REPLACE INTO shadows VALUES(?,?,?,?,?,?,?)", "ittttid",
                     j->scope->id, j->id->thing, j->id->name, state, metadata, version, j->now);
}

static void add_end(const job_t *j, cJSON *doc, int64_t version)
{
    cJSON_AddNumberToObject(doc, "version", (double)version);
    cJSON_AddNumberToObject(doc, "timestamp", j->now);
    add_copy(doc, "clientToken", get(j->request, "clientToken"));
}

// --- what is asked ------------------------------------------------------------------------------

static const char *state_fault(const cJSON *state)
{
    const cJSON *e = NULL;
    const char *fault = NULL;
    if (!cJSON_IsObject(state)) {
        return state == NULL ? "Missing required node: state" : "State node must be an object";
    }
    cJSON_ArrayForEach(e, state)
    {
        if (strcmp(e->string, "desired") != 0 && strcmp(e->string, "reported") != 0) {
            return "State contains an invalid node";
        }
        if (!cJSON_IsObject(e) && !cJSON_IsNull(e)) {
            return "A section of the state must be an object";
        }
        fault = fault == NULL ? lp_shadow_section_fault(e, 1) : fault;
    }
    return fault;
}

static const char *common_fault(const cJSON *request)
{
    const cJSON *token = get(request, "clientToken");
    const cJSON *version = get(request, "version");
    if (token != NULL &&
        (!cJSON_IsString(token) || strlen(token->valuestring) > LP_SHADOW_TOKEN_MAX)) {
        return "Invalid clientToken";
    }
    if (version != NULL && (!cJSON_IsNumber(version) || version->valuedouble < 0 ||
                            fabs(version->valuedouble - floor(version->valuedouble)) > 0.0)) {
        return "Invalid version";
    }
    return NULL;
}

static bool version_fits(const job_t *j, const shadow_t *s)
{
    const cJSON *version = get(j->request, "version");
    return version == NULL || (int64_t)version->valuedouble == s->version;
}

// --- update -------------------------------------------------------------------------------------

static void apply(const job_t *j, shadow_t *s)
{
    const cJSON *state = get(j->request, "state");
    for (int i = 0; i < SECTIONS; i++) {
        const cJSON *change = get(state, sections[i]);
        if (change == NULL) {
            continue;
        }
        if (cJSON_IsNull(change)) {
            cJSON_DeleteItemFromObjectCaseSensitive(s->state, sections[i]);
            cJSON_DeleteItemFromObjectCaseSensitive(s->metadata, sections[i]);
            continue;
        }
        if (get(s->state, sections[i]) == NULL) {
            cJSON_AddObjectToObject(s->state, sections[i]);
            cJSON_AddObjectToObject(s->metadata, sections[i]);
        }
        lp_shadow_merge(cJSON_GetObjectItemCaseSensitive(s->state, sections[i]),
                        cJSON_GetObjectItemCaseSensitive(s->metadata, sections[i]), change, j->now);
    }
}

static cJSON *update_accepted(const job_t *j, int64_t version)
{
    const cJSON *state = get(j->request, "state");
    cJSON *doc = cJSON_CreateObject();
    add_copy(doc, "state", state);
    cJSON *metadata = cJSON_AddObjectToObject(doc, "metadata");
    for (int i = 0; i < SECTIONS; i++) {
        if (cJSON_IsObject(get(state, sections[i]))) {
            cJSON_AddItemToObject(metadata, sections[i],
                                  lp_shadow_stamp(get(state, sections[i]), j->now));
        }
    }
    add_end(j, doc, version);
    return doc;
}

static cJSON *update_delta(const job_t *j, const shadow_t *s)
{
    cJSON *delta = lp_shadow_delta(get(s->state, "desired"), get(s->state, "reported"));
    if (delta == NULL) {
        return NULL;
    }
    cJSON *doc = cJSON_CreateObject();
    cJSON_AddItemToObject(doc, "state", delta);
    cJSON_AddItemToObject(doc, "metadata", lp_shadow_select(get(s->metadata, "desired"), delta));
    add_end(j, doc, s->version);
    return doc;
}

static cJSON *snapshot(const shadow_t *s)
{
    cJSON *doc = cJSON_CreateObject();
    if (s->exists) {
        add_copy(doc, "state", s->state);
        add_copy(doc, "metadata", s->metadata);
        cJSON_AddNumberToObject(doc, "version", (double)s->version);
    }
    return doc;
}

static cJSON *update_documents(const job_t *j, cJSON *before, const shadow_t *s)
{
    cJSON *doc = cJSON_CreateObject();
    cJSON_AddItemToObject(doc, "previous", before);
    cJSON_AddItemToObject(doc, "current", snapshot(s));
    cJSON_AddNumberToObject(doc, "timestamp", j->now);
    add_copy(doc, "clientToken", get(j->request, "clientToken"));
    return doc;
}

static void finish_update(const job_t *j, shadow_t *s, cJSON *before)
{
    char *state = cJSON_PrintUnformatted(s->state);
    char *metadata = cJSON_PrintUnformatted(s->metadata);
    if (state == NULL || metadata == NULL || strlen(state) > LP_SHADOW_STATE_MAX) {
        reject(j, 413, "The payload exceeds the maximum size allowed");
        cJSON_Delete(before);
    } else if (store(j, state, metadata, ++s->version) != LP_REG_OK) {
        reject(j, 500, lp_reg_error(j->reg)->message);
        cJSON_Delete(before);
    } else {
        s->exists = true;
        j->answer->accepted = update_accepted(j, s->version);
        j->answer->delta = update_delta(j, s);
        j->answer->documents = update_documents(j, before, s);
    }
    cJSON_free(state);
    cJSON_free(metadata);
}

static void update(const job_t *j)
{
    shadow_t s;
    const char *fault = state_fault(get(j->request, "state"));
    if (fault != NULL) {
        reject(j, 400, fault);
        return;
    }
    load(j, &s);
    if (!version_fits(j, &s)) {
        reject(j, 409, "Version conflict");
    } else {
        cJSON *before = snapshot(&s);
        apply(j, &s);
        finish_update(j, &s, before);
    }
    unload(&s);
}

// --- get and delete -----------------------------------------------------------------------------

static void read_shadow(const job_t *j)
{
    shadow_t s;
    load(j, &s);
    if (!s.exists) {
        reject_missing(j);
    } else {
        cJSON *doc = cJSON_CreateObject();
        cJSON *delta = lp_shadow_delta(get(s.state, "desired"), get(s.state, "reported"));
        if (delta != NULL) {
            cJSON_AddItemToObject(s.state, "delta", delta);
        }
        add_copy(doc, "state", s.state);
        add_copy(doc, "metadata", s.metadata);
        add_end(j, doc, s.version);
        j->answer->accepted = doc;
    }
    unload(&s);
}

static void delete_shadow(const job_t *j)
{
    shadow_t s;
    load(j, &s);
    if (!s.exists) {
        reject_missing(j);
    } else if (!version_fits(j, &s)) {
        reject(j, 409, "Version conflict");
    } else if (store(j, NULL, NULL, s.version + 1) != LP_REG_OK) {
        reject(j, 500, lp_reg_error(j->reg)->message);
    } else {
        j->answer->accepted = cJSON_CreateObject();
        add_end(j, j->answer->accepted, s.version);
    }
    unload(&s);
}

static void dispatch(const job_t *j, lp_shadow_op_t op)
{
    if (lp_db_begin(j->reg) != LP_REG_OK) {
        reject(j, 500, lp_reg_error(j->reg)->message);
        return;
    }
    switch (op) {
    case LP_SHADOW_GET:
        read_shadow(j);
        break;
    case LP_SHADOW_UPDATE:
        update(j);
        break;
    case LP_SHADOW_DELETE:
        delete_shadow(j);
        break;
    }
    lp_reg_err_t rc = lp_db_end(j->reg, j->answer->code == 0 ? LP_REG_OK : LP_REG_INVALID);
    if (j->answer->code == 0 && rc != LP_REG_OK) { // the commit failed: nothing was accepted
        lp_shadow_answer_free(j->answer);
        reject(j, 500, lp_reg_error(j->reg)->message);
    }
}

void lp_shadow_request(lp_registry_t *reg, const lp_scope_t *scope, const lp_shadow_id_t *id,
                       lp_shadow_op_t op, const char *body, size_t len, lp_shadow_answer_t *answer)
{
    *answer = (lp_shadow_answer_t){0};
    cJSON *request = len > 0 && lp_text_ok(body, len) ? cJSON_ParseWithLength(body, len) : NULL;
    const job_t j = {.reg = reg,
                     .scope = scope,
                     .id = id,
                     .request = request,
                     .now = floor(lp_db_now()),
                     .answer = answer};
    bool needs_body = op == LP_SHADOW_UPDATE;
    if ((len > 0 || needs_body) && !cJSON_IsObject(request)) {
        reject(&j, 400, "Payload contains invalid json");
    } else if (common_fault(request) != NULL) {
        reject(&j, 400, common_fault(request));
    } else {
        dispatch(&j, op);
    }
    cJSON_Delete(request);
}

void lp_shadow_answer_free(lp_shadow_answer_t *answer)
{
    cJSON_Delete(answer->accepted);
    cJSON_Delete(answer->rejected);
    cJSON_Delete(answer->delta);
    cJSON_Delete(answer->documents);
    *answer = (lp_shadow_answer_t){0};
}

lp_reg_err_t lp_shadow_names(lp_registry_t *reg, const lp_scope_t *scope, const char *thing,
                             const lp_page_t *page, cJSON **doc)
{
    const lp_db_list_t names = {.list = "results", .next = "nextToken", .scalar = "name"};
    lp_reg_err_t rc = lp_db_page(reg, &names, page, doc,
                                 "SELECT name AS _key, name FROM shadows WHERE scope=? AND thing=?"
                                 " AND name<>'' AND state IS NOT NULL",
                                 "it", scope->id, thing);
    if (rc == LP_REG_OK) {
        cJSON_AddNumberToObject(*doc, "timestamp", floor(lp_db_now()));
    }
    return rc;
}

// --- topics -------------------------------------------------------------------------------------

static const char *const op_names[] = {
    [LP_SHADOW_GET] = "get", [LP_SHADOW_UPDATE] = "update", [LP_SHADOW_DELETE] = "delete"};

// Up to the next slash into `out`; null: empty or too long.
static const char *take(const char *p, char *out, size_t size)
{
    size_t len = strcspn(p, "/");
    if (len == 0 || len >= size || p[len] != '/') {
        return NULL;
    }
    memcpy(out, p, len);
    out[len] = '\0';
    return p + len + 1;
}

bool lp_shadow_topic(const char *topic, lp_shadow_names_t *names, lp_shadow_op_t *op)
{
    const char *p = strncmp(topic, "$aws/things/", 12) == 0
                        ? take(topic + 12, names->thing, sizeof names->thing)
                        : NULL;
    names->name[0] = '\0';
    if (p == NULL || strncmp(p, "shadow/", 7) != 0) {
        return false;
    }
    p += 7;
    if (strncmp(p, "name/", 5) == 0) {
        p = take(p + 5, names->name, sizeof names->name);
    }
    for (int i = 0; p != NULL && i < 3; i++) {
        if (strcmp(p, op_names[i]) == 0) {
            *op = (lp_shadow_op_t)i;
            return true;
        }
    }
    return false;
}

static void send_one(const lp_shadow_id_t *id, lp_shadow_op_t op, const char *what,
                     const cJSON *doc, lp_shadow_send_fn send, void *arg)
{
    char topic[300];
    char *text = doc != NULL ? cJSON_PrintUnformatted(doc) : NULL;
    if (text == NULL) {
        return;
    }
    snprintf(topic, sizeof topic, "$aws/things/%s/shadow/%s%s%s%s/%s", id->thing,
             id->name[0] != '\0' ? "name/" : "", id->name, id->name[0] != '\0' ? "/" : "",
             op_names[op], what);
    send(arg, topic, text, strlen(text));
    cJSON_free(text);
}

void lp_shadow_publish(const lp_shadow_id_t *id, lp_shadow_op_t op,
                       const lp_shadow_answer_t *answer, lp_shadow_send_fn send, void *arg)
{
    send_one(id, op, "accepted", answer->accepted, send, arg);
    send_one(id, op, "rejected", answer->rejected, send, arg);
    send_one(id, op, "delta", answer->delta, send, arg);
    send_one(id, op, "documents", answer->documents, send, arg);
}
