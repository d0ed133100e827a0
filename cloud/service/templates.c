// SPDX-License-Identifier: Apache-2.0
// Provisioning templates and their versions, as they are kept.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fleet.h"
#include "template_eval.h"

enum { WHY = 240, DESCRIPTION_MAX = 500, ROLE_MIN = 20, ROLE_MAX = 2048 };

#define FLEET "FLEET_PROVISIONING"
#define JITP  "JITP"

static const cJSON *get(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

bool lp_name_is_template(const char *name)
{
    size_t len = name != NULL ? strlen(name) : 0;
    return len > 0 && len <= LP_FLEET_TEMPLATE_NAME_MAX &&
           strspn(name, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-") == len;
}

static lp_reg_err_t missing(lp_registry_t *reg, const char *name)
{
    return lp_reg_fail(reg, LP_REG_NOT_FOUND, "Provisioning template %.40s not found.", name);
}

static bool exists(lp_registry_t *reg, const lp_scope_t *scope, const char *name)
{
    int64_t v = 0;
    return lp_db_int(reg, &v, "SELECT 1 FROM templates WHERE scope=? AND name=?", "it", scope->id,
                     name);
}

// The device's certificate comes from the service, so the template may only refer to it.
lp_reg_err_t lp_fleet_check_device_body(lp_registry_t *reg, const cJSON *template)
{
    const cJSON *cert = lp_template_resource(template, LP_TEMPLATE_CERTIFICATE, NULL);
    const cJSON *properties = get(cert, "Properties");
    if (get(properties, "CertificateId") == NULL && get(properties, "CertificateID") == NULL) {
        return lp_reg_fail(reg, LP_REG_INVALID,
                           "The template needs a certificate resource with CertificateId: it is "
                           "the one that the device presents or asked for");
    }
    return LP_REG_OK;
}

static lp_reg_err_t check_body(lp_registry_t *reg, const char *body)
{
    char why[WHY];
    cJSON *template = NULL;
    if (!lp_template_parse(body, &template, why, sizeof why)) {
        return lp_reg_fail(reg, LP_REG_INVALID, "%s", why);
    }
    lp_reg_err_t rc = lp_fleet_check_device_body(reg, template);
    cJSON_Delete(template);
    return rc;
}

static lp_reg_err_t check_hook(lp_registry_t *reg, const cJSON *hook)
{
    return hook == NULL || cJSON_IsNull(hook)
               ? LP_REG_OK
               : lp_reg_fail(
                     reg, LP_REG_NOT_IMPLEMENTED,
                     "preProvisioningHook needs AWS Lambda, which this cloud does not have");
}

static lp_reg_err_t check_texts(lp_registry_t *reg, const char *description, const char *role)
{
    size_t len = role != NULL ? strlen(role) : ROLE_MIN;
    if (len < ROLE_MIN || len > ROLE_MAX || (role != NULL && strncmp(role, "arn:", 4) != 0)) {
        return lp_reg_fail(reg, LP_REG_INVALID, "provisioningRoleArn is not the ARN of a role");
    }
    if (description != NULL && strlen(description) > DESCRIPTION_MAX) {
        return lp_reg_fail(reg, LP_REG_INVALID, "description has more than 500 characters");
    }
    return LP_REG_OK;
}

static lp_reg_err_t check_new(lp_registry_t *reg, const char *name,
                              const lp_template_config_t *config)
{
    const char *type = config->type;
    if (!lp_name_is_template(name)) {
        return lp_reg_fail(reg, LP_REG_INVALID,
                           "A template's name has 1 to 36 characters of a-z A-Z 0-9 _ -");
    }
    if (config->role_arn == NULL) {
        return lp_reg_fail(reg, LP_REG_INVALID, "provisioningRoleArn is missing");
    }
    if (type != NULL && strcmp(type, FLEET) != 0 && strcmp(type, JITP) != 0) {
        return lp_reg_fail(reg, LP_REG_INVALID, "type must be FLEET_PROVISIONING or JITP");
    }
    lp_reg_err_t rc = check_texts(reg, config->description, config->role_arn);
    rc = rc == LP_REG_OK ? check_hook(reg, config->hook) : rc;
    return rc == LP_REG_OK ? check_body(reg, config->body) : rc;
}

static lp_reg_err_t insert_version(lp_registry_t *reg, const lp_scope_t *scope, const char *name,
                                   int64_t version, const char *body)
{
    return lp_db_run(reg, "INSERT INTO template_versions VALUES(?,?,?,?,?)", "ititd", scope->id,
                     name, version, body, lp_db_now());
}

static void template_arn(const lp_scope_t *scope, const char *name, char arn[LP_REG_ARN_SIZE])
{
    lp_reg_arn(scope, "provisioningtemplate", name, arn);
}

static cJSON *named(const lp_scope_t *scope, const char *name)
{
    char arn[LP_REG_ARN_SIZE];
    template_arn(scope, name, arn);
    cJSON *doc = cJSON_CreateObject();
    cJSON_AddStringToObject(doc, "templateArn", arn);
    cJSON_AddStringToObject(doc, "templateName", name);
    return doc;
}

static lp_reg_err_t create_in(lp_registry_t *reg, const lp_scope_t *scope, const char *name,
                              const lp_template_config_t *config)
{
    char arn[LP_REG_ARN_SIZE];
    if (exists(reg, scope, name)) {
        template_arn(scope, name, arn);
        return lp_reg_fail_resource(reg, LP_REG_EXISTS, name, arn,
                                    "A provisioning template with this name exists");
    }
    double now = lp_db_now();
    lp_reg_err_t rc =
        lp_db_run(reg, "INSERT INTO templates VALUES(?,?,?,?,?,?,1,2,?,?)", "itttitdd", scope->id,
                  name, config->description, config->role_arn, (int64_t)config->enabled,
                  config->type != NULL ? config->type : FLEET, now, now);
    return rc == LP_REG_OK ? insert_version(reg, scope, name, 1, config->body) : rc;
}

lp_reg_err_t lp_fleet_template_create(lp_registry_t *reg, const lp_scope_t *scope, const char *name,
                                      const lp_template_config_t *config, cJSON **doc)
{
    lp_reg_err_t rc = check_new(reg, name, config);
    rc = rc == LP_REG_OK ? lp_db_begin(reg) : rc;
    rc = rc == LP_REG_OK ? lp_db_end(reg, create_in(reg, scope, name, config)) : rc;
    if (rc == LP_REG_OK) {
        *doc = named(scope, name);
        cJSON_AddNumberToObject(*doc, "defaultVersionId", 1);
    }
    return rc;
}

lp_reg_err_t lp_fleet_template_get(lp_registry_t *reg, const lp_scope_t *scope, const char *name,
                                   cJSON **doc)
{
    cJSON *row = lp_db_row(
        reg,
        "SELECT 'arn:aws:iot:'||?2||':'||?3||':provisioningtemplate/'||t.name AS templateArn,"
        " t.name AS templateName, description, t.created AS creationDate,"
        " modified AS lastModifiedDate, default_version AS defaultVersionId,"
        " body AS templateBody, enabled AS 'b:enabled', role AS provisioningRoleArn, type"
        " FROM templates t JOIN template_versions v ON v.scope=t.scope AND v.template=t.name"
        " AND v.version=t.default_version WHERE t.scope=?1 AND t.name=?4",
        "ittt", scope->id, scope->region, scope->account, name);
    *doc = row;
    return row != NULL ? LP_REG_OK : missing(reg, name);
}

static lp_reg_err_t find_version(lp_registry_t *reg, const lp_scope_t *scope, const char *name,
                                 const char *version, int64_t *number)
{
    if (!exists(reg, scope, name)) {
        return missing(reg, name);
    }
    if (!lp_db_int(reg, number,
                   "SELECT version FROM template_versions WHERE scope=? AND template=?"
                   " AND CAST(version AS TEXT)=?",
                   "itt", scope->id, name, version)) {
        return lp_reg_fail(reg, LP_REG_NOT_FOUND, "Version %.20s of template %.40s not found.",
                           version, name);
    }
    return LP_REG_OK;
}

static lp_reg_err_t update_in(lp_registry_t *reg, const lp_scope_t *scope, const char *name,
                              const lp_template_update_t *update)
{
    char version[24];
    int64_t number = 0;
    lp_reg_err_t rc = exists(reg, scope, name) ? LP_REG_OK : missing(reg, name);
    if (rc == LP_REG_OK && update->default_version != 0) {
        snprintf(version, sizeof version, "%lld", (long long)update->default_version);
        rc = find_version(reg, scope, name, version, &number);
    }
    if (rc != LP_REG_OK) {
        return rc;
    }
    return lp_db_run(reg,
                     "UPDATE templates SET description=coalesce(?1,description),"
                     " role=coalesce(?2,role), enabled=CASE WHEN ?3<0 THEN enabled ELSE ?3 END,"
                     " default_version=CASE WHEN ?4=0 THEN default_version ELSE ?4 END,"
                     " modified=?5 WHERE scope=?6 AND name=?7",
                     "ttiidit", update->description, update->role_arn, (int64_t)update->enabled,
                     number, lp_db_now(), scope->id, name);
}

lp_reg_err_t lp_fleet_template_update(lp_registry_t *reg, const lp_scope_t *scope, const char *name,
                                      const lp_template_update_t *update)
{
    lp_reg_err_t rc = check_texts(reg, update->description, update->role_arn);
    rc = rc == LP_REG_OK ? check_hook(reg, update->hook) : rc;
    rc = rc == LP_REG_OK ? lp_db_begin(reg) : rc;
    return rc == LP_REG_OK ? lp_db_end(reg, update_in(reg, scope, name, update)) : rc;
}

static int64_t version_count(lp_registry_t *reg, const lp_scope_t *scope, const char *name)
{
    int64_t n = 0;
    lp_db_int(reg, &n, "SELECT count(*) FROM template_versions WHERE scope=? AND template=?", "it",
              scope->id, name);
    return n;
}

static lp_reg_err_t delete_in(lp_registry_t *reg, const lp_scope_t *scope, const char *name)
{
    if (!exists(reg, scope, name)) {
        return missing(reg, name);
    }
    if (version_count(reg, scope, name) > 1) {
        return lp_reg_fail(reg, LP_REG_DELETE_CONFLICT,
                           "Versions other than the default must be deleted before the template");
    }
    lp_reg_err_t rc = lp_db_run(reg, "DELETE FROM template_versions WHERE scope=? AND template=?",
                                "it", scope->id, name);
    rc = rc == LP_REG_OK ? lp_db_run(reg, "DELETE FROM claims WHERE scope=? AND template=?", "it",
                                     scope->id, name)
                         : rc;
    return rc == LP_REG_OK ? lp_db_run(reg, "DELETE FROM templates WHERE scope=? AND name=?", "it",
                                       scope->id, name)
                           : rc;
}

lp_reg_err_t lp_fleet_template_delete(lp_registry_t *reg, const lp_scope_t *scope, const char *name)
{
    lp_reg_err_t rc = lp_db_begin(reg);
    return rc == LP_REG_OK ? lp_db_end(reg, delete_in(reg, scope, name)) : rc;
}

lp_reg_err_t lp_fleet_templates(lp_registry_t *reg, const lp_scope_t *scope, const lp_page_t *page,
                                cJSON **doc)
{
    const lp_db_list_t names = {.list = "templates", .next = "nextToken"};
    return lp_db_page(reg, &names, page, doc,
                      "SELECT name AS _key, 'arn:aws:iot:'||?2||':'||?3||"
                      "':provisioningtemplate/'||name AS templateArn, name AS templateName,"
                      " description, created AS creationDate, modified AS lastModifiedDate,"
                      " enabled AS 'b:enabled', type FROM templates WHERE scope=?1",
                      "itt", scope->id, scope->region, scope->account);
}

// --- versions -----------------------------------------------------------------------------------

static lp_reg_err_t version_in(lp_registry_t *reg, const lp_scope_t *scope, const char *name,
                               const char *body, bool set_default, int64_t *version)
{
    if (!lp_db_int(reg, version, "SELECT next_version FROM templates WHERE scope=? AND name=?",
                   "it", scope->id, name)) {
        return missing(reg, name);
    }
    if (version_count(reg, scope, name) >= LP_FLEET_VERSIONS_MAX) {
        return lp_reg_fail(reg, LP_REG_VERSIONS_LIMIT, "The template has %d versions already",
                           LP_FLEET_VERSIONS_MAX);
    }
    lp_reg_err_t rc = insert_version(reg, scope, name, *version, body);
    return rc == LP_REG_OK
               ? lp_db_run(reg,
                           "UPDATE templates SET next_version=next_version+1, modified=?1,"
                           " default_version=CASE WHEN ?2 THEN ?3 ELSE default_version END"
                           " WHERE scope=?4 AND name=?5",
                           "diiit", lp_db_now(), (int64_t)set_default, *version, scope->id, name)
               : rc;
}

lp_reg_err_t lp_fleet_version_create(lp_registry_t *reg, const lp_scope_t *scope, const char *name,
                                     const char *body, bool set_default, cJSON **doc)
{
    int64_t version = 0;
    lp_reg_err_t rc = check_body(reg, body);
    rc = rc == LP_REG_OK ? lp_db_begin(reg) : rc;
    rc = rc == LP_REG_OK ? lp_db_end(reg, version_in(reg, scope, name, body, set_default, &version))
                         : rc;
    if (rc == LP_REG_OK) {
        *doc = named(scope, name);
        cJSON_AddNumberToObject(*doc, "versionId", (double)version);
        cJSON_AddBoolToObject(*doc, "isDefaultVersion", set_default);
    }
    return rc;
}

lp_reg_err_t lp_fleet_version_get(lp_registry_t *reg, const lp_scope_t *scope, const char *name,
                                  const char *version, cJSON **doc)
{
    int64_t number = 0;
    lp_reg_err_t rc = find_version(reg, scope, name, version, &number);
    if (rc != LP_REG_OK) {
        return rc;
    }
    *doc = lp_db_row(reg,
                     "SELECT version AS versionId, v.created AS creationDate, body AS templateBody,"
                     " version=default_version AS 'b:isDefaultVersion' FROM template_versions v"
                     " JOIN templates t ON t.scope=v.scope AND t.name=v.template"
                     " WHERE v.scope=? AND v.template=? AND version=?",
                     "iti", scope->id, name, number);
    return *doc != NULL ? LP_REG_OK : LP_REG_INTERNAL;
}

lp_reg_err_t lp_fleet_version_delete(lp_registry_t *reg, const lp_scope_t *scope, const char *name,
                                     const char *version)
{
    int64_t number = 0;
    lp_reg_err_t rc = find_version(reg, scope, name, version, &number);
    if (rc != LP_REG_OK) {
        return rc;
    }
    rc = lp_db_run(reg,
                   "DELETE FROM template_versions WHERE scope=?1 AND template=?2 AND version=?3"
                   " AND version<>(SELECT default_version FROM templates WHERE scope=?1 AND"
                   " name=?2)",
                   "iti", scope->id, name, number);
    return rc == LP_REG_OK && lp_db_changes(reg) == 0
               ? lp_reg_fail(reg, LP_REG_DELETE_CONFLICT,
                             "The default version of a template cannot be deleted")
               : rc;
}

lp_reg_err_t lp_fleet_versions(lp_registry_t *reg, const lp_scope_t *scope, const char *name,
                               const lp_page_t *page, cJSON **doc)
{
    const lp_db_list_t names = {.list = "versions", .next = "nextToken"};
    if (!exists(reg, scope, name)) {
        return missing(reg, name);
    }
    return lp_db_page(reg, &names, page, doc,
                      "SELECT printf('%020d',version) AS _key, version AS versionId,"
                      " v.created AS creationDate, version=default_version AS"
                      " 'b:isDefaultVersion' FROM template_versions v JOIN templates t ON"
                      " t.scope=v.scope AND t.name=v.template WHERE v.scope=? AND v.template=?",
                      "it", scope->id, name);
}

lp_reg_err_t lp_fleet_load(lp_registry_t *reg, const lp_scope_t *scope, const char *name,
                           const char *type, cJSON **template)
{
    cJSON *row = NULL;
    char why[WHY];
    lp_reg_err_t rc = lp_fleet_template_get(reg, scope, name, &row);
    if (rc != LP_REG_OK) {
        return rc;
    }
    if (strcmp(cJSON_GetStringValue(get(row, "type")), type) != 0) {
        rc = lp_reg_fail(reg, LP_REG_INVALID, "Template %.40s is not of type %s", name, type);
    } else if (!cJSON_IsTrue(get(row, "enabled"))) {
        rc = lp_reg_fail(reg, LP_REG_INVALID, "Template %.40s is not enabled", name);
    } else if (!lp_template_parse(cJSON_GetStringValue(get(row, "templateBody")), template, why,
                                  sizeof why)) {
        rc = lp_reg_fail(reg, LP_REG_INVALID, "%s", why);
    }
    cJSON_Delete(row);
    return rc;
}
