// SPDX-License-Identifier: Apache-2.0
// The store as a file that goes somewhere else: a copy of one moment, and the check of what comes
// back.
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "pki.h"

lp_reg_err_t lp_registry_snapshot(lp_registry_t *reg, const char *path)
{
    mode_t old = umask(0077);
    lp_reg_err_t rc = lp_db_run(reg, "VACUUM INTO ?", "t", path);
    umask(old);
    return rc;
}

static bool say(char *why, size_t size, const char *what)
{
    snprintf(why, size, "%s", what);
    return false;
}

// Tables, indexes and triggers of the file that this version does not make exactly so.
static int strange_parts(sqlite3 *file, sqlite3 *fresh)
{
    sqlite3_stmt *all = NULL;
    sqlite3_stmt *find = NULL;
    int strange = 0;
    if (sqlite3_prepare_v2(file, "SELECT type,name,coalesce(sql,'') FROM sqlite_master", -1, &all,
                           NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(fresh,
                           "SELECT 1 FROM sqlite_master WHERE type=? AND name=? AND"
                           " coalesce(sql,'')=?",
                           -1, &find, NULL) != SQLITE_OK) {
        strange = 1;
    }
    while (strange == 0 && sqlite3_step(all) == SQLITE_ROW) {
        sqlite3_reset(find);
        for (int i = 0; i < 3; i++) {
            sqlite3_bind_text(find, i + 1, (const char *)sqlite3_column_text(all, i), -1,
                              SQLITE_TRANSIENT);
        }
        strange += sqlite3_step(find) != SQLITE_ROW;
    }
    sqlite3_finalize(all);
    sqlite3_finalize(find);
    return strange;
}

static bool text_is(sqlite3 *db, const char *sql, const char *expected)
{
    sqlite3_stmt *st = NULL;
    bool ok = sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK &&
              sqlite3_step(st) == SQLITE_ROW && sqlite3_column_text(st, 0) != NULL &&
              strcmp((const char *)sqlite3_column_text(st, 0), expected) == 0;
    sqlite3_finalize(st);
    return ok;
}

static bool verify(sqlite3 *file, sqlite3 *fresh, char *why, size_t size)
{
    // Before anything is asked of its tables: a view or a trigger could be anything.
    if (strange_parts(file, fresh) > 0) {
        return say(why, size, "the registry in it is not one that this version makes");
    }
    if (!text_is(file, "PRAGMA integrity_check", "ok")) {
        return say(why, size, "the registry in it is damaged");
    }
    return text_is(file, "SELECT CAST(value AS TEXT) FROM meta WHERE key='schema'", "1") ||
           say(why, size, "the registry in it is of another version");
}

bool lp_registry_verify(const char *path, char *why, size_t size)
{
    sqlite3 *file = NULL;
    sqlite3 *fresh = NULL;
    bool ok = sqlite3_open_v2(path, &file, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
              sqlite3_open_v2(":memory:", &fresh, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
                              NULL) == SQLITE_OK &&
              sqlite3_exec(file, "PRAGMA trusted_schema=OFF", NULL, NULL, NULL) == SQLITE_OK &&
              lp_db_make_tables(fresh);
    ok = ok ? verify(file, fresh, why, size) : say(why, size, "the registry in it cannot be read");
    sqlite3_close(file);
    sqlite3_close(fresh);
    return ok;
}

lp_reg_err_t lp_registry_retrust(lp_registry_t *reg)
{
    sqlite3_stmt *st = lp_db_query(reg,
                                   "SELECT pem FROM ca_certificates UNION SELECT pem FROM"
                                   " certificates WHERE mode='SNI_ONLY' AND ca IS NULL",
                                   "");
    bool ok = st != NULL;
    while (ok && sqlite3_step(st) == SQLITE_ROW) {
        X509 *cert = lp_x509_from_pem((const char *)sqlite3_column_text(st, 0));
        ok = cert != NULL && lp_pki_trust(reg, cert);
        X509_free(cert);
    }
    sqlite3_finalize(st);
    return ok ? LP_REG_OK
              : lp_reg_fail(reg, LP_REG_UNAVAILABLE, "the broker's trust folder is not writable");
}

lp_reg_err_t lp_reg_accounts(lp_registry_t *reg, cJSON **doc)
{
    const lp_db_list_t names = {.list = "accounts", .next = "nextToken"};
    const lp_page_t page = {0};
    return lp_db_page(reg, &names, &page, doc,
                      "SELECT a.id||k.id AS _key, a.id AS accountId, a.name AS name,"
                      " k.id AS accessKeyId, k.user AS user FROM accounts a LEFT JOIN access_keys k"
                      " ON k.account=a.id",
                      "");
}

static void copy(sqlite3_stmt *st, int at, char *out, size_t size)
{
    const char *text = (const char *)sqlite3_column_text(st, at);
    snprintf(out, size, "%s", text != NULL ? text : "");
}

lp_reg_err_t lp_reg_access_keys(lp_registry_t *reg, lp_reg_access_key_fn fn, void *arg)
{
    lp_access_key_t key = {0};
    sqlite3_stmt *st = lp_db_query(
        reg, "SELECT id,account,user,secret,token,expires FROM access_keys ORDER BY user,id", "");
    if (st == NULL) {
        return reg->error_.code;
    }
    while (sqlite3_step(st) == SQLITE_ROW) {
        copy(st, 1, key.account, sizeof key.account);
        copy(st, 2, key.user, sizeof key.user);
        copy(st, 3, key.secret, sizeof key.secret);
        copy(st, 4, key.token, sizeof key.token);
        key.expires = sqlite3_column_double(st, 5);
        fn(arg, (const char *)sqlite3_column_text(st, 0), &key);
    }
    sqlite3_finalize(st);
    OPENSSL_cleanse(&key, sizeof key);
    return LP_REG_OK;
}
