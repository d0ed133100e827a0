// SPDX-License-Identifier: Apache-2.0
// Who has which policy, and which certificate belongs to which thing.
#include <stdio.h>
#include <string.h>

#include "db.h"

// A target must be a certificate of this scope or a group of things.
static lp_reg_err_t check_target(lp_registry_t *reg, const lp_scope_t *scope, const char *target)
{
    char kind[32];
    char name[160];
    int64_t found = 0;
    if (!lp_arn_split(scope, target, kind, name)) {
        return lp_reg_fail(reg, LP_REG_INVALID,
                           "The target is not the ARN of a certificate or thing group of this "
                           "account and region");
    }
    if (strcmp(kind, "cert") == 0) {
        lp_db_int(reg, &found, "SELECT count(*) FROM certificates WHERE scope=? AND id=?", "it",
                  scope->id, name);
    } else if (strcmp(kind, "thinggroup") == 0) {
        lp_db_int(reg, &found, "SELECT count(*) FROM thing_groups WHERE scope=? AND name=?", "it",
                  scope->id, name);
    } else {
        return lp_reg_fail(reg, LP_REG_INVALID, "A policy cannot be attached to a %s", kind);
    }
    return found > 0
               ? LP_REG_OK
               : lp_reg_fail(reg, LP_REG_NOT_FOUND, "The target %.200s does not exist.", target);
}

static lp_reg_err_t check_policy(lp_registry_t *reg, const lp_scope_t *scope, const char *policy)
{
    int64_t v = 0;
    if (!lp_db_int(reg, &v, "SELECT 1 FROM policies WHERE scope=? AND name=?", "it", scope->id,
                   policy)) {
        return lp_reg_fail(reg, LP_REG_NOT_FOUND, "Policy %.128s not found.", policy);
    }
    return LP_REG_OK;
}

static lp_reg_err_t attach_in(lp_registry_t *reg, const lp_scope_t *scope, const char *policy,
                              const char *target)
{
    int64_t count = 0;
    lp_reg_err_t rc = check_policy(reg, scope, policy);
    rc = rc == LP_REG_OK ? check_target(reg, scope, target) : rc;
    if (rc != LP_REG_OK) {
        return rc;
    }
    lp_db_int(reg, &count,
              "SELECT count(*) FROM policy_targets WHERE scope=? AND target=? AND policy<>?", "itt",
              scope->id, target, policy);
    if (count >= LP_REG_POLICIES_PER_CERT) {
        return lp_reg_fail(reg, LP_REG_LIMIT, "%d policies are attached to the target already",
                           LP_REG_POLICIES_PER_CERT);
    }
    return lp_db_run(reg, "INSERT OR IGNORE INTO policy_targets VALUES(?,?,?)", "itt", scope->id,
                     policy, target);
}

lp_reg_err_t lp_reg_policy_attach(lp_registry_t *reg, const lp_scope_t *scope, const char *policy,
                                  const char *target)
{
    lp_reg_err_t rc = lp_db_begin(reg);
    return rc == LP_REG_OK ? lp_db_end(reg, attach_in(reg, scope, policy, target)) : rc;
}

lp_reg_err_t lp_reg_policy_detach(lp_registry_t *reg, const lp_scope_t *scope, const char *policy,
                                  const char *target)
{
    lp_reg_err_t rc = check_policy(reg, scope, policy);
    rc = rc == LP_REG_OK ? check_target(reg, scope, target) : rc;
    return rc == LP_REG_OK
               ? lp_db_run(reg,
                           "DELETE FROM policy_targets WHERE scope=? AND policy=? AND target=?",
                           "itt", scope->id, policy, target)
               : rc;
}

lp_reg_err_t lp_reg_target_policies(lp_registry_t *reg, const lp_scope_t *scope, const char *target,
                                    const lp_page_t *page, cJSON **doc)
{
    const lp_db_list_t names = {.list = "policies", .next = "nextMarker"};
    lp_reg_err_t rc = check_target(reg, scope, target);
    if (rc != LP_REG_OK) {
        return rc;
    }
    return lp_db_page(reg, &names, page, doc,
                      "SELECT policy AS _key, policy AS policyName,"
                      " 'arn:aws:iot:'||?2||':'||?3||':policy/'||policy AS policyArn"
                      " FROM policy_targets WHERE scope=?1 AND target=?4",
                      "ittt", scope->id, scope->region, scope->account, target);
}

lp_reg_err_t lp_reg_policy_targets(lp_registry_t *reg, const lp_scope_t *scope, const char *policy,
                                   const char *member, const lp_page_t *page, cJSON **doc)
{
    const lp_db_list_t names = {.list = member, .next = "nextMarker", .scalar = "target"};
    lp_reg_err_t rc = check_policy(reg, scope, policy);
    if (rc != LP_REG_OK) {
        return rc;
    }
    return lp_db_page(
        reg, &names, page, doc,
        "SELECT target AS _key, target FROM policy_targets WHERE scope=? AND policy=?", "it",
        scope->id, policy);
}

static lp_reg_err_t check_thing(lp_registry_t *reg, const lp_scope_t *scope, const char *thing)
{
    int64_t v = 0;
    if (!lp_db_int(reg, &v, "SELECT 1 FROM things WHERE scope=? AND name=?", "it", scope->id,
                   thing)) {
        return lp_reg_fail(reg, LP_REG_NOT_FOUND, "Thing %.128s not found.", thing);
    }
    return LP_REG_OK;
}

static lp_reg_err_t check_principal(lp_registry_t *reg, const lp_scope_t *scope,
                                    const char *principal)
{
    char id[LP_REG_ID_SIZE];
    int64_t v = 0;
    if (!lp_arn_cert(scope, principal, id)) {
        return lp_reg_fail(reg, LP_REG_INVALID,
                           "The principal is not the ARN of a certificate of this account and "
                           "region");
    }
    if (!lp_db_int(reg, &v, "SELECT 1 FROM certificates WHERE scope=? AND id=?", "it", scope->id,
                   id)) {
        return lp_reg_fail(reg, LP_REG_NOT_FOUND,
                           "The certificate given in the principal does not exist.");
    }
    return LP_REG_OK;
}

lp_reg_err_t lp_reg_thing_attach(lp_registry_t *reg, const lp_scope_t *scope, const char *thing,
                                 const char *principal)
{
    lp_reg_err_t rc = check_thing(reg, scope, thing);
    rc = rc == LP_REG_OK ? check_principal(reg, scope, principal) : rc;
    return rc == LP_REG_OK ? lp_db_run(reg, "INSERT OR IGNORE INTO thing_principals VALUES(?,?,?)",
                                       "itt", scope->id, thing, principal)
                           : rc;
}

lp_reg_err_t lp_reg_thing_detach(lp_registry_t *reg, const lp_scope_t *scope, const char *thing,
                                 const char *principal)
{
    lp_reg_err_t rc = check_thing(reg, scope, thing);
    rc = rc == LP_REG_OK ? check_principal(reg, scope, principal) : rc;
    return rc == LP_REG_OK
               ? lp_db_run(reg,
                           "DELETE FROM thing_principals WHERE scope=? AND thing=? AND principal=?",
                           "itt", scope->id, thing, principal)
               : rc;
}

lp_reg_err_t lp_reg_thing_principals(lp_registry_t *reg, const lp_scope_t *scope, const char *thing,
                                     const lp_page_t *page, cJSON **doc)
{
    const lp_db_list_t names = {.list = "principals", .next = "nextToken", .scalar = "principal"};
    lp_reg_err_t rc = check_thing(reg, scope, thing);
    if (rc != LP_REG_OK) {
        return rc;
    }
    return lp_db_page(
        reg, &names, page, doc,
        "SELECT principal AS _key, principal FROM thing_principals WHERE scope=? AND thing=?", "it",
        scope->id, thing);
}

lp_reg_err_t lp_reg_principal_things(lp_registry_t *reg, const lp_scope_t *scope,
                                     const char *principal, const lp_page_t *page, cJSON **doc)
{
    const lp_db_list_t names = {.list = "things", .next = "nextToken", .scalar = "thing"};
    lp_reg_err_t rc = check_principal(reg, scope, principal);
    if (rc != LP_REG_OK) {
        return rc;
    }
    return lp_db_page(
        reg, &names, page, doc,
        "SELECT thing AS _key, thing FROM thing_principals WHERE scope=? AND principal=?", "it",
        scope->id, principal);
}
