// SPDX-License-Identifier: Apache-2.0
// Names, ARNs, accounts and the error list.
#include <ctype.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

#include "db.h"

static const struct {
    const char *name;
    int status;
} errors[] = {
#define LP_REG_ERR_ROW(name, aws, status) {aws, status},
    LP_REG_ERR_LIST(LP_REG_ERR_ROW)
#undef LP_REG_ERR_ROW
};

const char *lp_reg_err_name(lp_reg_err_t err)
{
    return errors[err].name;
}

int lp_reg_err_status(lp_reg_err_t err)
{
    return errors[err].status;
}

static bool all_of(const char *s, size_t max, const char *also)
{
    size_t n = 0;
    for (; s[n] != '\0'; n++) {
        unsigned char c = (unsigned char)s[n];
        if (n >= max || c >= 0x80 || (!isalnum(c) && strchr(also, c) == NULL)) {
            return false;
        }
    }
    return n > 0;
}

bool lp_name_is_thing(const char *name)
{
    return name != NULL && all_of(name, LP_REG_NAME_MAX, ":_-");
}

bool lp_name_is_policy(const char *name)
{
    return name != NULL && all_of(name, LP_REG_NAME_MAX, "_+=,.@-");
}

bool lp_name_is_cert_id(const char *id)
{
    return id != NULL && strlen(id) == LP_REG_ID_SIZE - 1 &&
           strspn(id, "0123456789abcdef") == LP_REG_ID_SIZE - 1;
}

void lp_reg_arn(const lp_scope_t *scope, const char *kind, const char *name,
                char arn[LP_REG_ARN_SIZE])
{
    snprintf(arn, LP_REG_ARN_SIZE, "arn:aws:iot:%s:%s:%s/%s", scope->region, scope->account, kind,
             name);
}

bool lp_arn_split(const lp_scope_t *scope, const char *arn, char kind[32], char name[160])
{
    char prefix[LP_REG_ARN_SIZE];
    int n = snprintf(prefix, sizeof prefix, "arn:aws:iot:%s:%s:", scope->region, scope->account);
    if (arn == NULL || strncmp(arn, prefix, (size_t)n) != 0) {
        return false;
    }
    const char *rest = arn + n;
    const char *slash = strchr(rest, '/');
    if (slash == NULL || slash - rest >= 32 || slash[1] == '\0' || strlen(slash + 1) >= 160) {
        return false;
    }
    snprintf(kind, 32, "%.*s", (int)(slash - rest), rest);
    snprintf(name, 160, "%s", slash + 1);
    return true;
}

bool lp_arn_cert(const lp_scope_t *scope, const char *arn, char id[LP_REG_ID_SIZE])
{
    char kind[32];
    char name[160];
    if (!lp_arn_split(scope, arn, kind, name) || strcmp(kind, "cert") != 0 ||
        !lp_name_is_cert_id(name)) {
        return false;
    }
    memcpy(id, name, LP_REG_ID_SIZE);
    return true;
}

lp_reg_err_t lp_reg_account_add(lp_registry_t *reg, const char *account, const char *name)
{
    if (strlen(account) != 12 || strspn(account, "0123456789") != 12) {
        return lp_reg_fail(reg, LP_REG_INVALID, "an account is 12 digits");
    }
    return lp_db_run(reg, "INSERT OR REPLACE INTO accounts(id,name) VALUES(?,?)", "tt", account,
                     name);
}

lp_reg_err_t lp_reg_access_key_add(lp_registry_t *reg, const char *key_id,
                                   const lp_access_key_t *key)
{
    return lp_db_run(reg, "INSERT OR REPLACE INTO access_keys VALUES(?,?,?,?,?,?)", "tttttd",
                     key_id, key->account, key->user, key->secret, key->token, key->expires);
}

static void copy_column(sqlite3_stmt *st, int at, char *out, size_t size)
{
    const char *text = (const char *)sqlite3_column_text(st, at);
    snprintf(out, size, "%s", text != NULL ? text : "");
}

lp_reg_err_t lp_reg_access_key_get(lp_registry_t *reg, const char *key_id, lp_access_key_t *key)
{
    sqlite3_stmt *st = lp_db_query(
        reg, "SELECT account,user,secret,token,expires FROM access_keys WHERE id=?", "t", key_id);
    bool found = st != NULL && sqlite3_step(st) == SQLITE_ROW;
    if (found) {
        copy_column(st, 0, key->account, sizeof key->account);
        copy_column(st, 1, key->user, sizeof key->user);
        copy_column(st, 2, key->secret, sizeof key->secret);
        copy_column(st, 3, key->token, sizeof key->token);
        key->expires = sqlite3_column_double(st, 4);
    }
    sqlite3_finalize(st);
    return found ? LP_REG_OK : lp_reg_fail(reg, LP_REG_UNAUTHORIZED, "no such access key");
}

static bool region_plausible(const char *region)
{
    size_t n = strlen(region);
    return n >= 3 && n <= 32 && strspn(region, "abcdefghijklmnopqrstuvwxyz0123456789-") == n;
}

lp_reg_err_t lp_reg_scope(lp_registry_t *reg, const char *account, const char *region,
                          lp_scope_t *scope)
{
    if (!region_plausible(region)) {
        return lp_reg_fail(reg, LP_REG_INVALID, "%.40s is not the name of a region", region);
    }
    const char *find = "SELECT id FROM scopes WHERE account=? AND region=?";
    int64_t id = 0;
    if (!lp_db_int(reg, &id, find, "tt", account, region)) {
        lp_reg_err_t rc = lp_db_run(reg, "INSERT OR IGNORE INTO scopes(account,region) VALUES(?,?)",
                                    "tt", account, region);
        if (rc != LP_REG_OK) {
            return rc;
        }
        lp_db_int(reg, &id, find, "tt", account, region);
    }
    scope->id = id;
    snprintf(scope->account, sizeof scope->account, "%s", account);
    snprintf(scope->region, sizeof scope->region, "%s", region);
    return LP_REG_OK;
}
