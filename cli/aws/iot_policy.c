// SPDX-License-Identifier: Apache-2.0
// The versions of a policy.
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "limpet/iot.h"

enum { MAX_PATH = 600 };

static lp_aws_result_t make_request(const lp_aws_config_t *c, const char *action,
                                    const char *method, const char *policy, char path[MAX_PATH],
                                    lp_aws_request_t *r, lp_fault_t *f)
{
    char encoded[MAX_PATH - 20];
    if (!lp_iot_is_policy_name(policy) || !lp_aws_encode(encoded, sizeof encoded, policy)) {
        lp_fault_set(f, LP_EXIT_USAGE, "usage", "%s: \"%.60s\" is not a name that AWS IoT allows",
                     action, policy);
        return LP_AWS_FAILED;
    }
    snprintf(path, MAX_PATH, "/policies/%s/version", encoded);
    *r = (lp_aws_request_t){.action = action,
                            .service = "iot",
                            .base_url = c->endpoint_url,
                            .method = method,
                            .path = path,
                            .query = ""};
    return LP_AWS_OK;
}

lp_aws_result_t lp_iot_policy_version(const lp_aws_config_t *c, const char *policy,
                                      const char *document, lp_fault_t *f)
{
    char path[MAX_PATH];
    lp_aws_request_t r;
    lp_aws_result_t rc = make_request(c, "CreatePolicyVersion", "POST", policy, path, &r, f);
    if (rc != LP_AWS_OK) {
        return rc;
    }
    cJSON *body = cJSON_CreateObject();
    cJSON_AddStringToObject(body, "policyDocument", document);
    char *text = cJSON_PrintUnformatted(body);
    cJSON_Delete(body);
    r.query = "setAsDefault=true";
    r.body = text;
    r.is_once = true;
    rc = lp_aws_call(c, &r, NULL, f);
    cJSON_free(text);
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
    char path[MAX_PATH];
    lp_aws_request_t r;
    cJSON *answer = NULL;
    long number = 0;
    lp_aws_result_t rc = make_request(c, "ListPolicyVersions", "GET", policy, path, &r, f);
    rc = rc == LP_AWS_OK ? lp_aws_call(c, &r, &answer, f) : rc;
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
        lp_fault_set(f, LP_EXIT_CLOUD, "cloud-garbage",
                     "the cloud's answer to ListPolicyVersions makes no sense");
        return LP_AWS_FAILED;
    }
    oldest[0] = '\0';
    if (number > 0) {
        snprintf(oldest, cap, "%ld", number);
    }
    return rc;
}
