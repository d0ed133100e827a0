// SPDX-License-Identifier: Apache-2.0
// Names, what all calls share, and the calls about the account itself.
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "iot_private.h"

static const char name_chars[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";

// Whether `s` is 1..128 characters, letters, digits, '_', '-' or one of `more`.
static bool is_name(const char *s, const char *more)
{
    size_t n = strlen(s);
    for (size_t i = 0; i < n; i++) {
        if (strchr(name_chars, s[i]) == NULL && strchr(more, s[i]) == NULL) {
            return false;
        }
    }
    return n > 0 && n <= LP_IOT_MAX_NAME;
}

bool lp_iot_is_thing_name(const char *name)
{
    return is_name(name, ":");
}

bool lp_iot_is_policy_name(const char *name)
{
    return is_name(name, "+=,.@");
}

bool lp_iot_is_cert_id(const char *id)
{
    return strspn(id, "0123456789abcdef") == LP_IOT_ID_LEN && id[LP_IOT_ID_LEN] == '\0';
}

// --- for the calls

bool iot_path(char *out, const char *before, const char *segment, const char *after)
{
    char encoded[IOT_PATH / 2];
    return lp_aws_encode(encoded, sizeof encoded, segment) &&
           snprintf(out, IOT_PATH, "%s%s%s", before, encoded, after) < IOT_PATH;
}

lp_aws_request_t iot_request(const lp_aws_config_t *c, const char *action, const char *method,
                             const char *path)
{
    return (lp_aws_request_t){.action = action,
                              .service = "iot",
                              .base_url = c->endpoint_url,
                              .method = method,
                              .path = path,
                              .query = ""};
}

lp_aws_result_t iot_fail_name(const char *action, const char *name, lp_fault_t *f)
{
    lp_fault_set(f, LP_EXIT_USAGE, "usage", "%s: \"%.60s\" is not a name that AWS IoT allows",
                 action, name);
    return LP_AWS_FAILED;
}

lp_aws_result_t iot_fail_answer(const char *action, const char *member, lp_fault_t *f)
{
    lp_fault_set(f, LP_EXIT_CLOUD, "cloud-garbage", "the cloud's answer to %s makes no sense",
                 action);
    lp_fault_why(f, "%s is missing or malformed", member);
    return LP_AWS_FAILED;
}

lp_aws_result_t iot_simple(const lp_aws_config_t *c, const char *action, const char *method,
                           const char *path, const char *query, const char *body,
                           const char *principal, lp_fault_t *f)
{
    lp_aws_request_t r = iot_request(c, action, method, path);
    r.query = query;
    r.body = body;
    r.principal = principal;
    return lp_aws_call(c, &r, NULL, f);
}

bool iot_take(const cJSON *tree, const char *name, char *out, size_t cap)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(tree, name);
    if (!cJSON_IsString(item) || strlen(item->valuestring) >= cap) {
        return false;
    }
    memcpy(out, item->valuestring, strlen(item->valuestring) + 1);
    return true;
}

bool iot_has_array(const cJSON *answer, const char *name)
{
    return cJSON_IsArray(cJSON_GetObjectItemCaseSensitive(answer, name));
}

// --- the account

// Host names and an optional port; nothing that could be taken for a path or a header.
static bool is_host_port(const char *s)
{
    size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-");
    return n > 0 && (s[n] == '\0' || (s[n] == ':' && s[n + 1] != '\0' &&
                                      strspn(s + n + 1, "0123456789") == strlen(s + n + 1)));
}

lp_aws_result_t lp_iot_endpoint(const lp_aws_config_t *c, char *out, size_t cap, lp_fault_t *f)
{
    lp_aws_request_t r = iot_request(c, "DescribeEndpoint", "GET", "/endpoint");
    r.query = "endpointType=iot%3AData-ATS";
    cJSON *answer = NULL;
    lp_aws_result_t rc = lp_aws_call(c, &r, &answer, f);
    char host[256];
    if (rc == LP_AWS_OK &&
        (!iot_take(answer, "endpointAddress", host, sizeof host) || !is_host_port(host))) {
        rc = iot_fail_answer(r.action, "endpointAddress", f);
    }
    if (rc == LP_AWS_OK) {
        snprintf(out, cap, "%s", host);
    }
    cJSON_Delete(answer);
    return rc;
}

lp_aws_result_t lp_iot_account(const lp_aws_config_t *c, char *out, size_t cap, lp_fault_t *f)
{
    lp_aws_request_t r = {.action = "GetCallerIdentity",
                          .service = "sts",
                          .base_url = c->sts_url,
                          .method = "POST",
                          .path = "/",
                          .query = "",
                          .body = "Action=GetCallerIdentity&Version=2011-06-15",
                          .is_form = true};
    cJSON *answer = NULL;
    lp_aws_result_t rc = lp_aws_call(c, &r, &answer, f);
    if (rc == LP_AWS_OK &&
        !lp_aws_xml_text(answer->valuestring, strlen(answer->valuestring), "Account", out, cap)) {
        rc = iot_fail_answer(r.action, "Account", f);
    }
    cJSON_Delete(answer);
    return rc;
}

static bool decode_base64(const char *text, char *out, size_t cap)
{
    size_t len = strlen(text);
    if (len % 4 != 0 || len / 4 * 3 + 1 > cap) {
        return false;
    }
    int n = EVP_DecodeBlock((unsigned char *)out, (const unsigned char *)text, (int)len);
    if (n < 0) {
        return false;
    }
    // EVP counts the padding as zero bytes.
    size_t padding = len >= 2 && text[len - 1] == '=' ? (text[len - 2] == '=' ? 2u : 1u) : 0u;
    out[(size_t)n - padding] = '\0';
    return true;
}

lp_aws_result_t lp_iot_retained(const lp_aws_config_t *c, const char *topic, char *out, size_t cap,
                                lp_fault_t *f)
{
    char path[IOT_PATH];
    if (!iot_path(path, "/retainedMessage/", topic, "")) {
        return iot_fail_name("GetRetainedMessage", topic, f);
    }
    lp_aws_request_t r = iot_request(c, "GetRetainedMessage", "GET", path);
    r.service = "iotdata";
    r.base_url = c->data_url;
    cJSON *answer = NULL;
    lp_aws_result_t rc = lp_aws_call(c, &r, &answer, f);
    const cJSON *payload = cJSON_GetObjectItemCaseSensitive(answer, "payload");
    if (rc == LP_AWS_OK &&
        (!cJSON_IsString(payload) || !decode_base64(payload->valuestring, out, cap))) {
        rc = iot_fail_answer(r.action, "payload", f);
    }
    cJSON_Delete(answer);
    return rc;
}
