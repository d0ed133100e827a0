// SPDX-License-Identifier: Apache-2.0
#include "rule_sql.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

typedef struct {
    const char *p;
    bool failed;
} reader_t;

static void skip(reader_t *r)
{
    r->p += strspn(r->p, " \t\r\n");
}

static bool word_char(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

// A keyword, in any case.
static bool accept_word(reader_t *r, const char *word)
{
    size_t len = strlen(word);
    skip(r);
    if (strncasecmp(r->p, word, len) != 0 || word_char(r->p[len])) {
        return false;
    }
    r->p += len;
    return true;
}

static bool accept(reader_t *r, const char *sign)
{
    skip(r);
    if (strncmp(r->p, sign, strlen(sign)) != 0) {
        return false;
    }
    r->p += strlen(sign);
    return true;
}

static void expect(reader_t *r, bool ok)
{
    r->failed = r->failed || !ok;
}

static bool take(reader_t *r, size_t len, char *out, size_t size)
{
    if (len == 0 || len >= size) {
        return false;
    }
    memcpy(out, r->p, len);
    out[len] = '\0';
    r->p += len;
    return true;
}

// 'text', in which '' is a quote.
static bool read_quoted(reader_t *r, char *out, size_t size)
{
    size_t n = 0;
    skip(r);
    if (*r->p != '\'') {
        return false;
    }
    for (r->p++; *r->p != '\0' && n + 1 < size; r->p++) {
        if (*r->p == '\'' && r->p[1] != '\'') {
            r->p++;
            out[n] = '\0';
            return true;
        }
        r->p += *r->p == '\'';
        out[n++] = *r->p;
    }
    return false;
}

static bool read_number(reader_t *r, double *out)
{
    char text[32];
    size_t len = strspn(r->p, "+-.0123456789eE");
    const char *digits = r->p + (*r->p == '-');
    if (!isdigit((unsigned char)*digits) || len >= sizeof text) {
        return false;
    }
    snprintf(text, sizeof text, "%.*s", (int)len, r->p);
    char *end = NULL;
    *out = strtod(text, &end);
    r->p += end - text;
    return end != text && !word_char(*r->p);
}

static bool read_call(reader_t *r, sql_term_t *term)
{
    bool topic = strcasecmp(term->text, "topic") == 0;
    term->number = 0;
    term->kind = topic                                      ? SQL_TOPIC
                 : strcasecmp(term->text, "clientid") == 0  ? SQL_CLIENT
                 : strcasecmp(term->text, "timestamp") == 0 ? SQL_TIME
                                                            : SQL_MEMBER;
    if (term->kind == SQL_MEMBER) {
        return false;
    }
    skip(r);
    if (topic && isdigit((unsigned char)*r->p)) {
        term->number = (double)strtol(r->p, NULL, 10);
        r->p += strspn(r->p, "0123456789");
        if (term->number < 1 || term->number > 20) {
            return false;
        }
    }
    return accept(r, ")");
}

// member.member; dots stand between words only.
static bool read_path(reader_t *r, sql_term_t *term)
{
    size_t len = 0;
    for (bool more = true; more;) {
        size_t start = len;
        while (word_char(r->p[len])) {
            len++;
        }
        more = len > start && r->p[len] == '.';
        if (len == start) {
            return false;
        }
        len += more;
    }
    return take(r, len, term->text, sizeof term->text);
}

static bool read_term(reader_t *r, sql_term_t *term)
{
    *term = (sql_term_t){.kind = SQL_MEMBER};
    skip(r);
    if (*r->p == '\'') {
        term->kind = SQL_STRING;
        return read_quoted(r, term->text, sizeof term->text);
    }
    if (isdigit((unsigned char)*r->p) || *r->p == '-') {
        term->kind = SQL_NUMBER;
        return read_number(r, &term->number);
    }
    if (accept_word(r, "true") || accept_word(r, "false")) {
        term->kind = SQL_BOOL;
        term->number = tolower((unsigned char)r->p[-2]) == 'u';
        return true;
    }
    return read_path(r, term) && (!accept(r, "(") || read_call(r, term));
}

static const char *last_member(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot != NULL ? dot + 1 : path;
}

static void read_item(reader_t *r, sql_t *sql)
{
    if (accept(r, "*")) {
        expect(r, !sql->all);
        sql->all = true;
        return;
    }
    if (sql->items == SQL_ITEMS) {
        expect(r, false);
        return;
    }
    sql_term_t *term = &sql->item[sql->items].term;
    char *name = sql->item[sql->items].name;
    expect(r, read_term(r, term));
    if (!r->failed && accept_word(r, "as")) {
        sql_term_t alias;
        skip(r);
        expect(r, read_path(r, &alias) && strchr(alias.text, '.') == NULL);
        snprintf(name, SQL_TEXT, "%s", r->failed ? "" : alias.text);
    } else {
        expect(r, term->kind == SQL_MEMBER); // the others have no name of their own
        snprintf(name, SQL_TEXT, "%s", last_member(term->text));
    }
    sql->items++;
}

static bool read_op(reader_t *r, sql_op_t *op)
{
    static const struct {
        const char *sign;
        sql_op_t op;
    } signs[] = {{"<>", SQL_NE}, {"!=", SQL_NE}, {"<=", SQL_LE}, {">=", SQL_GE},
                 {"=", SQL_EQ},  {"<", SQL_LT},  {">", SQL_GT}};
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
        if (accept(r, signs[i].sign)) {
            *op = signs[i].op;
            return true;
        }
    }
    return false;
}

static void read_where(reader_t *r, sql_t *sql)
{
    do {
        if (sql->conditions == SQL_CONDITIONS) {
            expect(r, false);
            return;
        }
        expect(r, read_term(r, &sql->where[sql->conditions].left) &&
                      read_op(r, &sql->where[sql->conditions].op) &&
                      read_term(r, &sql->where[sql->conditions].right));
        sql->conditions++;
    } while (!r->failed && accept_word(r, "and"));
}

bool sql_parse(const char *text, sql_t *sql, char *why, size_t size)
{
    reader_t r = {.p = text};
    *sql = (sql_t){0};
    expect(&r, accept_word(&r, "select"));
    do {
        if (!r.failed) {
            read_item(&r, sql);
        }
    } while (!r.failed && accept(&r, ","));
    if (!r.failed) {
        expect(&r, accept_word(&r, "from") && read_quoted(&r, sql->filter, sizeof sql->filter));
    }
    if (!r.failed && accept_word(&r, "where")) {
        read_where(&r, sql);
    }
    if (!r.failed) {
        accept(&r, ";");
        skip(&r);
        expect(&r, *r.p == '\0');
    }
    if (r.failed) {
        snprintf(why, size,
                 "The statement is not one that this cloud understands, from here on: %.60s",
                 *r.p != '\0' ? r.p : "(its end)");
    }
    return !r.failed;
}

// --- patterns of actions ------------------------------------------------------------------------

static const char *pattern_term(const char *p, sql_term_t *term)
{
    reader_t r = {.p = p};
    return read_term(&r, term) && accept(&r, "}") ? r.p : NULL;
}

bool sql_pattern_ok(const char *pattern)
{
    sql_term_t term;
    while (pattern != NULL && (pattern = strstr(pattern, "${")) != NULL) {
        pattern = pattern_term(pattern + 2, &term);
        if (pattern == NULL) {
            return false;
        }
    }
    return true;
}

// --- values -------------------------------------------------------------------------------------

static cJSON *member_of(const cJSON *payload, const char *path)
{
    char name[SQL_TEXT];
    const cJSON *v = payload;
    while (v != NULL && *path != '\0') {
        size_t len = strcspn(path, ".");
        snprintf(name, sizeof name, "%.*s", (int)len, path);
        v = cJSON_GetObjectItemCaseSensitive(v, name);
        path += len + (path[len] == '.');
    }
    return v != NULL ? cJSON_Duplicate(v, true) : NULL;
}

// The n-th part of a topic, from 1; 0: all of it.
static cJSON *topic_part(const char *topic, int n)
{
    char part[SQL_FILTER];
    if (n == 0) {
        return cJSON_CreateString(topic);
    }
    for (int i = 1; topic != NULL && i < n; i++) {
        topic = strchr(topic, '/');
        topic = topic != NULL ? topic + 1 : NULL;
    }
    if (topic == NULL) {
        return NULL;
    }
    snprintf(part, sizeof part, "%.*s", (int)strcspn(topic, "/"), topic);
    return cJSON_CreateString(part);
}

// Caller's; null: there is none.
static cJSON *value_of(const sql_term_t *term, const sql_message_t *m)
{
    switch (term->kind) {
    case SQL_MEMBER:
        return member_of(m->payload, term->text);
    case SQL_STRING:
        return cJSON_CreateString(term->text);
    case SQL_NUMBER:
        return cJSON_CreateNumber(term->number);
    case SQL_BOOL:
        return cJSON_CreateBool(term->number > 0);
    case SQL_TOPIC:
        return topic_part(m->topic, (int)term->number);
    case SQL_CLIENT:
        return m->client != NULL ? cJSON_CreateString(m->client) : NULL;
    case SQL_TIME:
        return cJSON_CreateNumber(m->now_ms);
    }
    return NULL;
}

static bool by_order(sql_op_t op, int order)
{
    switch (op) {
    case SQL_EQ:
        return order == 0;
    case SQL_NE:
        return order != 0;
    case SQL_LT:
        return order < 0;
    case SQL_LE:
        return order <= 0;
    case SQL_GT:
        return order > 0;
    case SQL_GE:
        return order >= 0;
    }
    return false;
}

// Unlike kinds, and what is not there, are neither equal nor in an order: only <> holds for them.
static bool compare(sql_op_t op, const cJSON *a, const cJSON *b)
{
    if (cJSON_IsNumber(a) && cJSON_IsNumber(b)) {
        return by_order(op, (a->valuedouble > b->valuedouble) - (a->valuedouble < b->valuedouble));
    }
    if (cJSON_IsString(a) && cJSON_IsString(b)) {
        return by_order(op, strcmp(a->valuestring, b->valuestring));
    }
    if (cJSON_IsBool(a) && cJSON_IsBool(b) && (op == SQL_EQ || op == SQL_NE)) {
        return by_order(op, cJSON_IsTrue(a) != cJSON_IsTrue(b));
    }
    return op == SQL_NE && a != NULL && b != NULL;
}

bool sql_holds(const sql_t *sql, const sql_message_t *message)
{
    bool holds = true;
    for (size_t i = 0; holds && i < sql->conditions; i++) {
        cJSON *left = value_of(&sql->where[i].left, message);
        cJSON *right = value_of(&sql->where[i].right, message);
        holds = compare(sql->where[i].op, left, right);
        cJSON_Delete(left);
        cJSON_Delete(right);
    }
    return holds;
}

cJSON *sql_select(const sql_t *sql, const sql_message_t *message)
{
    if (sql->all && sql->items == 0) {
        return message->payload != NULL ? cJSON_Duplicate(message->payload, true) : NULL;
    }
    if (sql->all && !cJSON_IsObject(message->payload)) {
        return NULL;
    }
    cJSON *out = sql->all ? cJSON_Duplicate(message->payload, true) : cJSON_CreateObject();
    for (size_t i = 0; i < sql->items; i++) {
        cJSON *value = value_of(&sql->item[i].term, message);
        if (value != NULL) {
            cJSON_DeleteItemFromObjectCaseSensitive(out, sql->item[i].name);
            cJSON_AddItemToObject(out, sql->item[i].name, value);
        }
    }
    return out;
}

static bool put_value(const cJSON *value, char *out, size_t size, size_t *len)
{
    char *text = cJSON_IsString(value)                          ? strdup(value->valuestring)
                 : cJSON_IsNumber(value) || cJSON_IsBool(value) ? cJSON_PrintUnformatted(value)
                                                                : NULL;
    int n = text != NULL ? snprintf(out + *len, size - *len, "%s", text) : -1;
    free(text);
    if (n < 0 || (size_t)n >= size - *len) {
        return false;
    }
    *len += (size_t)n;
    return true;
}

bool sql_substitute(const char *pattern, const sql_message_t *message, char *out, size_t size)
{
    sql_term_t term;
    size_t len = 0;
    while (*pattern != '\0') {
        if (strncmp(pattern, "${", 2) != 0) {
            if (len + 1 >= size) {
                return false;
            }
            out[len++] = *pattern++;
            continue;
        }
        pattern = pattern_term(pattern + 2, &term);
        cJSON *value = pattern != NULL ? value_of(&term, message) : NULL;
        bool ok = value != NULL && put_value(value, out, size, &len);
        cJSON_Delete(value);
        if (!ok) {
            return false;
        }
    }
    out[len] = '\0';
    return true;
}
