// SPDX-License-Identifier: Apache-2.0
// Policies, their versions, and who has them.
#include <string.h>

#include "call.h"
#include "limpet/authz.h"

static lp_reg_err_t create(lp_call_t *c)
{
    lp_reg_err_t rc = lp_call_check_tags(c);
    rc = rc == LP_REG_OK ? lp_reg_policy_create(c->reg, &c->scope, c->param[0],
                                                lp_call_text(c, "policyDocument"), &c->out)
                         : rc;
    return lp_call_put_tags(c, rc, "policy", c->param[0]);
}

static lp_reg_err_t get(lp_call_t *c)
{
    return lp_reg_policy_get(c->reg, &c->scope, c->param[0], &c->out);
}

static lp_reg_err_t delete_policy(lp_call_t *c)
{
    return lp_reg_policy_delete(c->reg, &c->scope, c->param[0]);
}

static lp_reg_err_t marker_page(lp_call_t *c, lp_page_t *page)
{
    const char *ascending = lp_call_query(c, "isAscendingOrder");
    *page = (lp_page_t){.descending = ascending != NULL && strcmp(ascending, "false") == 0};
    return lp_call_page(c, "pageSize", "marker", page);
}

static lp_reg_err_t list(lp_call_t *c)
{
    lp_page_t page;
    lp_reg_err_t rc = marker_page(c, &page);
    return rc == LP_REG_OK ? lp_reg_policies(c->reg, &c->scope, &page, &c->out) : rc;
}

static lp_reg_err_t version_create(lp_call_t *c)
{
    return lp_reg_policy_version_create(c->reg, &c->scope, c->param[0],
                                        lp_call_text(c, "policyDocument"),
                                        lp_call_flag(c, "setAsDefault"), &c->out);
}

static lp_reg_err_t version_get(lp_call_t *c)
{
    return lp_reg_policy_version_get(c->reg, &c->scope, c->param[0], c->param[1], &c->out);
}

static lp_reg_err_t version_delete(lp_call_t *c)
{
    return lp_reg_policy_version_delete(c->reg, &c->scope, c->param[0], c->param[1]);
}

static lp_reg_err_t version_default(lp_call_t *c)
{
    return lp_reg_policy_version_default(c->reg, &c->scope, c->param[0], c->param[1]);
}

static lp_reg_err_t version_list(lp_call_t *c)
{
    return lp_reg_policy_versions(c->reg, &c->scope, c->param[0], &c->out);
}

static const char *target_of(const lp_call_t *c)
{
    const char *target = lp_call_text(c, "target");
    return target != NULL ? target : "";
}

static lp_reg_err_t attach(lp_call_t *c)
{
    return lp_reg_policy_attach(c->reg, &c->scope, c->param[0], target_of(c));
}

static lp_reg_err_t detach(lp_call_t *c)
{
    return lp_reg_policy_detach(c->reg, &c->scope, c->param[0], target_of(c));
}

static lp_reg_err_t attach_principal(lp_call_t *c)
{
    return lp_reg_policy_attach(c->reg, &c->scope, c->param[0],
                                lp_call_header(c, "x-amzn-iot-principal"));
}

static lp_reg_err_t detach_principal(lp_call_t *c)
{
    return lp_reg_policy_detach(c->reg, &c->scope, c->param[0],
                                lp_call_header(c, "x-amzn-iot-principal"));
}

static lp_reg_err_t list_attached(lp_call_t *c)
{
    lp_page_t page;
    lp_reg_err_t rc = marker_page(c, &page);
    return rc == LP_REG_OK ? lp_reg_target_policies(c->reg, &c->scope, c->param[0], &page, &c->out)
                           : rc;
}

static lp_reg_err_t list_principal_policies(lp_call_t *c)
{
    lp_page_t page;
    lp_reg_err_t rc = marker_page(c, &page);
    return rc == LP_REG_OK
               ? lp_reg_target_policies(c->reg, &c->scope,
                                        lp_call_header(c, "x-amzn-iot-principal"), &page, &c->out)
               : rc;
}

static lp_reg_err_t list_targets(lp_call_t *c)
{
    lp_page_t page;
    lp_reg_err_t rc = marker_page(c, &page);
    return rc == LP_REG_OK
               ? lp_reg_policy_targets(c->reg, &c->scope, c->param[0], "targets", &page, &c->out)
               : rc;
}

static lp_reg_err_t list_policy_principals(lp_call_t *c)
{
    lp_page_t page;
    lp_reg_err_t rc = marker_page(c, &page);
    return rc == LP_REG_OK
               ? lp_reg_policy_targets(c->reg, &c->scope, lp_call_header(c, "x-amzn-iot-policy"),
                                       "principals", &page, &c->out)
               : rc;
}

static const struct {
    const char *type;
    const char *action;
} auth_types[] = {
    {"CONNECT", "iot:Connect"},
    {"PUBLISH", "iot:Publish"},
    {"SUBSCRIBE", "iot:Subscribe"},
    {"RECEIVE", "iot:Receive"},
};

static const char *auth_action(const char *type)
{
    for (size_t i = 0; type != NULL && i < sizeof auth_types / sizeof auth_types[0]; i++) {
        if (strcmp(auth_types[i].type, type) == 0) {
            return auth_types[i].action;
        }
    }
    return NULL;
}

static void add_policies(const lp_call_t *c, cJSON *parent, const char *policy)
{
    char arn[LP_REG_ARN_SIZE];
    cJSON *list = cJSON_AddArrayToObject(parent, "policies");
    if (policy[0] == '\0') {
        return;
    }
    cJSON *one = cJSON_CreateObject();
    lp_reg_arn(&c->scope, "policy", policy, arn);
    cJSON_AddStringToObject(one, "policyName", policy);
    cJSON_AddStringToObject(one, "policyArn", arn);
    cJSON_AddItemToArray(list, one);
}

static cJSON *auth_result(const lp_call_t *c, const char *type, const char *resource,
                          const lp_decision_t *d)
{
    static const char *const words[] = {"IMPLICIT_DENY", "ALLOWED", "EXPLICIT_DENY"};
    cJSON *result = cJSON_CreateObject();
    cJSON *info = cJSON_AddObjectToObject(result, "authInfo");
    cJSON_AddStringToObject(info, "actionType", type);
    cJSON_AddItemToArray(cJSON_AddArrayToObject(info, "resources"), cJSON_CreateString(resource));
    cJSON *allowed = cJSON_AddObjectToObject(result, "allowed");
    cJSON *denied = cJSON_AddObjectToObject(result, "denied");
    cJSON *implicit = cJSON_AddObjectToObject(denied, "implicitDeny");
    cJSON *explicit = cJSON_AddObjectToObject(denied, "explicitDeny");
    add_policies(c, allowed, d->answer == LP_POLICY_ALLOWS ? d->policy : "");
    add_policies(c, implicit, "");
    add_policies(c, explicit, d->answer == LP_POLICY_DENIES ? d->policy : "");
    cJSON_AddStringToObject(result, "authDecision", words[d->answer]);
    cJSON_AddArrayToObject(result, "missingContextValues");
    return result;
}

static lp_reg_err_t test_infos(lp_call_t *c, lp_session_t *session, cJSON *results)
{
    const cJSON *info = NULL;
    const cJSON *resource = NULL;
    cJSON_ArrayForEach(info, lp_call_item(c, "authInfos"))
    {
        const char *type =
            cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(info, "actionType"));
        const char *action = auth_action(type);
        if (action == NULL) {
            return lp_call_fail(c, LP_REG_INVALID,
                                "actionType must be CONNECT, PUBLISH, SUBSCRIBE or RECEIVE");
        }
        cJSON_ArrayForEach(resource, cJSON_GetObjectItemCaseSensitive(info, "resources"))
        {
            lp_decision_t d = {0};
            if (cJSON_IsString(resource)) {
                lp_session_ask(session, action, resource->valuestring, &d);
                cJSON_AddItemToArray(results, auth_result(c, type, resource->valuestring, &d));
            }
        }
    }
    return LP_REG_OK;
}

static lp_reg_err_t test_authorization(lp_call_t *c)
{
    const char *principal = lp_call_text(c, "principal");
    const char *client = lp_call_query(c, "clientId");
    const char *id = principal != NULL ? strstr(principal, ":cert/") : NULL;
    lp_session_t *session = NULL;
    lp_decision_t d = {0};
    if (!cJSON_IsArray(lp_call_item(c, "authInfos")) || id == NULL) {
        return lp_call_fail(c, LP_REG_INVALID,
                            "principal (the ARN of a certificate) and authInfos are needed");
    }
    if (lp_call_item(c, "policyNamesToAdd") != NULL ||
        lp_call_item(c, "policyNamesToSkip") != NULL) {
        return lp_call_fail(c, LP_REG_NOT_IMPLEMENTED,
                            "policyNamesToAdd and policyNamesToSkip are not supported here");
    }
    const lp_session_config_t config = {.certificate_id = id + 6,
                                        .client_id = client != NULL ? client : ""};
    if (!lp_session_open(c->reg, &c->scope, &config, &session, &d)) {
        return lp_call_fail(c, LP_REG_NOT_FOUND, d.reason);
    }
    c->out = cJSON_CreateObject();
    lp_reg_err_t rc = test_infos(c, session, cJSON_AddArrayToObject(c->out, "authResults"));
    lp_session_close(session);
    return rc;
}

const lp_route_t lp_routes_policies[] = {
    {"POST", "/policies/{policyName}", create, "CreatePolicy"},
    {"GET", "/policies/{policyName}", get, "GetPolicy"},
    {"DELETE", "/policies/{policyName}", delete_policy, "DeletePolicy"},
    {"GET", "/policies", list, "ListPolicies"},
    {"POST", "/policies/{policyName}/version", version_create, "CreatePolicyVersion"},
    {"GET", "/policies/{policyName}/version", version_list, "ListPolicyVersions"},
    {"GET", "/policies/{policyName}/version/{policyVersionId}", version_get, "GetPolicyVersion"},
    {"PATCH", "/policies/{policyName}/version/{policyVersionId}", version_default,
     "SetDefaultPolicyVersion"},
    {"DELETE", "/policies/{policyName}/version/{policyVersionId}", version_delete,
     "DeletePolicyVersion"},
    {"PUT", "/target-policies/{policyName}", attach, "AttachPolicy"},
    {"POST", "/target-policies/{policyName}", detach, "DetachPolicy"},
    {"POST", "/attached-policies/{target+}", list_attached, "ListAttachedPolicies"},
    {"POST", "/policy-targets/{policyName}", list_targets, "ListTargetsForPolicy"},
    {"PUT", "/principal-policies/{policyName}", attach_principal, "AttachPrincipalPolicy"},
    {"DELETE", "/principal-policies/{policyName}", detach_principal, "DetachPrincipalPolicy"},
    {"GET", "/principal-policies", list_principal_policies, "ListPrincipalPolicies"},
    {"GET", "/policy-principals", list_policy_principals, "ListPolicyPrincipals"},
    {"POST", "/test-authorization", test_authorization, "TestAuthorization"},
    {0},
};
