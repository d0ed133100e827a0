// SPDX-License-Identifier: Apache-2.0
#include "limpet/iot.h"

#include <cjson/cJSON.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "limpet/aws_answer.h"

enum { MAX_PATH = 1024, PAGE = 50, MAX_PAGES = 20 };

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

// "<before><segment, encoded><after>".
static bool make_path(char *out, const char *before, const char *segment, const char *after)
{
    char encoded[MAX_PATH / 2];
    return lp_aws_encode(encoded, sizeof encoded, segment) &&
           snprintf(out, MAX_PATH, "%s%s%s", before, encoded, after) < MAX_PATH;
}

static lp_aws_request_t control(const lp_aws_config_t *c, const char *action, const char *method,
                                const char *path)
{
    return (lp_aws_request_t){.action = action,
                              .service = "iot",
                              .base_url = c->endpoint_url,
                              .method = method,
                              .path = path,
                              .query = ""};
}

static lp_aws_result_t fail_name(const char *action, const char *name, lp_fault_t *f)
{
    lp_fault_set(f, LP_EXIT_USAGE, "usage", "%s: \"%.60s\" is not a name that AWS IoT allows",
                 action, name);
    return LP_AWS_FAILED;
}

static lp_aws_result_t fail_answer(const char *action, const char *member, lp_fault_t *f)
{
    lp_fault_set(f, LP_EXIT_CLOUD, "cloud-garbage", "the cloud's answer to %s makes no sense",
                 action);
    lp_fault_why(f, "%s is missing or malformed", member);
    return LP_AWS_FAILED;
}

// A call with nothing of interest in the answer.
static lp_aws_result_t simple(const lp_aws_config_t *c, const char *action, const char *method,
                              const char *path, const char *query, const char *body,
                              const char *principal, lp_fault_t *f)
{
    lp_aws_request_t r = control(c, action, method, path);
    r.query = query;
    r.body = body;
    r.principal = principal;
    return lp_aws_call(c, &r, NULL, f);
}

static bool take(const cJSON *tree, const char *name, char *out, size_t cap)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(tree, name);
    if (!cJSON_IsString(item) || strlen(item->valuestring) >= cap) {
        return false;
    }
    memcpy(out, item->valuestring, strlen(item->valuestring) + 1);
    return true;
}

// An answer without its list says nothing; it does not say that there is nothing.
static bool has_array(const cJSON *answer, const char *name)
{
    return cJSON_IsArray(cJSON_GetObjectItemCaseSensitive(answer, name));
}

// Host names and an optional port; nothing that could be taken for a path or a header.
static bool is_host_port(const char *s)
{
    size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-");
    return n > 0 && (s[n] == '\0' || (s[n] == ':' && s[n + 1] != '\0' &&
                                      strspn(s + n + 1, "0123456789") == strlen(s + n + 1)));
}

lp_aws_result_t lp_iot_endpoint(const lp_aws_config_t *c, char *out, size_t cap, lp_fault_t *f)
{
    lp_aws_request_t r = control(c, "DescribeEndpoint", "GET", "/endpoint");
    r.query = "endpointType=iot%3AData-ATS";
    cJSON *answer = NULL;
    lp_aws_result_t rc = lp_aws_call(c, &r, &answer, f);
    char host[256];
    if (rc == LP_AWS_OK &&
        (!take(answer, "endpointAddress", host, sizeof host) || !is_host_port(host))) {
        rc = fail_answer(r.action, "endpointAddress", f);
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
        rc = fail_answer(r.action, "Account", f);
    }
    cJSON_Delete(answer);
    return rc;
}

// Both answers have the same three members; only DescribeCertificate has the rest.
static bool take_cert(const cJSON *tree, lp_iot_cert_t *cert)
{
    const cJSON *created = cJSON_GetObjectItemCaseSensitive(tree, "creationDate");
    cert->created_s = cJSON_IsNumber(created) ? created->valuedouble : 0.0;
    snprintf(cert->status, sizeof cert->status, "ACTIVE");
    (void)take(tree, "status", cert->status, sizeof cert->status);
    return take(tree, "certificateId", cert->id, sizeof cert->id) && lp_iot_is_cert_id(cert->id) &&
           take(tree, "certificateArn", cert->arn, sizeof cert->arn) &&
           strncmp(cert->arn, "arn:", 4) == 0 &&
           take(tree, "certificatePem", cert->pem, sizeof cert->pem);
}

lp_aws_result_t lp_iot_cert_get(const lp_aws_config_t *c, const char *id, lp_iot_cert_t *cert,
                                lp_fault_t *f)
{
    char path[MAX_PATH];
    if (!lp_iot_is_cert_id(id) || !make_path(path, "/certificates/", id, "")) {
        return fail_name("DescribeCertificate", id, f);
    }
    lp_aws_request_t r = control(c, "DescribeCertificate", "GET", path);
    cJSON *answer = NULL;
    lp_aws_result_t rc = lp_aws_call(c, &r, &answer, f);
    lp_iot_cert_t got = {.id = ""};
    if (rc == LP_AWS_OK &&
        (!take_cert(cJSON_GetObjectItemCaseSensitive(answer, "certificateDescription"), &got) ||
         strcmp(got.id, id) != 0)) {
        rc = fail_answer(r.action, "certificateDescription", f);
    }
    if (rc == LP_AWS_OK) {
        *cert = got;
    }
    cJSON_Delete(answer);
    return rc;
}

lp_aws_result_t lp_iot_cert_create(const lp_aws_config_t *c, const char *csr_pem,
                                   lp_iot_cert_t *cert, lp_fault_t *f)
{
    cJSON *body = cJSON_CreateObject();
    cJSON_AddStringToObject(body, "certificateSigningRequest", csr_pem);
    char *text = cJSON_PrintUnformatted(body);
    cJSON_Delete(body);
    lp_aws_request_t r = control(c, "CreateCertificateFromCsr", "POST", "/certificates");
    r.query = "setAsActive=true";
    r.body = text;
    r.is_once = true;
    cJSON *answer = NULL;
    lp_aws_result_t rc = lp_aws_call(c, &r, &answer, f);
    cJSON_free(text);
    lp_iot_cert_t got = {.id = ""};
    if (rc == LP_AWS_OK && !take_cert(answer, &got)) {
        (void)fail_answer(r.action, "certificateId", f);
        rc = LP_AWS_UNKNOWN;
    }
    if (rc == LP_AWS_OK) {
        *cert = got;
    }
    cJSON_Delete(answer);
    return rc;
}

lp_aws_result_t lp_iot_cert_register(const lp_aws_config_t *c, const char *pem, const char *id,
                                     lp_iot_cert_t *cert, lp_fault_t *f)
{
    cJSON *body = cJSON_CreateObject();
    cJSON_AddStringToObject(body, "certificatePem", pem);
    cJSON_AddStringToObject(body, "status", "ACTIVE");
    char *text = cJSON_PrintUnformatted(body);
    cJSON_Delete(body);
    lp_aws_result_t rc = simple(c, "RegisterCertificateWithoutCA", "POST",
                                "/certificate/register-no-ca", "", text, NULL, f);
    cJSON_free(text);
    // A repeated call finds what the first one did.
    bool is_there = rc == LP_AWS_OK || rc == LP_AWS_CONFLICT;
    return is_there ? lp_iot_cert_get(c, id, cert, f) : rc;
}

lp_aws_result_t lp_iot_cert_set_status(const lp_aws_config_t *c, const char *id, const char *status,
                                       lp_fault_t *f)
{
    char path[MAX_PATH];
    char query[64];
    if (!lp_iot_is_cert_id(id) || !make_path(path, "/certificates/", id, "")) {
        return fail_name("UpdateCertificate", id, f);
    }
    snprintf(query, sizeof query, "newStatus=%s", status);
    return simple(c, "UpdateCertificate", "PUT", path, query, NULL, NULL, f);
}

lp_aws_result_t lp_iot_cert_delete(const lp_aws_config_t *c, const char *id, lp_fault_t *f)
{
    char path[MAX_PATH];
    if (!lp_iot_is_cert_id(id) || !make_path(path, "/certificates/", id, "")) {
        return fail_name("DeleteCertificate", id, f);
    }
    return simple(c, "DeleteCertificate", "DELETE", path, "", NULL, NULL, f);
}

typedef struct {
    char (*ids)[LP_IOT_ID_LEN + 1];
    size_t n;
} id_list_t;

static bool add_id(id_list_t *list, const char *id)
{
    if (list->n >= LP_IOT_MAX_LISTED || !lp_iot_is_cert_id(id)) {
        return false;
    }
    memcpy(list->ids[list->n++], id, LP_IOT_ID_LEN + 1);
    return true;
}

// False: older ones follow, or the list is full.
static bool take_page_of_certs(const cJSON *answer, double since_s, id_list_t *list)
{
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(answer, "certificates"))
    {
        const cJSON *id = cJSON_GetObjectItemCaseSensitive(item, "certificateId");
        const cJSON *created = cJSON_GetObjectItemCaseSensitive(item, "creationDate");
        if (cJSON_IsNumber(created) && created->valuedouble < since_s) {
            return false;
        }
        if (cJSON_IsString(id) && !add_id(list, id->valuestring)) {
            return false;
        }
    }
    return true;
}

lp_aws_result_t lp_iot_cert_list(const lp_aws_config_t *c, double since_s,
                                 char ids[LP_IOT_MAX_LISTED][LP_IOT_ID_LEN + 1], size_t *n,
                                 lp_fault_t *f)
{
    id_list_t list = {.ids = ids};
    char marker[700] = "";
    for (int page = 0; page < MAX_PAGES; page++) {
        char query[1024];
        snprintf(query, sizeof query, "isAscendingOrder=false%s%s&pageSize=%d",
                 marker[0] != '\0' ? "&marker=" : "", marker, PAGE);
        lp_aws_request_t r = control(c, "ListCertificates", "GET", "/certificates");
        r.query = query;
        cJSON *answer = NULL;
        lp_aws_result_t rc = lp_aws_call(c, &r, &answer, f);
        if (rc != LP_AWS_OK) {
            return rc;
        }
        if (!has_array(answer, "certificates")) {
            cJSON_Delete(answer);
            return fail_answer(r.action, "certificates", f);
        }
        const cJSON *next = cJSON_GetObjectItemCaseSensitive(answer, "nextMarker");
        bool is_more = take_page_of_certs(answer, since_s, &list) && cJSON_IsString(next) &&
                       lp_aws_encode(marker, sizeof marker, next->valuestring) && marker[0] != '\0';
        cJSON_Delete(answer);
        if (!is_more) {
            break;
        }
    }
    *n = list.n;
    return LP_AWS_OK;
}

// DescribeThing and CreateThing both answer with the thing's name.
static lp_aws_result_t named_thing(const lp_aws_config_t *c, const char *action, const char *method,
                                   const char *thing, const char *body, lp_fault_t *f)
{
    char path[MAX_PATH];
    char name[LP_IOT_MAX_NAME + 1];
    if (!lp_iot_is_thing_name(thing) || !make_path(path, "/things/", thing, "")) {
        return fail_name(action, thing, f);
    }
    lp_aws_request_t r = control(c, action, method, path);
    r.body = body;
    cJSON *answer = NULL;
    lp_aws_result_t rc = lp_aws_call(c, &r, &answer, f);
    if (rc == LP_AWS_OK &&
        (!take(answer, "thingName", name, sizeof name) || strcmp(name, thing) != 0)) {
        rc = fail_answer(action, "thingName", f);
    }
    cJSON_Delete(answer);
    return rc;
}

lp_aws_result_t lp_iot_thing_get(const lp_aws_config_t *c, const char *thing, lp_fault_t *f)
{
    return named_thing(c, "DescribeThing", "GET", thing, NULL, f);
}

enum { MAX_ATTRIBUTE_VALUE = 800 };

static const char attribute_chars[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    "_.:/@#-";

// Reads "name=value" at the start of `text`. The length with the comma; 0: it is none.
static size_t take_attribute(const char *text, cJSON *to)
{
    char name[LP_IOT_MAX_NAME + 1];
    char value[MAX_ATTRIBUTE_VALUE + 1];
    size_t n = strspn(text, attribute_chars);
    size_t m = text[n] == '=' ? strspn(text + n + 1, attribute_chars) : 0;
    char end = m > 0 ? text[n + 1 + m] : '?';
    if (n == 0 || n >= sizeof name || m == 0 || m >= sizeof value || (end != ',' && end != '\0')) {
        return 0;
    }
    snprintf(name, sizeof name, "%.*s", (int)n, text);
    snprintf(value, sizeof value, "%.*s", (int)m, text + n + 1);
    cJSON_AddStringToObject(to, name, value);
    return n + 1 + m + (end == ',' ? 1u : 0u);
}

static bool take_attributes(const char *text, cJSON *to)
{
    size_t n = *text != '\0' ? 1 : 0;
    for (; *text != '\0' && n > 0; text += n) {
        n = take_attribute(text, to);
    }
    return n > 0 && text[-1] != ',';
}

bool lp_iot_is_attributes(const char *text)
{
    cJSON *ignored = cJSON_CreateObject();
    bool is_right = take_attributes(text, ignored);
    cJSON_Delete(ignored);
    return is_right;
}

lp_aws_result_t lp_iot_thing_create_as(const lp_aws_config_t *c, const char *thing,
                                       const char *type, const char *attributes, lp_fault_t *f)
{
    cJSON *body = cJSON_CreateObject();
    if (type != NULL) {
        cJSON_AddStringToObject(body, "thingTypeName", type);
    }
    if (attributes != NULL) {
        cJSON *payload = cJSON_AddObjectToObject(body, "attributePayload");
        (void)take_attributes(attributes, cJSON_AddObjectToObject(payload, "attributes"));
    }
    char *text = cJSON_PrintUnformatted(body);
    cJSON_Delete(body);
    lp_aws_result_t rc = named_thing(c, "CreateThing", "POST", thing, text, f);
    cJSON_free(text);
    return rc;
}

lp_aws_result_t lp_iot_thing_create(const lp_aws_config_t *c, const char *thing, lp_fault_t *f)
{
    return lp_iot_thing_create_as(c, thing, NULL, NULL, f);
}

lp_aws_result_t lp_iot_thing_join(const lp_aws_config_t *c, const char *thing, const char *group,
                                  lp_fault_t *f)
{
    cJSON *body = cJSON_CreateObject();
    cJSON_AddStringToObject(body, "thingName", thing);
    cJSON_AddStringToObject(body, "thingGroupName", group);
    char *text = cJSON_PrintUnformatted(body);
    cJSON_Delete(body);
    lp_aws_result_t rc = simple(c, "AddThingToThingGroup", "PUT",
                                "/thing-groups/addThingToThingGroup", "", text, NULL, f);
    cJSON_free(text);
    return rc;
}

lp_aws_result_t lp_iot_thing_delete(const lp_aws_config_t *c, const char *thing, lp_fault_t *f)
{
    char path[MAX_PATH];
    if (!lp_iot_is_thing_name(thing) || !make_path(path, "/things/", thing, "")) {
        return fail_name("DeleteThing", thing, f);
    }
    return simple(c, "DeleteThing", "DELETE", path, "", NULL, NULL, f);
}

static lp_aws_result_t principal_call(const lp_aws_config_t *c, const char *action,
                                      const char *method, const char *thing, const char *arn,
                                      lp_fault_t *f)
{
    char path[MAX_PATH];
    if (!lp_iot_is_thing_name(thing) || !make_path(path, "/things/", thing, "/principals")) {
        return fail_name(action, thing, f);
    }
    return simple(c, action, method, path, "", NULL, arn, f);
}

lp_aws_result_t lp_iot_thing_attach(const lp_aws_config_t *c, const char *thing, const char *arn,
                                    lp_fault_t *f)
{
    return principal_call(c, "AttachThingPrincipal", "PUT", thing, arn, f);
}

lp_aws_result_t lp_iot_thing_detach(const lp_aws_config_t *c, const char *thing, const char *arn,
                                    lp_fault_t *f)
{
    return principal_call(c, "DetachThingPrincipal", "DELETE", thing, arn, f);
}

lp_aws_result_t lp_iot_policy_get(const lp_aws_config_t *c, const char *policy, char **document,
                                  char *arn, size_t arn_cap, lp_fault_t *f)
{
    char path[MAX_PATH];
    if (!lp_iot_is_policy_name(policy) || !make_path(path, "/policies/", policy, "")) {
        return fail_name("GetPolicy", policy, f);
    }
    lp_aws_request_t r = control(c, "GetPolicy", "GET", path);
    cJSON *answer = NULL;
    lp_aws_result_t rc = lp_aws_call(c, &r, &answer, f);
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(answer, "policyDocument");
    if (rc == LP_AWS_OK && !cJSON_IsString(item)) {
        rc = fail_answer(r.action, "policyDocument", f);
    }
    if (rc == LP_AWS_OK && arn != NULL && !take(answer, "policyArn", arn, arn_cap)) {
        rc = fail_answer(r.action, "policyArn", f);
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
    char path[MAX_PATH];
    if (!lp_iot_is_policy_name(policy) || !make_path(path, "/policies/", policy, "")) {
        return fail_name("CreatePolicy", policy, f);
    }
    char *body = one_member("policyDocument", document);
    lp_aws_result_t rc = simple(c, "CreatePolicy", "POST", path, "", body, NULL, f);
    cJSON_free(body);
    return rc;
}

static lp_aws_result_t target_call(const lp_aws_config_t *c, const char *action, const char *method,
                                   const char *policy, const char *arn, lp_fault_t *f)
{
    char path[MAX_PATH];
    if (!lp_iot_is_policy_name(policy) || !make_path(path, "/target-policies/", policy, "")) {
        return fail_name(action, policy, f);
    }
    char *body = one_member("target", arn);
    lp_aws_result_t rc = simple(c, action, method, path, "", body, NULL, f);
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
    char path[MAX_PATH];
    if (!make_path(path, "/attached-policies/", arn, "")) {
        return fail_name("ListAttachedPolicies", arn, f);
    }
    // At most ten policies can be attached to a certificate: one page.
    lp_aws_request_t r = control(c, "ListAttachedPolicies", "POST", path);
    r.query = "pageSize=100";
    cJSON *answer = NULL;
    lp_aws_result_t rc = lp_aws_call(c, &r, &answer, f);
    if (rc == LP_AWS_OK && !has_array(answer, "policies")) {
        rc = fail_answer(r.action, "policies", f);
    }
    if (rc == LP_AWS_OK) {
        *is_attached = has_policy(answer, policy);
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
    char path[MAX_PATH];
    if (!make_path(path, "/retainedMessage/", topic, "")) {
        return fail_name("GetRetainedMessage", topic, f);
    }
    lp_aws_request_t r = control(c, "GetRetainedMessage", "GET", path);
    r.service = "iotdata";
    r.base_url = c->data_url;
    cJSON *answer = NULL;
    lp_aws_result_t rc = lp_aws_call(c, &r, &answer, f);
    const cJSON *payload = cJSON_GetObjectItemCaseSensitive(answer, "payload");
    if (rc == LP_AWS_OK &&
        (!cJSON_IsString(payload) || !decode_base64(payload->valuestring, out, cap))) {
        rc = fail_answer(r.action, "payload", f);
    }
    cJSON_Delete(answer);
    return rc;
}
