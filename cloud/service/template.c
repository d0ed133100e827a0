// SPDX-License-Identifier: Apache-2.0
// What makes a template acceptable, before any device comes.
#include "limpet/template.h"

#include <stdio.h>
#include <string.h>

#include "limpet/registry.h"
#include "template_eval.h"

typedef struct {
    const cJSON *template;
    char *why;
    size_t size;
} check_t;

static const cJSON *get(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

static bool fault(const check_t *c, const char *what, const char *name)
{
    snprintf(c->why, c->size, "%s%s%.100s", what, name[0] != '\0' ? ": " : "", name);
    return false;
}

static bool one_of(const char *name, const char *const *list)
{
    for (; *list != NULL; list++) {
        if (strcmp(name, *list) == 0) {
            return true;
        }
    }
    return false;
}

static bool check_members(const check_t *c, const cJSON *object, const char *const *known,
                          const char *what)
{
    const cJSON *e = NULL;
    cJSON_ArrayForEach(e, object)
    {
        if (!one_of(e->string, known)) {
            return fault(c, what, e->string);
        }
    }
    return true;
}

static bool check_parameters(const check_t *c)
{
    static const char *const known[] = {"Type", "Default", "Description", NULL};
    const cJSON *parameters = get(c->template, "Parameters");
    const cJSON *p = NULL;
    if (parameters != NULL && !cJSON_IsObject(parameters)) {
        return fault(c, "Parameters must be an object", "");
    }
    cJSON_ArrayForEach(p, parameters)
    {
        const char *type = cJSON_GetStringValue(get(p, "Type"));
        const cJSON *value = get(p, "Default");
        if (!cJSON_IsObject(p) || type == NULL || strcmp(type, "String") != 0) {
            return fault(c, "A parameter must have the Type String", p->string);
        }
        if (value != NULL && !cJSON_IsString(value)) {
            return fault(c, "The Default of a parameter must be a text", p->string);
        }
        if (!check_members(c, p, known, "A parameter has Type and Default only")) {
            return false;
        }
    }
    return true;
}

static bool plain_list(const cJSON *list)
{
    const cJSON *e = NULL;
    cJSON_ArrayForEach(e, list)
    {
        if (!cJSON_IsString(e)) {
            return false;
        }
    }
    return cJSON_IsArray(list);
}

// Two levels, then texts or lists of texts; nothing is evaluated in there.
static bool check_mappings(const check_t *c)
{
    const cJSON *mappings = get(c->template, "Mappings");
    const cJSON *map = NULL;
    const cJSON *row = NULL;
    const cJSON *e = NULL;
    if (mappings != NULL && !cJSON_IsObject(mappings)) {
        return fault(c, "Mappings must be an object", "");
    }
    cJSON_ArrayForEach(map, mappings)
    {
        cJSON_ArrayForEach(row, map)
        {
            bool ok = cJSON_IsObject(map) && cJSON_IsObject(row);
            cJSON_ArrayForEach(e, row)
            {
                ok = ok && (cJSON_IsString(e) || plain_list(e));
            }
            if (!ok) {
                return fault(c, "A mapping has two levels of names above its texts", map->string);
            }
        }
    }
    return true;
}

typedef struct {
    const char *type;
    const char *const *properties;
    const char *const *overrides;
} kind_t;

static const char *const thing_properties[] = {"ThingName",   "AttributePayload", "ThingTypeName",
                                               "ThingGroups", "BillingGroup",     NULL};
static const char *const thing_overrides[] = {
    "AttributePayload", "ThingTypeName", "ThingGroups", "ATTRIBUTE_PAYLOAD",
    "THING_TYPE_NAME",  "THING_GROUPS",  NULL};
static const char *const cert_properties[] = {"CertificateId",
                                              "CertificateID",
                                              "CertificateSigningRequest",
                                              "CertificatePem",
                                              "CACertificatePem",
                                              "Status",
                                              NULL};
static const char *const cert_overrides[] = {"Status", "STATUS", NULL};
static const char *const policy_properties[] = {"PolicyName", "PolicyDocument", NULL};
static const char *const none[] = {NULL};

static const kind_t kinds[] = {
    {LP_TEMPLATE_THING, thing_properties, thing_overrides},
    {LP_TEMPLATE_CERTIFICATE, cert_properties, cert_overrides},
    {LP_TEMPLATE_POLICY, policy_properties, none},
};

static const kind_t *kind_of(const cJSON *resource)
{
    const char *type = cJSON_GetStringValue(get(resource, "Type"));
    for (size_t i = 0; type != NULL && i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kinds[i].type, type) == 0) {
            return &kinds[i];
        }
    }
    return NULL;
}

static bool check_overrides(const check_t *c, const cJSON *settings, const kind_t *kind)
{
    static const char *const words[] = {"DO_NOTHING", "REPLACE", "FAIL", "MERGE", NULL};
    const cJSON *e = NULL;
    if (settings != NULL && !cJSON_IsObject(settings)) {
        return fault(c, "OverrideSettings must be an object", "");
    }
    cJSON_ArrayForEach(e, settings)
    {
        const char *word = cJSON_GetStringValue(e);
        if (!one_of(e->string, kind->overrides)) {
            return fault(c, "OverrideSettings has no such property", e->string);
        }
        bool mergeable = strcasestr(e->string, "group") != NULL || strcasestr(e->string, "attr");
        if (word == NULL || !one_of(word, words) || (strcmp(word, "MERGE") == 0 && !mergeable)) {
            return fault(c,
                         "OverrideSettings must be DO_NOTHING, REPLACE, FAIL or, for "
                         "AttributePayload and ThingGroups, MERGE",
                         e->string);
        }
    }
    return true;
}

static int count_of(const cJSON *properties, const char *const *names)
{
    int n = 0;
    for (; *names != NULL; names++) {
        n += get(properties, *names) != NULL;
    }
    return n;
}

static bool check_choice(const check_t *c, const cJSON *resource, const kind_t *kind)
{
    static const char *const ways[] = {"CertificateId", "CertificateID",
                                       "CertificateSigningRequest", "CertificatePem", NULL};
    const cJSON *properties = get(resource, "Properties");
    if (kind->properties == cert_properties && count_of(properties, ways) != 1) {
        return fault(c,
                     "A certificate has exactly one of CertificateId, "
                     "CertificateSigningRequest and CertificatePem",
                     resource->string);
    }
    if (kind->properties == policy_properties && count_of(properties, policy_properties) != 1) {
        return fault(c, "A policy has exactly one of PolicyName and PolicyDocument",
                     resource->string);
    }
    return true;
}

static bool check_resource(const check_t *c, const cJSON *resource)
{
    static const char *const known[] = {"Type", "Properties", "OverrideSettings", NULL};
    const kind_t *kind = kind_of(resource);
    const cJSON *properties = get(resource, "Properties");
    if (kind == NULL) {
        return fault(c,
                     "A resource must have the Type AWS::IoT::Thing, AWS::IoT::Certificate or "
                     "AWS::IoT::Policy",
                     resource->string);
    }
    if (!cJSON_IsObject(properties)) {
        return fault(c, "A resource must have Properties", resource->string);
    }
    return check_members(c, resource, known,
                         "A resource has Type, Properties and OverrideSettings only") &&
           check_members(c, properties, kind->properties, "A resource has no such property") &&
           check_overrides(c, get(resource, "OverrideSettings"), kind) &&
           check_choice(c, resource, kind);
}

static bool check_resources(const check_t *c)
{
    const cJSON *resources = get(c->template, "Resources");
    const cJSON *r = NULL;
    int things = 0;
    int certificates = 0;
    if (!cJSON_IsObject(resources) || resources->child == NULL) {
        return fault(c, "Resources is missing or empty", "");
    }
    cJSON_ArrayForEach(r, resources)
    {
        if (!check_resource(c, r)) {
            return false;
        }
        things += kind_of(r)->properties == thing_properties;
        certificates += kind_of(r)->properties == cert_properties;
    }
    return (things <= 1 && certificates <= 1) ||
           fault(c, "A template has one thing and one certificate at most", "");
}

static bool check_all(const check_t *c)
{
    static const char *const known[] = {"Version",  "Parameters",          "Resources",
                                        "Mappings", "DeviceConfiguration", NULL};
    const cJSON *config = get(c->template, "DeviceConfiguration");
    if (config != NULL && !cJSON_IsObject(config)) {
        return fault(c, "DeviceConfiguration must be an object", "");
    }
    return check_members(c, c->template, known, "A template has no such section") &&
           check_parameters(c) && check_mappings(c) && check_resources(c) &&
           lp_template_check_functions(c->template, c->why, c->size);
}

bool lp_template_parse(const char *body, cJSON **out, char *why, size_t size)
{
    size_t len = body != NULL ? strlen(body) : 0;
    if (len == 0 || len > LP_TEMPLATE_BODY_MAX || !lp_text_ok(body, len)) {
        snprintf(why, size, "The template body must be text of 1 to %d characters",
                 LP_TEMPLATE_BODY_MAX);
        return false;
    }
    cJSON *template = cJSON_Parse(body);
    const check_t c = {.template = template, .why = why, .size = size};
    if (!cJSON_IsObject(template)) {
        cJSON_Delete(template);
        return fault(&c, "The template body is not a JSON object", "");
    }
    if (!check_all(&c)) {
        cJSON_Delete(template);
        return false;
    }
    *out = template;
    return true;
}

const cJSON *lp_template_resource(const cJSON *template, const char *type, const cJSON *after)
{
    const cJSON *r = after != NULL ? after->next : NULL;
    if (after == NULL) {
        const cJSON *resources = get(template, "Resources");
        r = resources != NULL ? resources->child : NULL;
    }
    while (r != NULL) {
        const char *have = cJSON_GetStringValue(get(r, "Type"));
        if (have != NULL && strcmp(have, type) == 0) {
            return r;
        }
        r = r->next;
    }
    return NULL;
}
