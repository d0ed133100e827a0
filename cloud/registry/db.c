// SPDX-License-Identifier: Apache-2.0
#include "db.h"
#include "keypool.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "schema.h"

enum { BUSY_MS = 5000 };

static lp_reg_err_t sql_failed(lp_registry_t *reg)
{
    int code = sqlite3_errcode(reg->db_) & 0xff;
    bool outside = code == SQLITE_FULL || code == SQLITE_IOERR || code == SQLITE_READONLY ||
                   code == SQLITE_BUSY || code == SQLITE_CANTOPEN;
    return lp_reg_fail(reg, outside ? LP_REG_UNAVAILABLE : LP_REG_INTERNAL, "the registry: %s",
                       sqlite3_errmsg(reg->db_));
}

static void bind_one(sqlite3_stmt *st, int at, char kind, va_list *args)
{
    const void *bytes;
    const char *text;
    switch (kind) {
    case 't':
        text = va_arg(*args, const char *);
        sqlite3_bind_text(st, at, text, -1, SQLITE_TRANSIENT);
        break;
    case 'i':
        sqlite3_bind_int64(st, at, va_arg(*args, int64_t));
        break;
    case 'd':
        sqlite3_bind_double(st, at, va_arg(*args, double));
        break;
    case 'b':
        bytes = va_arg(*args, const void *);
        sqlite3_bind_blob64(st, at, bytes != NULL ? bytes : "", va_arg(*args, size_t),
                            SQLITE_TRANSIENT);
        break;
    default:
        break;
    }
}

sqlite3_stmt *lp_db_query_v(lp_registry_t *reg, const char *sql, const char *fmt, va_list *args)
{
    sqlite3_stmt *st = NULL;
    if (sqlite3_prepare_v2(reg->db_, sql, -1, &st, NULL) != SQLITE_OK) {
        sql_failed(reg);
        return NULL;
    }
    for (int i = 0; fmt[i] != '\0'; i++) {
        bind_one(st, i + 1, fmt[i], args);
    }
    return st;
}

sqlite3_stmt *lp_db_query(lp_registry_t *reg, const char *sql, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    sqlite3_stmt *st = lp_db_query_v(reg, sql, fmt, &args);
    va_end(args);
    return st;
}

// To prepare a statement costs more than most take to run. Null: SQLite refuses it.
static sqlite3_stmt *kept_statement(lp_registry_t *reg, const char *sql)
{
    size_t at = ((uintptr_t)sql >> 4) % LP_DB_KEPT;
    if (reg->kept_[at].sql == sql && strcmp(sqlite3_sql(reg->kept_[at].st), sql) == 0) {
        return reg->kept_[at].st;
    }
    sqlite3_finalize(reg->kept_[at].st);
    reg->kept_[at].sql = sql;
    reg->kept_[at].st = NULL;
    if (sqlite3_prepare_v3(reg->db_, sql, -1, SQLITE_PREPARE_PERSISTENT, &reg->kept_[at].st,
                           NULL) != SQLITE_OK) {
        reg->kept_[at].sql = NULL;
        sql_failed(reg);
    }
    return reg->kept_[at].st;
}

lp_reg_err_t lp_db_run(lp_registry_t *reg, const char *sql, const char *fmt, ...)
{
    va_list args;
    sqlite3_stmt *st = kept_statement(reg, sql);
    if (st == NULL) {
        return reg->error_.code;
    }
    va_start(args, fmt);
    for (int i = 0; fmt[i] != '\0'; i++) {
        bind_one(st, i + 1, fmt[i], &args);
    }
    va_end(args);
    int rc = sqlite3_step(st);
    lp_reg_err_t err = rc == SQLITE_DONE || rc == SQLITE_ROW ? LP_REG_OK : sql_failed(reg);
    sqlite3_reset(st);
    sqlite3_clear_bindings(st); // what was bound may be a secret
    reg->change_ms_ = 0;        // what this handle wrote it sees at once
    return err;
}

int lp_db_changes(const lp_registry_t *reg)
{
    return sqlite3_changes(reg->db_);
}

bool lp_db_int(lp_registry_t *reg, int64_t *out, const char *sql, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    sqlite3_stmt *st = lp_db_query_v(reg, sql, fmt, &args);
    va_end(args);
    bool found = st != NULL && sqlite3_step(st) == SQLITE_ROW;
    if (found) {
        *out = sqlite3_column_int64(st, 0);
    }
    sqlite3_finalize(st);
    return found;
}

bool lp_db_text(lp_registry_t *reg, char *out, size_t size, const char *sql, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    sqlite3_stmt *st = lp_db_query_v(reg, sql, fmt, &args);
    va_end(args);
    bool found = st != NULL && sqlite3_step(st) == SQLITE_ROW;
    if (found) {
        const char *text = (const char *)sqlite3_column_text(st, 0);
        snprintf(out, size, "%s", text != NULL ? text : "");
    }
    sqlite3_finalize(st);
    return found;
}

lp_reg_err_t lp_db_begin(lp_registry_t *reg)
{
    if (reg->depth_ == 0) {
        lp_reg_err_t rc = lp_db_run(reg, "BEGIN IMMEDIATE", "");
        if (rc != LP_REG_OK) {
            return rc;
        }
    }
    reg->depth_++;
    return LP_REG_OK;
}

lp_reg_err_t lp_db_end(lp_registry_t *reg, lp_reg_err_t rc)
{
    if (--reg->depth_ > 0) {
        return rc;
    }
    lp_reg_error_t kept = reg->error_;
    if (rc == LP_REG_OK) {
        rc = lp_db_run(reg, "COMMIT", "");
        kept = reg->error_;
    }
    if (rc != LP_REG_OK) {
        sqlite3_exec(reg->db_, "ROLLBACK", NULL, NULL, NULL);
        reg->error_ = kept;
    }
    return rc;
}

lp_reg_err_t lp_reg_fail(lp_registry_t *reg, lp_reg_err_t code, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    reg->error_ = (lp_reg_error_t){.code = code};
    vsnprintf(reg->error_.message, sizeof reg->error_.message, fmt, args);
    va_end(args);
    return code;
}

lp_reg_err_t lp_reg_fail_resource(lp_registry_t *reg, lp_reg_err_t code, const char *id,
                                  const char *arn, const char *message)
{
    lp_reg_fail(reg, code, "%s", message);
    snprintf(reg->error_.resource_id, sizeof reg->error_.resource_id, "%s", id);
    snprintf(reg->error_.resource_arn, sizeof reg->error_.resource_arn, "%s", arn);
    return code;
}

lp_reg_err_t lp_reg_say(lp_registry_t *reg, lp_reg_err_t code, const char *message)
{
    return lp_reg_fail(reg, code, "%s", message);
}

void lp_reg_restore(lp_registry_t *reg, const lp_reg_error_t *error)
{
    reg->error_ = *error;
}

const lp_reg_error_t *lp_reg_error(const lp_registry_t *reg)
{
    return &reg->error_;
}

bool lp_db_make_tables(sqlite3 *db)
{
    bool ok = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK;
    for (size_t i = 0; ok && i < sizeof schema_sql / sizeof schema_sql[0]; i++) {
        ok = sqlite3_exec(db, schema_sql[i], NULL, NULL, NULL) == SQLITE_OK;
    }
    return ok && sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK;
}

// synchronous=NORMAL: after a power cut the newest transactions may be gone but the file is whole;
// the price of FULL is a disk flush for each event.
static bool configure(sqlite3 *db, bool create)
{
    sqlite3_busy_timeout(db, BUSY_MS);
    if (sqlite3_exec(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;", NULL, NULL, NULL) !=
        SQLITE_OK) {
        return false;
    }
    return !create || lp_db_make_tables(db);
}

lp_reg_err_t lp_registry_open(lp_registry_t **out, const char *path, bool create, char *why,
                              size_t size)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (create ? SQLITE_OPEN_CREATE : 0);
    sqlite3 *db = NULL;
    *out = NULL;
    mode_t old = umask(0077);
    bool ok = sqlite3_open_v2(path, &db, flags, NULL) == SQLITE_OK && configure(db, create);
    umask(old);
    lp_registry_t *reg = ok ? calloc(1, sizeof *reg) : NULL;
    if (reg == NULL) {
        if (why != NULL) {
            snprintf(why, size, "%s", db != NULL ? sqlite3_errmsg(db) : "out of memory");
        }
        sqlite3_close(db);
        return LP_REG_UNAVAILABLE;
    }
    reg->db_ = db;
    *out = reg;
    return LP_REG_OK;
}

bool lp_registry_open_scope(lp_registry_t **out, const char *folder, const char *account,
                            const char *region, lp_scope_t *scope, char *why, size_t size)
{
    char path[1200];
    snprintf(path, sizeof path, "%s/registry.db", folder);
    if (lp_registry_open(out, path, false, why, size) != LP_REG_OK) {
        return false;
    }
    lp_registry_set_folder(*out, folder);
    if (lp_reg_scope(*out, account, region, scope) != LP_REG_OK) {
        snprintf(why, size, "%s", lp_reg_error(*out)->message);
        return false;
    }
    return true;
}

void lp_registry_close(lp_registry_t *reg)
{
    if (reg != NULL) {
        for (size_t i = 0; i < LP_DB_KEPT; i++) {
            sqlite3_finalize(reg->kept_[i].st);
        }
        lp_keypool_stop();
        lp_registry_changes_close(reg);
        sqlite3_close(reg->db_);
        free(reg);
    }
}

void lp_registry_set_folder(lp_registry_t *reg, const char *folder)
{
    snprintf(reg->folder_, sizeof reg->folder_, "%s", folder);
}

lp_reg_err_t lp_reg_setting_put(lp_registry_t *reg, const char *key, const char *value)
{
    if (value == NULL) {
        return lp_db_run(reg, "DELETE FROM meta WHERE key='s:'||?", "t", key);
    }
    return lp_db_run(reg, "INSERT OR REPLACE INTO meta VALUES('s:'||?, ?)", "tt", key, value);
}

lp_reg_err_t lp_reg_setting_get(lp_registry_t *reg, const char *key, char *value, size_t size)
{
    if (!lp_db_text(reg, value, size, "SELECT value FROM meta WHERE key='s:'||?", "t", key)) {
        return lp_reg_fail(reg, LP_REG_NOT_FOUND, "no setting %s", key);
    }
    return LP_REG_OK;
}

double lp_db_now(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    return (double)ts.tv_sec + (double)(ts.tv_nsec / 1000000) / 1000.0;
}

void lp_db_uuid(char out[37])
{
    unsigned char r[16] = {0};
    RAND_bytes(r, sizeof r);
    r[6] = (unsigned char)((r[6] & 0x0f) | 0x40);
    r[8] = (unsigned char)((r[8] & 0x3f) | 0x80);
    int at = 0;
    for (int i = 0; i < 16; i++) {
        at += snprintf(out + at, (size_t)(37 - at), "%s%02x",
                       i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", r[i]);
    }
}
