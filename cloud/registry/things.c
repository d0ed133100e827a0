// SPDX-License-Identifier: Apache-2.0
// Things: the registry's names for devices.
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db.h"

enum { ATTRIBUTES_PLAIN = 3, ATTRIBUTES_TYPED = 50, ATTRIBUTE_NAME = 128, ATTRIBUTE_VALUE = 800 };

#define THING_ARN "'arn:aws:iot:'||s.region||':'||s.account||':thing/'||t.name"

static bool text_plausible(const char *s, size_t max)
{
    size_t n = 0;
    for (; s[n] != '\0'; n++) {
        unsigned char c = (unsigned char)s[n];
        if (n >= max || c >= 0x80 || (!isalnum(c) && strchr("_.,@/:#=[]-", c) == NULL)) {
            return false;
        }
    }
    return true;
}

static lp_reg_err_t check_name(lp_registry_t *reg, const char *name)
{
    if (!lp_name_is_thing(name)) {
        return lp_reg_fail(reg, LP_REG_INVALID,
                           "A thing's name has 1 to 128 characters of a-z A-Z 0-9 : _ -");
    }
    return LP_REG_OK;
}

static lp_reg_err_t check_attributes(lp_registry_t *reg, const cJSON *attributes, bool typed)
{
    const cJSON *a = NULL;
    cJSON_ArrayForEach(a, attributes)
    {
        if (!cJSON_IsString(a) || a->string[0] == '\0' ||
            !text_plausible(a->string, ATTRIBUTE_NAME) ||
            !text_plausible(a->valuestring, ATTRIBUTE_VALUE)) {
            return lp_reg_fail(reg, LP_REG_INVALID,
                               "The attribute %.128s has a name or value that is not allowed",
                               a->string);
        }
    }
    int max = typed ? ATTRIBUTES_TYPED : ATTRIBUTES_PLAIN;
    if (cJSON_GetArraySize(attributes) > max) {
        return lp_reg_fail(reg, LP_REG_INVALID, "A thing %s a thing type can have %d attributes",
                           typed ? "with" : "without", max);
    }
    return LP_REG_OK;
}

static lp_reg_err_t check_type(lp_registry_t *reg, const lp_scope_t *scope, const char *type)
{
    int64_t deprecated = 0;
    if (type == NULL) {
        return LP_REG_OK;
    }
    if (!lp_db_int(reg, &deprecated, "SELECT deprecated FROM thing_types WHERE scope=? AND name=?",
                   "it", scope->id, type)) {
        return lp_reg_fail(reg, LP_REG_NOT_FOUND, "Thing type %.128s not found", type);
    }
    return deprecated == 0
               ? LP_REG_OK
               : lp_reg_fail(reg, LP_REG_INVALID, "Thing type %.128s is deprecated", type);
}

// The stored row, with what AWS leaves out.
static cJSON *thing_row(lp_registry_t *reg, const lp_scope_t *scope, const char *name)
{
    return lp_db_row(reg,
                     "SELECT name AS defaultClientId, name AS thingName, thing_id AS thingId,"
                     " " THING_ARN " AS thingArn, type AS thingTypeName,"
                     " attributes AS 'j:attributes', version, billing AS billingGroupName"
                     " FROM things t JOIN scopes s ON s.id=t.scope WHERE scope=? AND name=?",
                     "it", scope->id, name);
}

static bool same_text(const cJSON *item, const char *text)
{
    const char *have = cJSON_GetStringValue(item);
    return (have == NULL && text == NULL) ||
           (have != NULL && text != NULL && strcmp(have, text) == 0);
}

static bool same_config(const cJSON *thing, const lp_thing_config_t *config)
{
    const cJSON *have = cJSON_GetObjectItemCaseSensitive(thing, "attributes");
    bool same_attributes = config->attributes == NULL
                               ? cJSON_GetArraySize(have) == 0
                               : cJSON_Compare(have, config->attributes, true) != 0;
    return same_attributes &&
           same_text(cJSON_GetObjectItemCaseSensitive(thing, "thingTypeName"), config->type) &&
           same_text(cJSON_GetObjectItemCaseSensitive(thing, "billingGroupName"), config->group);
}

static cJSON *created_document(const cJSON *thing)
{
    static const char *const members[] = {"thingName", "thingArn", "thingId"};
    cJSON *doc = cJSON_CreateObject();
    for (size_t i = 0; i < 3; i++) {
        cJSON_AddItemToObject(
            doc, members[i],
            cJSON_Duplicate(cJSON_GetObjectItemCaseSensitive(thing, members[i]), true));
    }
    return doc;
}

static lp_reg_err_t thing_exists(lp_registry_t *reg, const cJSON *thing,
                                 const lp_thing_config_t *config, cJSON **doc)
{
    if (same_config(thing, config)) {
        *doc = created_document(thing);
        return LP_REG_OK;
    }
    const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(thing, "thingName"));
    char message[LP_REG_NAME_MAX + 80];
    snprintf(message, sizeof message,
             "Thing %s already exists in account with different attributes", name);
    return lp_reg_fail_resource(
        reg, LP_REG_EXISTS,
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(thing, "thingId")),
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(thing, "thingArn")), message);
}

static lp_reg_err_t insert_thing(lp_registry_t *reg, const lp_scope_t *scope, const char *name,
                                 const lp_thing_config_t *config)
{
    char id[37];
    lp_db_uuid(id);
    char *attributes =
        config->attributes != NULL ? cJSON_PrintUnformatted(config->attributes) : NULL;
    lp_reg_err_t rc = lp_db_run(reg, "INSERT INTO things VALUES(?,?,?,?,?,?,1,?)",
                                "ittttt"
                                "d",
                                scope->id, name, id, config->type, config->group,
                                attributes != NULL ? attributes : "{}", lp_db_now());
    cJSON_free(attributes);
    return rc;
}

static lp_reg_err_t create_or_compare(lp_registry_t *reg, const lp_scope_t *scope, const char *name,
                                      const lp_thing_config_t *config, cJSON **doc)
{
    cJSON *thing = thing_row(reg, scope, name);
    lp_reg_err_t rc = LP_REG_OK;
    if (thing != NULL) {
        rc = thing_exists(reg, thing, config, doc);
    } else {
        rc = insert_thing(reg, scope, name, config);
        thing = rc == LP_REG_OK ? thing_row(reg, scope, name) : NULL;
        if (thing != NULL) {
            *doc = created_document(thing);
        }
    }
    cJSON_Delete(thing);
    return rc;
}

lp_reg_err_t lp_reg_thing_create(lp_registry_t *reg, const lp_scope_t *scope, const char *name,
                                 const lp_thing_config_t *config, cJSON **doc)
{
    lp_reg_err_t rc = check_name(reg, name);
    rc = rc == LP_REG_OK ? check_attributes(reg, config->attributes, config->type != NULL) : rc;
    rc = rc == LP_REG_OK ? check_type(reg, scope, config->type) : rc;
    rc = rc == LP_REG_OK ? lp_db_begin(reg) : rc;
    if (rc != LP_REG_OK) {
        return rc;
    }
    return lp_db_end(reg, create_or_compare(reg, scope, name, config, doc));
}

static lp_reg_err_t thing_missing(lp_registry_t *reg, const char *name)
{
    return lp_reg_fail(reg, LP_REG_NOT_FOUND, "Thing %.128s not found.", name);
}

lp_reg_err_t lp_reg_thing_get(lp_registry_t *reg, const lp_scope_t *scope, const char *name,
                              cJSON **doc)
{
    cJSON *thing = thing_row(reg, scope, name);
    if (thing == NULL) {
        return thing_missing(reg, name);
    }
    *doc = thing;
    return LP_REG_OK;
}

static lp_reg_err_t check_version(lp_registry_t *reg, const cJSON *thing, int64_t expected)
{
    const cJSON *version = cJSON_GetObjectItemCaseSensitive(thing, "version");
    if (expected != 0 && (int64_t)version->valuedouble != expected) {
        return lp_reg_fail(reg, LP_REG_VERSION_CONFLICT,
                           "The expected version %lld is not the thing's version %lld",
                           (long long)expected, (long long)version->valuedouble);
    }
    return LP_REG_OK;
}

static cJSON *merged_attributes(const cJSON *thing, const lp_thing_update_t *update)
{
    const cJSON *old = cJSON_GetObjectItemCaseSensitive(thing, "attributes");
    if (update->attributes == NULL) {
        return cJSON_Duplicate(old, true);
    }
    cJSON *now = update->merge ? cJSON_Duplicate(old, true) : cJSON_CreateObject();
    const cJSON *a = NULL;
    cJSON_ArrayForEach(a, update->attributes)
    {
        cJSON_DeleteItemFromObjectCaseSensitive(now, a->string);
        if (!cJSON_IsString(a) || a->valuestring[0] != '\0') {
            cJSON_AddItemToObject(now, a->string, cJSON_Duplicate(a, true));
        }
    }
    return now;
}

static lp_reg_err_t store_update(lp_registry_t *reg, const lp_scope_t *scope, const cJSON *thing,
                                 const lp_thing_update_t *update)
{
    const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(thing, "thingName"));
    const char *old_type =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(thing, "thingTypeName"));
    const char *type = update->type != NULL ? update->type : update->remove_type ? NULL : old_type;
    cJSON *attributes = merged_attributes(thing, update);
    lp_reg_err_t rc = check_attributes(reg, attributes, type != NULL);
    rc = rc == LP_REG_OK && update->type != NULL ? check_type(reg, scope, type) : rc;
    char *text = cJSON_PrintUnformatted(attributes);
    if (rc == LP_REG_OK) {
        rc = lp_db_run(reg,
                       "UPDATE things SET type=?, attributes=?, version=version+1"
                       " WHERE scope=? AND name=?",
                       "ttit", type, text, scope->id, name);
    }
    cJSON_free(text);
    cJSON_Delete(attributes);
    return rc;
}

static lp_reg_err_t update_in(lp_registry_t *reg, const lp_scope_t *scope, const char *name,
                              const lp_thing_update_t *update)
{
    cJSON *thing = thing_row(reg, scope, name);
    if (thing == NULL) {
        return thing_missing(reg, name);
    }
    lp_reg_err_t rc = check_version(reg, thing, update->expected_version);
    rc = rc == LP_REG_OK ? store_update(reg, scope, thing, update) : rc;
    cJSON_Delete(thing);
    return rc;
}

lp_reg_err_t lp_reg_thing_update(lp_registry_t *reg, const lp_scope_t *scope, const char *name,
                                 const lp_thing_update_t *update)
{
    if (update->type != NULL && update->remove_type) {
        return lp_reg_fail(reg, LP_REG_INVALID,
                           "thingTypeName and removeThingType exclude each other");
    }
    lp_reg_err_t rc = lp_db_begin(reg);
    return rc == LP_REG_OK ? lp_db_end(reg, update_in(reg, scope, name, update)) : rc;
}

static lp_reg_err_t delete_in(lp_registry_t *reg, const lp_scope_t *scope, const cJSON *thing,
                              const char *name, int64_t expected)
{
    lp_reg_err_t rc = check_version(reg, thing, expected);
    int64_t attached = 0;
    lp_db_int(reg, &attached, "SELECT count(*) FROM thing_principals WHERE scope=? AND thing=?",
              "it", scope->id, name);
    if (rc == LP_REG_OK && attached > 0) {
        return lp_reg_fail(
            reg, LP_REG_INVALID,
            "Cannot delete. Thing %.128s is still attached to one or more principals", name);
    }
    rc = rc == LP_REG_OK
             ? lp_db_run(reg, "DELETE FROM things WHERE scope=? AND name=?", "it", scope->id, name)
             : rc;
    return rc == LP_REG_OK ? lp_db_run(reg, "DELETE FROM group_things WHERE scope=? AND thing=?",
                                       "it", scope->id, name)
                           : rc;
}

lp_reg_err_t lp_reg_thing_delete(lp_registry_t *reg, const lp_scope_t *scope, const char *name,
                                 int64_t expected_version)
{
    lp_reg_err_t rc = check_name(reg, name);
    rc = rc == LP_REG_OK ? lp_db_begin(reg) : rc;
    if (rc != LP_REG_OK) {
        return rc;
    }
    cJSON *thing = thing_row(reg, scope, name);
    if (thing != NULL) {
        rc = delete_in(reg, scope, thing, name, expected_version);
    }
    cJSON_Delete(thing);
    return lp_db_end(reg, rc);
}

lp_reg_err_t lp_reg_things(lp_registry_t *reg, const lp_scope_t *scope,
                           const lp_thing_filter_t *filter, const lp_page_t *page, cJSON **doc)
{
    const lp_db_list_t names = {.list = "things", .next = "nextToken"};
    return lp_db_page(
        reg, &names, page, doc,
        "SELECT name AS _key, name AS thingName, type AS thingTypeName, " THING_ARN
        " AS thingArn, attributes AS 'j:attributes', version"
        " FROM things t JOIN scopes s ON s.id=t.scope WHERE scope=?1 AND (?2 IS NULL OR type=?2)"
        " AND (?3 IS NULL OR EXISTS(SELECT 1 FROM json_each(attributes) a WHERE a.key=?3 AND"
        " (?4 IS NULL OR a.value=?4 OR (?5 AND substr(a.value,1,length(?4))=?4))))",
        "ittti", scope->id, filter->type, filter->attribute, filter->value,
        (int64_t)filter->prefix);
}
