// SPDX-License-Identifier: Apache-2.0
// Policies, their versions, and what they are attached to.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "iot_private.h"

lp_aws_result_t lp_iot_policy_get(const lp_aws_config_t *c, const char *policy, char **document,
                                  char *arn, size_t arn_cap, lp_fault_t *f)
{
    char path[IOT_PATH];
    if (!lp_iot_is_policy_name(policy) || !iot_path(path, "/policies/", policy, "")) {
        return iot_fail_name("GetPolicy", policy, f);
    }
    lp_aws_request_t r = iot_request(c, "GetPolicy", "GET", path);
    cJSON *answer = NULL;
    lp_aws_result_t rc = lp_aws_call(c, &r, &answer, f);
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(answer, "policyDocument");
    if (rc == LP_AWS_OK && !cJSON_IsString(item)) {
        rc = iot_fail_answer(r.action, "policyDocument", f);
    }
    if (rc == LP_AWS_OK && arn != NULL && !iot_take(answer, "policyArn", arn, arn_cap)) {
        rc = iot_fail_answer(r.action, "policyArn", f);
    }
    if (rc == LP_AWS_OK) {
        *document = strdup(item->valuestring);
    }
    cJSON_Delete(answer);
    return rc;
}

static char *one_member(const char *name, const char *value)
{
    cJSON *body = cJSON_CreateObject();
    cJSON_AddStringToObject(body, name, value);
    char *text = cJSON_PrintUnformatted(body);
    cJSON_Delete(body);
    return text;
}

lp_aws_result_t lp_iot_policy_create(const lp_aws_config_t *c, const char *policy,
                                     const char *document, lp_fault_t *f)
{
    char path[IOT_PATH];
    if (!lp_iot_is_policy_name(policy) || !iot_path(path, "/policies/", policy, "")) {
        return iot_fail_name("CreatePolicy", policy, f);
    }
    char *body = one_member("policyDocument", document);
    lp_aws_result_t rc = iot_simple(c, "CreatePolicy", "POST", path, "", body, NULL, f);
    cJSON_free(body);
    return rc;
}

static lp_aws_result_t target_call(const lp_aws_config_t *c, const char *action, const char *method,
                                   const char *policy, const char *arn, lp_fault_t *f)
{
    char path[IOT_PATH];
    if (!lp_iot_is_policy_name(policy) || !iot_path(path, "/target-policies/", policy, "")) {
        return iot_fail_name(action, policy, f);
    }
    char *body = one_member("target", arn);
    lp_aws_result_t rc = iot_simple(c, action, method, path, "", body, NULL, f);
    cJSON_free(body);
    return rc;
}

lp_aws_result_t lp_iot_policy_attach(const lp_aws_config_t *c, const char *policy, const char *arn,
                                     lp_fault_t *f)
{
    return target_call(c, "AttachPolicy", "PUT", policy, arn, f);
}

lp_aws_result_t lp_iot_policy_detach(const lp_aws_config_t *c, const char *policy, const char *arn,
                                     lp_fault_t *f)
{
    return target_call(c, "DetachPolicy", "POST", policy, arn, f);
}

static bool has_policy(const cJSON *answer, const char *policy)
{
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(answer, "policies"))
    {
        const cJSON *name = cJSON_GetObjectItemCaseSensitive(item, "policyName");
        if (cJSON_IsString(name) && strcmp(name->valuestring, policy) == 0) {
            return true;
        }
    }
    return false;
}

lp_aws_result_t lp_iot_policy_is_attached(const lp_aws_config_t *c, const char *policy,
                                          const char *arn, bool *is_attached, lp_fault_t *f)
{
    char path[IOT_PATH];
    if (!iot_path(path, "/attached-policies/", arn, "")) {
        return iot_fail_name("ListAttachedPolicies", arn, f);
    }
    // At most ten policies can be attached to a certificate: one page.
    lp_aws_request_t r = iot_request(c, "ListAttachedPolicies", "POST", path);
    r.query = "pageSize=100";
    cJSON *answer = NULL;
    lp_aws_result_t rc = lp_aws_call(c, &r, &answer, f);
    if (rc == LP_AWS_OK && !iot_has_array(answer, "policies")) {
        rc = iot_fail_answer(r.action, "policies", f);
    }
    if (rc == LP_AWS_OK) {
        *is_attached = has_policy(answer, policy);
    }
    cJSON_Delete(answer);
    return rc;
}

// --- versions

lp_aws_result_t lp_iot_policy_version(const lp_aws_config_t *c, const char *policy,
                                      const char *document, lp_fault_t *f)
{
    char path[IOT_PATH];
    if (!lp_iot_is_policy_name(policy) || !iot_path(path, "/policies/", policy, "/version")) {
        return iot_fail_name("CreatePolicyVersion", policy, f);
    }
    lp_aws_request_t r = iot_request(c, "CreatePolicyVersion", "POST", path);
    char *body = one_member("policyDocument", document);
    r.query = "setAsDefault=true";
    r.body = body;
    r.is_once = true;
    const lp_aws_result_t rc = lp_aws_call(c, &r, NULL, f);
    cJSON_free(body);
    return rc;
}

// Versions count up from 1, so the lowest number is the oldest.
static bool take_version(const cJSON *item, size_t *n, long *oldest)
{
    const cJSON *id = cJSON_GetObjectItemCaseSensitive(item, "versionId");
    long number = cJSON_IsString(id) ? strtol(id->valuestring, NULL, 10) : 0;
    bool is_in_force = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(item, "isDefaultVersion"));
    (*n)++;
    if (number > 0 && !is_in_force && (*oldest == 0 || number < *oldest)) {
        *oldest = number;
    }
    return number > 0;
}

lp_aws_result_t lp_iot_policy_versions(const lp_aws_config_t *c, const char *policy, size_t *n,
                                       char *oldest, size_t cap, lp_fault_t *f)
{
    char path[IOT_PATH];
    cJSON *answer = NULL;
    long number = 0;
    if (!lp_iot_is_policy_name(policy) || !iot_path(path, "/policies/", policy, "/version")) {
        return iot_fail_name("ListPolicyVersions", policy, f);
    }
    lp_aws_request_t r = iot_request(c, "ListPolicyVersions", "GET", path);
    const lp_aws_result_t rc = lp_aws_call(c, &r, &answer, f);
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(answer, "policyVersions");
    bool is_good = cJSON_IsArray(list);
    const cJSON *item = NULL;
    *n = 0;
    cJSON_ArrayForEach(item, list)
    {
        is_good = is_good && take_version(item, n, &number);
    }
    cJSON_Delete(answer);
    if (rc == LP_AWS_OK && !is_good) {
        return iot_fail_answer(r.action, "policyVersions", f);
    }
    oldest[0] = '\0';
    if (number > 0) {
        snprintf(oldest, cap, "%ld", number);
    }
    return rc;
}
