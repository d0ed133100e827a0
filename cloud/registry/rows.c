// SPDX-License-Identifier: Apache-2.0
// Rows as documents, and lists in pages.
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db.h"

enum { PAGE_DEFAULT = 250, KEY_MAX = 700 };

static cJSON *base64_value(const void *data, int len)
{
    char *text = malloc((size_t)len * 4 / 3 + 8);
    if (text == NULL) {
        return NULL;
    }
    EVP_EncodeBlock((unsigned char *)text, data, len);
    cJSON *value = cJSON_CreateString(text);
    free(text);
    return value;
}

static cJSON *column_value(sqlite3_stmt *st, int at, char kind)
{
    if (kind == 'b') {
        return cJSON_CreateBool(sqlite3_column_int(st, at) != 0);
    }
    if (kind == 'h') {
        return base64_value(sqlite3_column_blob(st, at), sqlite3_column_bytes(st, at));
    }
    if (kind == 'j') {
        return cJSON_Parse((const char *)sqlite3_column_text(st, at));
    }
    if (sqlite3_column_type(st, at) == SQLITE_TEXT) {
        return cJSON_CreateString((const char *)sqlite3_column_text(st, at));
    }
    return cJSON_CreateNumber(sqlite3_column_double(st, at));
}

static cJSON *row_document(sqlite3_stmt *st)
{
    cJSON *doc = cJSON_CreateObject();
    for (int i = 0; i < sqlite3_column_count(st); i++) {
        const char *name = sqlite3_column_name(st, i);
        if (name[0] == '_' || sqlite3_column_type(st, i) == SQLITE_NULL) {
            continue;
        }
        bool typed = name[1] == ':';
        cJSON_AddItemToObject(doc, typed ? name + 2 : name,
                              column_value(st, i, typed ? name[0] : '\0'));
    }
    return doc;
}

cJSON *lp_db_row(lp_registry_t *reg, const char *sql, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    sqlite3_stmt *st = lp_db_query_v(reg, sql, fmt, &args);
    va_end(args);
    cJSON *doc = st != NULL && sqlite3_step(st) == SQLITE_ROW ? row_document(st) : NULL;
    sqlite3_finalize(st);
    return doc;
}

static bool token_decode(const char *token, char key[KEY_MAX])
{
    size_t len = strlen(token);
    if (len == 0 || len % 4 != 0 || len > (KEY_MAX - 4) / 3 * 4) {
        return false;
    }
    int n = EVP_DecodeBlock((unsigned char *)key, (const unsigned char *)token, (int)len);
    if (n < 0) {
        return false;
    }
    n -= token[len - 1] == '=' ? 1 + (token[len - 2] == '=') : 0;
    key[n] = '\0';
    return true;
}

static void add_token(cJSON *doc, const char *name, const char *key)
{
    cJSON_AddItemToObject(doc, name, base64_value(key, (int)strlen(key)));
}

static int column_named(sqlite3_stmt *st, const char *name)
{
    for (int i = 0; i < sqlite3_column_count(st); i++) {
        if (strcmp(sqlite3_column_name(st, i), name) == 0) {
            return i;
        }
    }
    return 0;
}

static void fill_page(sqlite3_stmt *st, const lp_db_list_t *names, int limit, cJSON *doc)
{
    cJSON *list = cJSON_AddArrayToObject(doc, names->list);
    int key_at = column_named(st, "_key");
    char key[KEY_MAX] = "";
    for (int n = 0; sqlite3_step(st) == SQLITE_ROW; n++) {
        if (n == limit) {
            add_token(doc, names->next, key);
            return;
        }
        cJSON_AddItemToArray(list, names->scalar == NULL
                                       ? row_document(st)
                                       : column_value(st, column_named(st, names->scalar), '\0'));
        snprintf(key, sizeof key, "%s", (const char *)sqlite3_column_text(st, key_at));
    }
}

lp_reg_err_t lp_db_page(lp_registry_t *reg, const lp_db_list_t *names, const lp_page_t *page,
                        cJSON **doc, const char *sql, const char *fmt, ...)
{
    char key[KEY_MAX] = "";
    if (page->after != NULL && !token_decode(page->after, key)) {
        return lp_reg_fail(reg, LP_REG_INVALID, "The %s is not one that was given out.",
                           names->next);
    }
    int limit = page->limit > 0 ? page->limit : PAGE_DEFAULT;
    char *paged =
        sqlite3_mprintf("SELECT * FROM (%s) AS page WHERE %s _key %s %Q ORDER BY _key %s LIMIT %d",
                        sql, page->after == NULL ? "1 OR" : "", page->descending ? "<" : ">", key,
                        page->descending ? "DESC" : "ASC", limit + 1);
    va_list args;
    va_start(args, fmt);
    sqlite3_stmt *st = paged != NULL ? lp_db_query_v(reg, paged, fmt, &args) : NULL;
    va_end(args);
    sqlite3_free(paged);
    if (st == NULL) {
        return reg->error_.code != LP_REG_OK ? reg->error_.code : LP_REG_INTERNAL;
    }
    *doc = cJSON_CreateObject();
    fill_page(st, names, limit, *doc);
    sqlite3_finalize(st);
    return LP_REG_OK;
}
