// SPDX-License-Identifier: Apache-2.0
// Static thing groups: a forest, up to seven levels deep. A group's policies hold for its things
// and those below.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db.h"

enum { DEPTH_MAX = 7, GROUPS_PER_THING = 10 };

#define GROUP_ARN "'arn:aws:iot:'||?2||':'||?3||':thinggroup/'||name"

static lp_reg_err_t group_missing(lp_registry_t *reg, const char *name)
{
    return lp_reg_fail(reg, LP_REG_NOT_FOUND, "Thing group %.128s not found", name);
}

static bool group_exists(lp_registry_t *reg, const lp_scope_t *scope, const char *name)
{
    int64_t v = 0;
    return lp_db_int(reg, &v, "SELECT 1 FROM thing_groups WHERE scope=? AND name=?", "it",
                     scope->id, name);
}

// The group and those above it, nearest first.
#define ABOVE                                                                                      \
    "WITH RECURSIVE up(name, depth) AS (SELECT ?2, 0 UNION ALL SELECT g.parent, up.depth+1"        \
    " FROM up JOIN thing_groups g ON g.scope=?1 AND g.name=up.name WHERE g.parent IS NOT NULL"     \
    " AND up.depth < 20) "

static cJSON *group_row(lp_registry_t *reg, const lp_scope_t *scope, const char *name)
{
    return lp_db_row(reg,
                     "SELECT name AS thingGroupName, group_id AS thingGroupId, " GROUP_ARN
                     " AS thingGroupArn, version,"
                     " json_object('thingGroupDescription',description,'attributePayload',"
                     "json_object('attributes',json(attributes))) AS 'j:thingGroupProperties',"
                     " CASE WHEN parent IS NULL THEN json_object('creationDate',created) ELSE"
                     " json_object('creationDate',created,'parentGroupName',parent) END"
                     " AS 'j:thingGroupMetadata' FROM thing_groups WHERE scope=?1 AND name=?4",
                     "ittt", scope->id, scope->region, scope->account, name);
}

static lp_reg_err_t check_parent(lp_registry_t *reg, const lp_scope_t *scope, const char *parent)
{
    int64_t depth = 0;
    if (parent == NULL) {
        return LP_REG_OK;
    }
    if (!group_exists(reg, scope, parent)) {
        return group_missing(reg, parent);
    }
    lp_db_int(reg, &depth, ABOVE "SELECT max(depth) FROM up", "it", scope->id, parent);
    return depth + 2 <= DEPTH_MAX
               ? LP_REG_OK
               : lp_reg_fail(reg, LP_REG_INVALID, "Groups can be %d levels deep", DEPTH_MAX);
}

static lp_reg_err_t insert_group(lp_registry_t *reg, const lp_scope_t *scope, const char *name,
                                 const lp_group_config_t *config)
{
    char id[37];
    lp_db_uuid(id);
    char *attributes =
        config->attributes != NULL ? cJSON_PrintUnformatted(config->attributes) : NULL;
    lp_reg_err_t rc = lp_db_run(reg, "INSERT INTO thing_groups VALUES(?,?,?,?,?,?,1,?)",
                                "ittttt"
                                "d",
                                scope->id, name, id, config->parent,
                                config->description != NULL ? config->description : "",
                                attributes != NULL ? attributes : "{}", lp_db_now());
    cJSON_free(attributes);
    return rc;
}

static bool same_group(const cJSON *row, const lp_group_config_t *config)
{
    const cJSON *meta = cJSON_GetObjectItemCaseSensitive(row, "thingGroupMetadata");
    const cJSON *properties = cJSON_GetObjectItemCaseSensitive(row, "thingGroupProperties");
    const char *parent =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(meta, "parentGroupName"));
    const char *text =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(properties, "thingGroupDescription"));
    return strcmp(parent != NULL ? parent : "", config->parent != NULL ? config->parent : "") ==
               0 &&
           strcmp(text != NULL ? text : "",
                  config->description != NULL ? config->description : "") == 0;
}

static lp_reg_err_t create_in(lp_registry_t *reg, const lp_scope_t *scope, const char *name,
                              const lp_group_config_t *config)
{
    cJSON *row = group_row(reg, scope, name);
    lp_reg_err_t rc = row == NULL ? check_parent(reg, scope, config->parent) : LP_REG_OK;
    if (row == NULL) {
        return rc == LP_REG_OK ? insert_group(reg, scope, name, config) : rc;
    }
    if (!same_group(row, config)) {
        char arn[LP_REG_ARN_SIZE];
        lp_reg_arn(scope, "thinggroup", name, arn);
        rc = lp_reg_fail_resource(reg, LP_REG_EXISTS, name, arn,
                                  "The thing group exists with different properties");
    }
    cJSON_Delete(row);
    return rc;
}

lp_reg_err_t lp_reg_group_create(lp_registry_t *reg, const lp_scope_t *scope, const char *name,
                                 const lp_group_config_t *config, cJSON **doc)
{
    if (!lp_name_is_thing(name)) {
        return lp_reg_fail(reg, LP_REG_INVALID,
                           "A group's name has 1 to 128 characters of a-z A-Z 0-9 : _ -");
    }
    lp_reg_err_t rc = lp_db_begin(reg);
    rc = rc == LP_REG_OK ? lp_db_end(reg, create_in(reg, scope, name, config)) : rc;
    if (rc == LP_REG_OK) {
        *doc = group_row(reg, scope, name);
        cJSON_DeleteItemFromObjectCaseSensitive(*doc, "thingGroupProperties");
        cJSON_DeleteItemFromObjectCaseSensitive(*doc, "thingGroupMetadata");
        cJSON_DeleteItemFromObjectCaseSensitive(*doc, "version");
    }
    return rc;
}

lp_reg_err_t lp_reg_group_get(lp_registry_t *reg, const lp_scope_t *scope, const char *name,
                              cJSON **doc)
{
    cJSON *row = group_row(reg, scope, name);
    if (row == NULL) {
        return group_missing(reg, name);
    }
    *doc = row;
    return LP_REG_OK;
}

static lp_reg_err_t delete_in(lp_registry_t *reg, const lp_scope_t *scope, const char *name,
                              int64_t expected)
{
    int64_t version = 0;
    int64_t below = 0;
    char arn[LP_REG_ARN_SIZE];
    if (!lp_db_int(reg, &version, "SELECT version FROM thing_groups WHERE scope=? AND name=?", "it",
                   scope->id, name)) {
        return LP_REG_OK; // as AWS has it
    }
    lp_db_int(reg, &below, "SELECT count(*) FROM thing_groups WHERE scope=? AND parent=?", "it",
              scope->id, name);
    if (below > 0) {
        return lp_reg_fail(reg, LP_REG_INVALID, "The thing group %.128s has groups below it", name);
    }
    if (expected != 0 && expected != version) {
        return lp_reg_fail(reg, LP_REG_VERSION_CONFLICT, "The group's version is %lld",
                           (long long)version);
    }
    lp_reg_arn(scope, "thinggroup", name, arn);
    lp_reg_err_t rc =
        lp_db_run(reg, "DELETE FROM group_things WHERE scope=? AND grp=?", "it", scope->id, name);
    rc = rc == LP_REG_OK ? lp_db_run(reg, "DELETE FROM policy_targets WHERE scope=? AND target=?",
                                     "it", scope->id, arn)
                         : rc;
    return rc == LP_REG_OK ? lp_db_run(reg, "DELETE FROM thing_groups WHERE scope=? AND name=?",
                                       "it", scope->id, name)
                           : rc;
}

lp_reg_err_t lp_reg_group_delete(lp_registry_t *reg, const lp_scope_t *scope, const char *name,
                                 int64_t expected_version)
{
    lp_reg_err_t rc = lp_db_begin(reg);
    return rc == LP_REG_OK ? lp_db_end(reg, delete_in(reg, scope, name, expected_version)) : rc;
}

lp_reg_err_t lp_reg_groups(lp_registry_t *reg, const lp_scope_t *scope,
                           const lp_group_filter_t *filter, const lp_page_t *page, cJSON **doc)
{
    const lp_db_list_t names = {.list = "thingGroups", .next = "nextToken"};
    if (filter->parent != NULL && !group_exists(reg, scope, filter->parent)) {
        return group_missing(reg, filter->parent);
    }
    return lp_db_page(reg, &names, page, doc,
                      "WITH RECURSIVE below(name) AS (SELECT name FROM thing_groups WHERE"
                      " scope=?1 AND parent IS ?4 UNION ALL SELECT g.name FROM below JOIN"
                      " thing_groups g ON g.scope=?1 AND g.parent=below.name WHERE ?5)"
                      " SELECT name AS _key, name AS groupName, " GROUP_ARN " AS groupArn"
                      " FROM below WHERE ?6 IS NULL OR substr(name,1,length(?6))=?6",
                      "itttit", scope->id, scope->region, scope->account, filter->parent,
                      (int64_t)filter->recursive, filter->prefix);
}

static lp_reg_err_t check_pair(lp_registry_t *reg, const lp_scope_t *scope, const char *group,
                               const char *thing)
{
    int64_t v = 0;
    if (!group_exists(reg, scope, group)) {
        return group_missing(reg, group);
    }
    if (!lp_db_int(reg, &v, "SELECT 1 FROM things WHERE scope=? AND name=?", "it", scope->id,
                   thing)) {
        return lp_reg_fail(reg, LP_REG_NOT_FOUND, "Thing %.128s not found.", thing);
    }
    return LP_REG_OK;
}

lp_reg_err_t lp_reg_group_add(lp_registry_t *reg, const lp_scope_t *scope, const char *group,
                              const char *thing)
{
    int64_t count = 0;
    lp_reg_err_t rc = check_pair(reg, scope, group, thing);
    if (rc != LP_REG_OK) {
        return rc;
    }
    lp_db_int(reg, &count, "SELECT count(*) FROM group_things WHERE scope=? AND thing=? AND grp<>?",
              "itt", scope->id, thing, group);
    if (count >= GROUPS_PER_THING) {
        return lp_reg_fail(reg, LP_REG_INVALID, "A thing can be in %d groups", GROUPS_PER_THING);
    }
    return lp_db_run(reg, "INSERT OR IGNORE INTO group_things VALUES(?,?,?)", "itt", scope->id,
                     group, thing);
}

lp_reg_err_t lp_reg_group_remove(lp_registry_t *reg, const lp_scope_t *scope, const char *group,
                                 const char *thing)
{
    lp_reg_err_t rc = check_pair(reg, scope, group, thing);
    return rc == LP_REG_OK
               ? lp_db_run(reg, "DELETE FROM group_things WHERE scope=? AND grp=? AND thing=?",
                           "itt", scope->id, group, thing)
               : rc;
}

lp_reg_err_t lp_reg_group_things(lp_registry_t *reg, const lp_scope_t *scope, const char *group,
                                 bool recursive, const lp_page_t *page, cJSON **doc)
{
    const lp_db_list_t names = {.list = "things", .next = "nextToken", .scalar = "thing"};
    if (!group_exists(reg, scope, group)) {
        return group_missing(reg, group);
    }
    return lp_db_page(reg, &names, page, doc,
                      "WITH RECURSIVE below(name) AS (SELECT ?2 UNION ALL SELECT g.name FROM below"
                      " JOIN thing_groups g ON g.scope=?1 AND g.parent=below.name WHERE ?3)"
                      " SELECT DISTINCT thing AS _key, thing FROM group_things WHERE scope=?1 AND"
                      " grp IN (SELECT name FROM below)",
                      "iti", scope->id, group, (int64_t)recursive);
}

lp_reg_err_t lp_reg_thing_groups(lp_registry_t *reg, const lp_scope_t *scope, const char *thing,
                                 const lp_page_t *page, cJSON **doc)
{
    const lp_db_list_t names = {.list = "thingGroups", .next = "nextToken"};
    return lp_db_page(reg, &names, page, doc,
                      "SELECT grp AS _key, grp AS groupName,"
                      " 'arn:aws:iot:'||?2||':'||?3||':thinggroup/'||grp AS groupArn"
                      " FROM group_things WHERE scope=?1 AND thing=?4",
                      "ittt", scope->id, scope->region, scope->account, thing);
}
