// SPDX-License-Identifier: Apache-2.0
// Thing types: which kind of device a thing is.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db.h"

enum { SEARCHABLE_MAX = 3, DESCRIPTION_MAX = 2028, DELETE_AFTER_S = 300 };

#define TYPE_COLUMNS                                                                               \
    " name AS thingTypeName, 'arn:aws:iot:'||?2||':'||?3||':thingtype/'||name AS thingTypeArn,"    \
    " json_object('thingTypeDescription',description,'searchableAttributes',json(searchable))"     \
    " AS 'j:thingTypeProperties', CASE WHEN deprecated THEN json_object('deprecated',"             \
    "json('true'),'deprecationDate',deprecated_at,'creationDate',created) ELSE json_object("       \
    "'deprecated',json('false'),'creationDate',created) END AS 'j:thingTypeMetadata'"

static lp_reg_err_t type_missing(lp_registry_t *reg, const char *name)
{
    return lp_reg_fail(reg, LP_REG_NOT_FOUND, "Thing type %.128s not found", name);
}

static cJSON *type_row(lp_registry_t *reg, const lp_scope_t *scope, const char *name)
{
    return lp_db_row(reg,
                     "SELECT type_id AS thingTypeId," TYPE_COLUMNS
                     " FROM thing_types WHERE scope=?1 AND name=?4",
                     "ittt", scope->id, scope->region, scope->account, name);
}

static lp_reg_err_t check_config(lp_registry_t *reg, const char *name,
                                 const lp_type_config_t *config)
{
    if (!lp_name_is_thing(name)) {
        return lp_reg_fail(reg, LP_REG_INVALID,
                           "A type's name has 1 to 128 characters of a-z A-Z 0-9 : _ -");
    }
    if (cJSON_GetArraySize(config->searchable) > SEARCHABLE_MAX ||
        (config->description != NULL && strlen(config->description) > DESCRIPTION_MAX)) {
        return lp_reg_fail(reg, LP_REG_INVALID,
                           "A thing type has up to 3 searchable attributes and a description of "
                           "up to 2028 characters");
    }
    return LP_REG_OK;
}

static bool same_properties(const cJSON *row, const lp_type_config_t *config)
{
    const cJSON *have = cJSON_GetObjectItemCaseSensitive(row, "thingTypeProperties");
    const char *text =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(have, "thingTypeDescription"));
    const cJSON *searchable = cJSON_GetObjectItemCaseSensitive(have, "searchableAttributes");
    bool same_list = config->searchable == NULL
                         ? cJSON_GetArraySize(searchable) == 0
                         : cJSON_Compare(searchable, config->searchable, true) != 0;
    return same_list && strcmp(text != NULL ? text : "",
                               config->description != NULL ? config->description : "") == 0;
}

static lp_reg_err_t insert_type(lp_registry_t *reg, const lp_scope_t *scope, const char *name,
                                const lp_type_config_t *config)
{
    char id[37];
    lp_db_uuid(id);
    char *list = config->searchable != NULL ? cJSON_PrintUnformatted(config->searchable) : NULL;
    lp_reg_err_t rc =
        lp_db_run(reg, "INSERT INTO thing_types VALUES(?,?,?,?,?,0,NULL,?)", "ittttd", scope->id,
                  name, id, config->description != NULL ? config->description : "",
                  list != NULL ? list : "[]", lp_db_now());
    cJSON_free(list);
    return rc;
}

static lp_reg_err_t create_in(lp_registry_t *reg, const lp_scope_t *scope, const char *name,
                              const lp_type_config_t *config)
{
    cJSON *row = type_row(reg, scope, name);
    if (row == NULL) {
        return insert_type(reg, scope, name, config);
    }
    lp_reg_err_t rc = LP_REG_OK;
    if (!same_properties(row, config)) {
        char arn[LP_REG_ARN_SIZE];
        lp_reg_arn(scope, "thingtype", name, arn);
        rc = lp_reg_fail_resource(reg, LP_REG_EXISTS, name, arn,
                                  "The thing type exists with different properties");
    }
    cJSON_Delete(row);
    return rc;
}

lp_reg_err_t lp_reg_type_create(lp_registry_t *reg, const lp_scope_t *scope, const char *name,
                                const lp_type_config_t *config, cJSON **doc)
{
    lp_reg_err_t rc = check_config(reg, name, config);
    rc = rc == LP_REG_OK ? lp_db_begin(reg) : rc;
    rc = rc == LP_REG_OK ? lp_db_end(reg, create_in(reg, scope, name, config)) : rc;
    if (rc == LP_REG_OK) {
        *doc = type_row(reg, scope, name);
        cJSON_DeleteItemFromObjectCaseSensitive(*doc, "thingTypeProperties");
        cJSON_DeleteItemFromObjectCaseSensitive(*doc, "thingTypeMetadata");
    }
    return rc;
}

lp_reg_err_t lp_reg_type_get(lp_registry_t *reg, const lp_scope_t *scope, const char *name,
                             cJSON **doc)
{
    cJSON *row = type_row(reg, scope, name);
    if (row == NULL) {
        return type_missing(reg, name);
    }
    *doc = row;
    return LP_REG_OK;
}

lp_reg_err_t lp_reg_type_deprecate(lp_registry_t *reg, const lp_scope_t *scope, const char *name,
                                   bool undo)
{
    lp_reg_err_t rc = lp_db_run(
        reg,
        "UPDATE thing_types SET deprecated=?1, deprecated_at=CASE WHEN ?1 THEN ?2 ELSE NULL END"
        " WHERE scope=?3 AND name=?4",
        "idit", (int64_t)!undo, lp_db_now(), scope->id, name);
    return rc == LP_REG_OK && lp_db_changes(reg) == 0 ? type_missing(reg, name) : rc;
}

// AWS waits five minutes after the deprecation; so do we, or what passes here would fail there.
lp_reg_err_t lp_reg_type_delete(lp_registry_t *reg, const lp_scope_t *scope, const char *name)
{
    int64_t since = 0;
    int64_t used = 0;
    if (!lp_db_int(reg, &since,
                   "SELECT coalesce(CASE WHEN deprecated THEN deprecated_at END, -1)"
                   " FROM thing_types WHERE scope=? AND name=?",
                   "it", scope->id, name)) {
        return type_missing(reg, name);
    }
    lp_db_int(reg, &used, "SELECT count(*) FROM things WHERE scope=? AND type=?", "it", scope->id,
              name);
    if (since < 0 || used > 0 || lp_db_now() - (double)since < DELETE_AFTER_S) {
        return lp_reg_fail(reg, LP_REG_INVALID,
                           "A thing type can be deleted five minutes after it was deprecated, "
                           "when no thing has it");
    }
    return lp_db_run(reg, "DELETE FROM thing_types WHERE scope=? AND name=?", "it", scope->id,
                     name);
}

lp_reg_err_t lp_reg_types(lp_registry_t *reg, const lp_scope_t *scope, const char *name,
                          const lp_page_t *page, cJSON **doc)
{
    const lp_db_list_t names = {.list = "thingTypes", .next = "nextToken"};
    return lp_db_page(reg, &names, page, doc,
                      "SELECT name AS _key," TYPE_COLUMNS
                      " FROM thing_types WHERE scope=?1 AND (?4 IS NULL OR name=?4)",
                      "ittt", scope->id, scope->region, scope->account, name);
}
