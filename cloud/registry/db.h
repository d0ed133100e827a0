// SPDX-License-Identifier: Apache-2.0
// Private: the registry's handle and its few ways to ask SQLite.
#ifndef LP_REGISTRY_DB_H
#define LP_REGISTRY_DB_H

#include <sqlite3.h>
#include <stdarg.h>

#include "limpet/registry.h"

enum { LP_DB_KEPT = 16 };
enum { LP_CHANGE_AGE_MS = 50, LP_CHANGE_KEYS = 512, LP_CHANGE_KEY = 340 };

struct lp_registry {
    sqlite3 *db_;
    char folder_[1024];
    lp_reg_error_t error_;
    int depth_; // of nested transactions
    // Statements of lp_db_run() that may come again, found by the text's address.
    struct {
        const char *sql;
        sqlite3_stmt *st;
    } kept_[LP_DB_KEPT];
    // changes.c
    sqlite3_stmt *change_st_;
    int64_t change_; // as of change_ms_ (monotonic)
    int64_t change_ms_;
    int64_t known_from_; // the keys of changes known_from_+1 .. known_to_ are in keys_
    int64_t known_to_;
    char (*keys_)[LP_CHANGE_KEY];
};

// The change number, at most LP_CHANGE_AGE_MS old: reading it for each message would cost more than
// the rest of the decision.
int64_t lp_registry_change_recent(lp_registry_t *reg);
// Calls fn with the key of each change after `from`, until it returns true; true: it did, or the
// changes are no longer known one by one.
bool lp_registry_changed(lp_registry_t *reg, int64_t from, bool (*fn)(void *arg, const char *key),
                         void *arg);
void lp_registry_changes_close(lp_registry_t *reg);

// Values for a statement's parameters follow `fmt`: t text (null allowed), i int64_t, d double, b
// bytes (pointer, size_t). A statement that SQLite refuses is remembered as LP_REG_INTERNAL or
// LP_REG_UNAVAILABLE.
sqlite3_stmt *lp_db_query(lp_registry_t *reg, const char *sql, const char *fmt, ...);
sqlite3_stmt *lp_db_query_v(lp_registry_t *reg, const char *sql, const char *fmt, va_list *args);
lp_reg_err_t lp_db_run(lp_registry_t *reg, const char *sql, const char *fmt, ...);
// How many rows the last lp_db_run() changed.
int lp_db_changes(const lp_registry_t *reg);
// The first column of the first row; false: there is none (*out untouched).
bool lp_db_int(lp_registry_t *reg, int64_t *out, const char *sql, const char *fmt, ...);
bool lp_db_text(lp_registry_t *reg, char *out, size_t size, const char *sql, const char *fmt, ...);
// A row as a document, members named by the columns; null: there is none. A column "b:x" is a
// boolean, "j:x" JSON text, "h:x" bytes as base64, and null values are left out. Names that start
// with "_" are left out.
cJSON *lp_db_row(lp_registry_t *reg, const char *sql, const char *fmt, ...);
// A page of `sql`, whose rows must have a column _key that orders them:
// {list: [rows], next: token} as LP_REG_OK, or LP_REG_INVALID for a token that is none.
// scalar: rows become the value of that column instead of an object (null: objects).
typedef struct {
    const char *list, *next, *scalar;
} lp_db_list_t;
lp_reg_err_t lp_db_page(lp_registry_t *reg, const lp_db_list_t *names, const lp_page_t *page,
                        cJSON **doc, const char *sql, const char *fmt, ...);

// Transactions nest; lp_db_end() commits when rc is LP_REG_OK, else takes everything back. Returns
// rc, or the error of the commit.
lp_reg_err_t lp_db_begin(lp_registry_t *reg);
lp_reg_err_t lp_db_end(lp_registry_t *reg, lp_reg_err_t rc);

// Remembers and returns an error with its words.
lp_reg_err_t lp_reg_fail(lp_registry_t *reg, lp_reg_err_t code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
// The same with the resource that is in the way.
lp_reg_err_t lp_reg_fail_resource(lp_registry_t *reg, lp_reg_err_t code, const char *id,
                                  const char *arn, const char *message);

// Makes what is missing of the tables.
bool lp_db_make_tables(sqlite3 *db);

double lp_db_now(void);

// A random UUID with its terminator.
void lp_db_uuid(char out[37]);

// 1..128 characters of [a-zA-Z0-9:_-].
bool lp_name_is_thing(const char *name);
// 1..128 characters of [A-Za-z0-9_+=,.@-].
bool lp_name_is_policy(const char *name);
// 64 lower-case hex digits.
bool lp_name_is_cert_id(const char *id);

// Splits "arn:aws:iot:REGION:ACCOUNT:KIND/NAME" of this scope; kind and name are caller's buffers.
bool lp_arn_split(const lp_scope_t *scope, const char *arn, char kind[32], char name[160]);
// The certificate id in a certificate's ARN of this scope; false: it is none.
bool lp_arn_cert(const lp_scope_t *scope, const char *arn, char id[LP_REG_ID_SIZE]);

#endif
