// SPDX-License-Identifier: Apache-2.0
// Things, and the certificates that belong to them.
#include <stdio.h>
#include <string.h>

#include "iot_private.h"

// DescribeThing and CreateThing both answer with the thing's name.
static lp_aws_result_t named_thing(const lp_aws_config_t *c, const char *action, const char *method,
                                   const char *thing, const char *body, lp_fault_t *f)
{
    char path[IOT_PATH];
    char name[LP_IOT_MAX_NAME + 1];
    if (!lp_iot_is_thing_name(thing) || !iot_path(path, "/things/", thing, "")) {
        return iot_fail_name(action, thing, f);
    }
    lp_aws_request_t r = iot_request(c, action, method, path);
    r.body = body;
    cJSON *answer = NULL;
    lp_aws_result_t rc = lp_aws_call(c, &r, &answer, f);
    if (rc == LP_AWS_OK &&
        (!iot_take(answer, "thingName", name, sizeof name) || strcmp(name, thing) != 0)) {
        rc = iot_fail_answer(action, "thingName", f);
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
    lp_aws_result_t rc = iot_simple(c, "AddThingToThingGroup", "PUT",
                                    "/thing-groups/addThingToThingGroup", "", text, NULL, f);
    cJSON_free(text);
    return rc;
}

lp_aws_result_t lp_iot_thing_delete(const lp_aws_config_t *c, const char *thing, lp_fault_t *f)
{
    char path[IOT_PATH];
    if (!lp_iot_is_thing_name(thing) || !iot_path(path, "/things/", thing, "")) {
        return iot_fail_name("DeleteThing", thing, f);
    }
    return iot_simple(c, "DeleteThing", "DELETE", path, "", NULL, NULL, f);
}

static lp_aws_result_t principal_call(const lp_aws_config_t *c, const char *action,
                                      const char *method, const char *thing, const char *arn,
                                      lp_fault_t *f)
{
    char path[IOT_PATH];
    if (!lp_iot_is_thing_name(thing) || !iot_path(path, "/things/", thing, "/principals")) {
        return iot_fail_name(action, thing, f);
    }
    return iot_simple(c, action, method, path, "", NULL, arn, f);
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
