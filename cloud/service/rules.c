// SPDX-License-Identifier: Apache-2.0
// Rules as they are kept, and what is refused when they are made.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../registry/db.h"
#include "limpet/authz.h"
#include "limpet/rules.h"
#include "rule_sql.h"

enum { ACTIONS_MAX = 10, NAME_MAX_CHARS = 128 };

static const cJSON *get(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

static const char *text_of(const cJSON *object, const char *name)
{
    return cJSON_GetStringValue(get(object, name));
}

static lp_reg_err_t invalid(lp_registry_t *reg, const char *what)
{
    return lp_reg_fail(reg, LP_REG_INVALID, "%s", what);
}

static lp_reg_err_t missing(lp_registry_t *reg, const char *name)
{
    return lp_reg_fail(reg, LP_REG_UNAUTHORIZED, "Access to topic rule '%.128s' was denied", name);
}

static bool name_ok(const char *name)
{
    size_t len = strlen(name);
    return len > 0 && len <= NAME_MAX_CHARS &&
           strspn(name, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_") == len;
}

static lp_reg_err_t check_republish(lp_registry_t *reg, const cJSON *action)
{
    const char *topic = text_of(action, "topic");
    const cJSON *qos = get(action, "qos");
    if (topic == NULL || !sql_pattern_ok(topic) || strlen(topic) > SQL_FILTER) {
        return invalid(reg, "The topic of republish is missing, or a ${...} in it is not a member, "
                            "topic(), clientid() or timestamp()");
    }
    if (topic[0] == '$' && topic[1] != '{') {
        return lp_reg_fail(reg, LP_REG_NOT_IMPLEMENTED,
                           "This cloud republishes to no reserved topic");
    }
    if (qos != NULL && (!cJSON_IsNumber(qos) || qos->valueint < 0 || qos->valueint > 1)) {
        return invalid(reg, "qos must be 0 or 1");
    }
    return LP_REG_OK;
}

static lp_reg_err_t check_s3(lp_registry_t *reg, const cJSON *action)
{
    const char *key = text_of(action, "key");
    return text_of(action, "bucketName") != NULL && key != NULL && sql_pattern_ok(key)
               ? LP_REG_OK
               : invalid(reg, "s3 needs bucketName and key, and a ${...} in the key is a member, "
                              "topic(), clientid() or timestamp()");
}

static lp_reg_err_t check_action(lp_registry_t *reg, const cJSON *action)
{
    const cJSON *kind = cJSON_IsObject(action) ? action->child : NULL;
    if (kind == NULL || kind->next != NULL || !cJSON_IsObject(kind)) {
        return invalid(reg, "An action names exactly one thing to do");
    }
    if (text_of(kind, "roleArn") == NULL && strcmp(kind->string, "lambda") != 0) {
        return invalid(reg, "An action needs a roleArn");
    }
    if (strcmp(kind->string, "republish") == 0) {
        return check_republish(reg, kind);
    }
    if (strcmp(kind->string, "s3") == 0) {
        return check_s3(reg, kind);
    }
    return lp_reg_fail(reg, LP_REG_NOT_IMPLEMENTED,
                       "The action %.40s is not in this cloud, which has republish and s3",
                       kind->string);
}

static lp_reg_err_t check_actions(lp_registry_t *reg, const cJSON *payload)
{
    const cJSON *actions = get(payload, "actions");
    const cJSON *a = NULL;
    lp_reg_err_t rc = LP_REG_OK;
    if (!cJSON_IsArray(actions) || cJSON_GetArraySize(actions) > ACTIONS_MAX) {
        return invalid(reg, "actions must be a list of up to 10");
    }
    if (get(payload, "errorAction") != NULL) {
        return lp_reg_fail(reg, LP_REG_NOT_IMPLEMENTED, "errorAction is not in this cloud");
    }
    cJSON_ArrayForEach(a, actions)
    {
        rc = rc == LP_REG_OK ? check_action(reg, a) : rc;
    }
    return rc;
}

static lp_reg_err_t check_sql(lp_registry_t *reg, const cJSON *payload, sql_t *sql)
{
    char why[160];
    const char *text = text_of(payload, "sql");
    if (text == NULL) {
        return invalid(reg, "sql is missing");
    }
    if (!lp_text_ok(text, strlen(text)) || !sql_parse(text, sql, why, sizeof why)) {
        return lp_reg_fail(reg, LP_REG_SQL_PARSE, "%s", why);
    }
    const char *fault = sql->filter[0] != '\0' ? lp_topic_fault(sql->filter, true) : "";
    return fault[0] == '\0' ? LP_REG_OK
                            : lp_reg_fail(reg, LP_REG_SQL_PARSE, "The topic after FROM: %s", fault);
}

static lp_reg_err_t check(lp_registry_t *reg, const char *name, const cJSON *payload, sql_t *sql)
{
    static const char *const versions[] = {"2015-10-08", "2016-03-23", "beta"};
    const char *version = text_of(payload, "awsIotSqlVersion");
    bool known = version == NULL;
    for (size_t i = 0; i < 3 && !known; i++) {
        known = strcmp(version, versions[i]) == 0;
    }
    if (!name_ok(name)) {
        return invalid(reg, "A rule's name has 1 to 128 characters of a-z A-Z 0-9 _");
    }
    if (!known) {
        return invalid(reg, "awsIotSqlVersion must be 2015-10-08, 2016-03-23 or beta");
    }
    lp_reg_err_t rc = check_sql(reg, payload, sql);
    return rc == LP_REG_OK ? check_actions(reg, payload) : rc;
}

static bool exists(lp_registry_t *reg, const lp_scope_t *scope, const char *name)
{
    int64_t v = 0;
    return lp_db_int(reg, &v, "SELECT 1 FROM rules WHERE scope=? AND name=?", "it", scope->id,
                     name);
}

static lp_reg_err_t store(lp_registry_t *reg, const lp_scope_t *scope, const char *name,
                          const cJSON *payload, const char *filter)
{
    const char *version = text_of(payload, "awsIotSqlVersion");
    char *actions = cJSON_PrintUnformatted(get(payload, "actions"));
    lp_reg_err_t rc =
        lp_db_run(reg, "INSERT OR REPLACE INTO rules VALUES(?,?,?,?,?,?,?,?,?)", "itttttitd",
                  scope->id, name, text_of(payload, "sql"), filter, text_of(payload, "description"),
                  actions, (int64_t)cJSON_IsTrue(get(payload, "ruleDisabled")),
                  version != NULL ? version : "2015-10-08", lp_db_now());
    cJSON_free(actions);
    return rc;
}

lp_reg_err_t lp_rule_create(lp_registry_t *reg, const lp_scope_t *scope, const char *name,
                            const cJSON *payload)
{
    sql_t sql;
    char arn[LP_REG_ARN_SIZE];
    lp_reg_err_t rc = check(reg, name, payload, &sql);
    if (rc == LP_REG_OK && exists(reg, scope, name)) {
        lp_reg_arn(scope, "rule", name, arn);
        return lp_reg_fail_resource(reg, LP_REG_EXISTS, name, arn,
                                    "A topic rule with this name exists");
    }
    return rc == LP_REG_OK ? store(reg, scope, name, payload, sql.filter) : rc;
}

lp_reg_err_t lp_rule_replace(lp_registry_t *reg, const lp_scope_t *scope, const char *name,
                             const cJSON *payload)
{
    sql_t sql;
    lp_reg_err_t rc = check(reg, name, payload, &sql);
    if (rc == LP_REG_OK && !exists(reg, scope, name)) {
        return missing(reg, name);
    }
    return rc == LP_REG_OK ? store(reg, scope, name, payload, sql.filter) : rc;
}

lp_reg_err_t lp_rule_get(lp_registry_t *reg, const lp_scope_t *scope, const char *name, cJSON **doc)
{
    char arn[LP_REG_ARN_SIZE];
    cJSON *row = lp_db_row(reg,
                           "SELECT name AS ruleName, sql, description, created AS createdAt,"
                           " actions AS 'j:actions', disabled AS 'b:ruleDisabled',"
                           " version AS awsIotSqlVersion FROM rules WHERE scope=? AND name=?",
                           "it", scope->id, name);
    if (row == NULL) {
        return missing(reg, name);
    }
    lp_reg_arn(scope, "rule", name, arn);
    *doc = cJSON_CreateObject();
    cJSON_AddStringToObject(*doc, "ruleArn", arn);
    cJSON_AddItemToObject(*doc, "rule", row);
    return LP_REG_OK;
}

lp_reg_err_t lp_rule_delete(lp_registry_t *reg, const lp_scope_t *scope, const char *name)
{
    lp_reg_err_t rc =
        lp_db_run(reg, "DELETE FROM rules WHERE scope=? AND name=?", "it", scope->id, name);
    return rc == LP_REG_OK && lp_db_changes(reg) == 0 ? missing(reg, name) : rc;
}

lp_reg_err_t lp_rule_disable(lp_registry_t *reg, const lp_scope_t *scope, const char *name,
                             bool disabled)
{
    lp_reg_err_t rc = lp_db_run(reg, "UPDATE rules SET disabled=? WHERE scope=? AND name=?", "iit",
                                (int64_t)disabled, scope->id, name);
    return rc == LP_REG_OK && lp_db_changes(reg) == 0 ? missing(reg, name) : rc;
}

lp_reg_err_t lp_rules_list(lp_registry_t *reg, const lp_scope_t *scope, const char *topic,
                           int disabled, const lp_page_t *page, cJSON **doc)
{
    const lp_db_list_t names = {.list = "rules", .next = "nextToken"};
    return lp_db_page(reg, &names, page, doc,
                      "SELECT name AS _key, 'arn:aws:iot:'||?2||':'||?3||':rule/'||name AS ruleArn,"
                      " name AS ruleName, pattern AS topicPattern, created AS createdAt,"
                      " disabled AS 'b:ruleDisabled' FROM rules WHERE scope=?1"
                      " AND (?4 IS NULL OR pattern=?4) AND (?5<0 OR disabled=?5)",
                      "ittti", scope->id, scope->region, scope->account, topic, (int64_t)disabled);
}
