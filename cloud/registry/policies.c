// SPDX-License-Identifier: Apache-2.0
// Policies and their versions.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db.h"
#include "limpet/policy.h"

#define POLICY_ARN "'arn:aws:iot:'||s.region||':'||s.account||':policy/'||p.name AS policyArn"

static lp_reg_err_t check_name(lp_registry_t *reg, const char *name)
{
    if (!lp_name_is_policy(name)) {
        return lp_reg_fail(reg, LP_REG_INVALID,
                           "A policy's name has 1 to 128 characters of a-z A-Z 0-9 _ + = , . @ -");
    }
    return LP_REG_OK;
}

static lp_reg_err_t policy_missing(lp_registry_t *reg, const char *name)
{
    return lp_reg_fail(reg, LP_REG_NOT_FOUND, "Policy %.128s not found.", name);
}

static bool policy_exists(lp_registry_t *reg, const lp_scope_t *scope, const char *name)
{
    int64_t v = 0;
    return lp_db_int(reg, &v, "SELECT default_version FROM policies WHERE scope=? AND name=?", "it",
                     scope->id, name);
}

static lp_reg_err_t check_document(lp_registry_t *reg, const char *document)
{
    char why[160];
    lp_policy_t *policy = NULL;
    if (document == NULL || document[0] == '\0') {
        return lp_reg_fail(reg, LP_REG_INVALID, "policyDocument is missing");
    }
    if (lp_policy_chars(document) > LP_REG_POLICY_CHARS) {
        return lp_reg_fail(reg, LP_REG_MALFORMED_POLICY,
                           "The policy document has more than %d characters besides white space",
                           LP_REG_POLICY_CHARS);
    }
    if (!lp_policy_parse(document, &policy, why, sizeof why)) {
        return lp_reg_fail(reg, LP_REG_MALFORMED_POLICY, "Policy document is Malformed: %s", why);
    }
    lp_policy_free(policy);
    return LP_REG_OK;
}

static lp_reg_err_t insert_version(lp_registry_t *reg, const lp_scope_t *scope, const char *name,
                                   int64_t version, const char *document)
{
    return lp_db_run(reg, "INSERT INTO policy_versions VALUES(?,?,?,?,?)", "ititd", scope->id, name,
                     version, document, lp_db_now());
}

static cJSON *version_answer(const lp_scope_t *scope, const char *name, const char *document,
                             int64_t version)
{
    char text[24];
    char arn[LP_REG_ARN_SIZE];
    lp_reg_arn(scope, "policy", name, arn);
    snprintf(text, sizeof text, "%lld", (long long)version);
    cJSON *doc = cJSON_CreateObject();
    cJSON_AddStringToObject(doc, "policyArn", arn);
    cJSON_AddStringToObject(doc, "policyDocument", document);
    cJSON_AddStringToObject(doc, "policyVersionId", text);
    return doc;
}

static lp_reg_err_t create_in(lp_registry_t *reg, const lp_scope_t *scope, const char *name,
                              const char *document)
{
    if (policy_exists(reg, scope, name)) {
        char arn[LP_REG_ARN_SIZE];
        char message[LP_REG_NAME_MAX + 80];
        lp_reg_arn(scope, "policy", name, arn);
        snprintf(message, sizeof message,
                 "Policy cannot be created - name already exists (name=%s)", name);
        return lp_reg_fail_resource(reg, LP_REG_EXISTS, name, arn, message);
    }
    char generation[37];
    lp_db_uuid(generation);
    lp_reg_err_t rc = lp_db_run(reg, "INSERT INTO policies VALUES(?,?,1,2,?,?,?)", "ittdd",
                                scope->id, name, generation, lp_db_now(), lp_db_now());
    return rc == LP_REG_OK ? insert_version(reg, scope, name, 1, document) : rc;
}

lp_reg_err_t lp_reg_policy_create(lp_registry_t *reg, const lp_scope_t *scope, const char *name,
                                  const char *document, cJSON **doc)
{
    lp_reg_err_t rc = check_name(reg, name);
    rc = rc == LP_REG_OK ? check_document(reg, document) : rc;
    rc = rc == LP_REG_OK ? lp_db_begin(reg) : rc;
    if (rc != LP_REG_OK) {
        return rc;
    }
    rc = lp_db_end(reg, create_in(reg, scope, name, document));
    if (rc == LP_REG_OK) {
        *doc = version_answer(scope, name, document, 1);
        cJSON_AddStringToObject(*doc, "policyName", name);
    }
    return rc;
}

lp_reg_err_t lp_reg_policy_get(lp_registry_t *reg, const lp_scope_t *scope, const char *name,
                               cJSON **doc)
{
    cJSON *row =
        lp_db_row(reg,
                  "SELECT p.name AS policyName, " POLICY_ARN ", v.document AS policyDocument,"
                  " CAST(p.default_version AS TEXT) AS defaultVersionId,"
                  " p.created AS creationDate, p.modified AS lastModifiedDate,"
                  " p.generation AS generationId FROM policies p JOIN scopes s ON s.id=p.scope"
                  " JOIN policy_versions v ON v.scope=p.scope AND v.policy=p.name"
                  " AND v.version=p.default_version WHERE p.scope=? AND p.name=?",
                  "it", scope->id, name);
    if (row == NULL) {
        return policy_missing(reg, name);
    }
    *doc = row;
    return LP_REG_OK;
}

static lp_reg_err_t delete_in(lp_registry_t *reg, const lp_scope_t *scope, const char *name)
{
    int64_t targets = 0;
    int64_t versions = 0;
    if (!policy_exists(reg, scope, name)) {
        return policy_missing(reg, name);
    }
    lp_db_int(reg, &targets, "SELECT count(*) FROM policy_targets WHERE scope=? AND policy=?", "it",
              scope->id, name);
    lp_db_int(reg, &versions, "SELECT count(*) FROM policy_versions WHERE scope=? AND policy=?",
              "it", scope->id, name);
    if (targets > 0) {
        return lp_reg_fail(reg, LP_REG_DELETE_CONFLICT,
                           "The policy cannot be deleted as the policy is attached to one or more "
                           "principals (name=%s)",
                           name);
    }
    if (versions > 1) {
        return lp_reg_fail(reg, LP_REG_DELETE_CONFLICT,
                           "Cannot delete the policy because it has one or more policy versions "
                           "attached to it (name=%s)",
                           name);
    }
    lp_reg_err_t rc = lp_db_run(reg, "DELETE FROM policy_versions WHERE scope=? AND policy=?", "it",
                                scope->id, name);
    return rc == LP_REG_OK ? lp_db_run(reg, "DELETE FROM policies WHERE scope=? AND name=?", "it",
                                       scope->id, name)
                           : rc;
}

lp_reg_err_t lp_reg_policy_delete(lp_registry_t *reg, const lp_scope_t *scope, const char *name)
{
    lp_reg_err_t rc = lp_db_begin(reg);
    return rc == LP_REG_OK ? lp_db_end(reg, delete_in(reg, scope, name)) : rc;
}

lp_reg_err_t lp_reg_policies(lp_registry_t *reg, const lp_scope_t *scope, const lp_page_t *page,
                             cJSON **doc)
{
    const lp_db_list_t names = {.list = "policies", .next = "nextMarker"};
    return lp_db_page(reg, &names, page, doc,
                      "SELECT p.name AS _key, p.name AS policyName, " POLICY_ARN
                      " FROM policies p JOIN scopes s ON s.id=p.scope WHERE p.scope=?",
                      "i", scope->id);
}

static lp_reg_err_t set_default(lp_registry_t *reg, const lp_scope_t *scope, const char *name,
                                int64_t version)
{
    return lp_db_run(reg,
                     "UPDATE policies SET default_version=?, modified=? WHERE scope=? AND name=?",
                     "idit", version, lp_db_now(), scope->id, name);
}

static lp_reg_err_t new_version(lp_registry_t *reg, const lp_scope_t *scope, const char *name,
                                const char *document, int64_t *version)
{
    int64_t count = 0;
    if (!lp_db_int(reg, version, "SELECT next_version FROM policies WHERE scope=? AND name=?", "it",
                   scope->id, name)) {
        return policy_missing(reg, name);
    }
    lp_db_int(reg, &count, "SELECT count(*) FROM policy_versions WHERE scope=? AND policy=?", "it",
              scope->id, name);
    if (count >= LP_REG_POLICY_VERSIONS) {
        return lp_reg_fail(reg, LP_REG_VERSIONS_LIMIT,
                           "The policy %.128s already has the maximum number of versions (%d)",
                           name, LP_REG_POLICY_VERSIONS);
    }
    lp_reg_err_t rc = insert_version(reg, scope, name, *version, document);
    return rc == LP_REG_OK ? lp_db_run(reg,
                                       "UPDATE policies SET next_version=next_version+1"
                                       " WHERE scope=? AND name=?",
                                       "it", scope->id, name)
                           : rc;
}

lp_reg_err_t lp_reg_policy_version_create(lp_registry_t *reg, const lp_scope_t *scope,
                                          const char *name, const char *document, bool make_default,
                                          cJSON **doc)
{
    int64_t version = 0;
    lp_reg_err_t rc = check_document(reg, document);
    rc = rc == LP_REG_OK ? lp_db_begin(reg) : rc;
    if (rc != LP_REG_OK) {
        return rc;
    }
    rc = new_version(reg, scope, name, document, &version);
    rc = rc == LP_REG_OK && make_default ? set_default(reg, scope, name, version) : rc;
    rc = lp_db_end(reg, rc);
    if (rc == LP_REG_OK) {
        *doc = version_answer(scope, name, document, version);
        cJSON_AddBoolToObject(*doc, "isDefaultVersion", make_default);
    }
    return rc;
}

// The number of an existing version.
static lp_reg_err_t find_version(lp_registry_t *reg, const lp_scope_t *scope, const char *name,
                                 const char *version, int64_t *number)
{
    if (!policy_exists(reg, scope, name)) {
        return policy_missing(reg, name);
    }
    if (!lp_db_int(reg, number,
                   "SELECT version FROM policy_versions WHERE scope=? AND policy=?"
                   " AND CAST(version AS TEXT)=?",
                   "itt", scope->id, name, version)) {
        return lp_reg_fail(reg, LP_REG_NOT_FOUND, "Policy version %.20s of %.128s not found.",
                           version, name);
    }
    return LP_REG_OK;
}

lp_reg_err_t lp_reg_policy_version_get(lp_registry_t *reg, const lp_scope_t *scope,
                                       const char *name, const char *version, cJSON **doc)
{
    int64_t number = 0;
    lp_reg_err_t rc = find_version(reg, scope, name, version, &number);
    if (rc != LP_REG_OK) {
        return rc;
    }
    *doc = lp_db_row(reg,
                     "SELECT " POLICY_ARN ", p.name AS policyName, v.document AS policyDocument,"
                     " CAST(v.version AS TEXT) AS policyVersionId,"
                     " v.version=p.default_version AS 'b:isDefaultVersion',"
                     " v.created AS creationDate, v.created AS lastModifiedDate,"
                     " p.generation AS generationId FROM policies p JOIN scopes s ON s.id=p.scope"
                     " JOIN policy_versions v ON v.scope=p.scope AND v.policy=p.name"
                     " WHERE p.scope=? AND p.name=? AND v.version=?",
                     "iti", scope->id, name, number);
    return *doc != NULL ? LP_REG_OK : LP_REG_INTERNAL;
}

lp_reg_err_t lp_reg_policy_version_delete(lp_registry_t *reg, const lp_scope_t *scope,
                                          const char *name, const char *version)
{
    int64_t number = 0;
    int64_t current = 0;
    lp_reg_err_t rc = find_version(reg, scope, name, version, &number);
    if (rc != LP_REG_OK) {
        return rc;
    }
    lp_db_int(reg, &current, "SELECT default_version FROM policies WHERE scope=? AND name=?", "it",
              scope->id, name);
    if (number == current) {
        return lp_reg_fail(reg, LP_REG_DELETE_CONFLICT,
                           "Cannot delete the default version of a policy (name=%s, version=%s)",
                           name, version);
    }
    return lp_db_run(reg, "DELETE FROM policy_versions WHERE scope=? AND policy=? AND version=?",
                     "iti", scope->id, name, number);
}

lp_reg_err_t lp_reg_policy_version_default(lp_registry_t *reg, const lp_scope_t *scope,
                                           const char *name, const char *version)
{
    int64_t number = 0;
    lp_reg_err_t rc = find_version(reg, scope, name, version, &number);
    return rc == LP_REG_OK ? set_default(reg, scope, name, number) : rc;
}

lp_reg_err_t lp_reg_policy_versions(lp_registry_t *reg, const lp_scope_t *scope, const char *name,
                                    cJSON **doc)
{
    const lp_db_list_t names = {.list = "policyVersions", .next = "nextToken"};
    const lp_page_t page = {.descending = true};
    if (!policy_exists(reg, scope, name)) {
        return policy_missing(reg, name);
    }
    return lp_db_page(reg, &names, &page, doc,
                      "SELECT printf('%020d',v.version) AS _key,"
                      " CAST(v.version AS TEXT) AS versionId,"
                      " v.version=p.default_version AS 'b:isDefaultVersion',"
                      " v.created AS createDate FROM policies p JOIN policy_versions v"
                      " ON v.scope=p.scope AND v.policy=p.name WHERE p.scope=? AND p.name=?",
                      "it", scope->id, name);
}
