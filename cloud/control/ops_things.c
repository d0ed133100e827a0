// SPDX-License-Identifier: Apache-2.0
// DescribeEndpoint, things and their principals.
#include <stdlib.h>
#include <string.h>

#include "call.h"

static lp_reg_err_t describe_endpoint(lp_call_t *c)
{
    static const char *const types[] = {"iot:Data", "iot:Data-ATS", "iot:CredentialProvider",
                                        "iot:Jobs"};
    const char *type = lp_call_query(c, "endpointType");
    bool known = type == NULL;
    for (size_t i = 0; !known && i < sizeof types / sizeof types[0]; i++) {
        known = strcmp(type, types[i]) == 0;
    }
    if (!known) {
        return lp_call_fail(c, LP_REG_INVALID,
                            "endpointType must be iot:Data-ATS, iot:Data, iot:CredentialProvider "
                            "or iot:Jobs");
    }
    char address[128];
    lp_reg_err_t rc = lp_reg_setting_get(c->reg, "endpoint", address, sizeof address);
    if (rc == LP_REG_OK) {
        c->out = cJSON_CreateObject();
        cJSON_AddStringToObject(c->out, "endpointAddress", address);
    }
    return rc;
}

static const cJSON *attributes_of(const lp_call_t *c, bool *merge)
{
    const cJSON *payload = lp_call_item(c, "attributePayload");
    *merge = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(payload, "merge"));
    return cJSON_GetObjectItemCaseSensitive(payload, "attributes");
}

static lp_reg_err_t create_thing(lp_call_t *c)
{
    bool merge = false;
    const lp_thing_config_t config = {
        .type = lp_call_text(c, "thingTypeName"),
        .group = lp_call_text(c, "billingGroupName"),
        .attributes = attributes_of(c, &merge),
    };
    return lp_reg_thing_create(c->reg, &c->scope, c->param[0], &config, &c->out);
}

static lp_reg_err_t describe_thing(lp_call_t *c)
{
    return lp_reg_thing_get(c->reg, &c->scope, c->param[0], &c->out);
}

static lp_reg_err_t update_thing(lp_call_t *c)
{
    bool merge = false;
    const cJSON *expected = lp_call_item(c, "expectedVersion");
    lp_thing_update_t update = {
        .type = lp_call_text(c, "thingTypeName"),
        .attributes = attributes_of(c, &merge),
        .remove_type = cJSON_IsTrue(lp_call_item(c, "removeThingType")),
        .expected_version = cJSON_IsNumber(expected) ? (int64_t)expected->valuedouble : 0,
    };
    update.merge = merge;
    return lp_reg_thing_update(c->reg, &c->scope, c->param[0], &update);
}

static lp_reg_err_t delete_thing(lp_call_t *c)
{
    const char *expected = lp_call_query(c, "expectedVersion");
    return lp_reg_thing_delete(c->reg, &c->scope, c->param[0],
                               expected != NULL ? strtoll(expected, NULL, 10) : 0);
}

static lp_reg_err_t list_things(lp_call_t *c)
{
    lp_page_t page = {0};
    const lp_thing_filter_t filter = {
        .type = lp_call_query(c, "thingTypeName"),
        .attribute = lp_call_query(c, "attributeName"),
        .value = lp_call_query(c, "attributeValue"),
        .prefix = lp_call_flag(c, "usePrefixAttributeValue"),
    };
    lp_reg_err_t rc = lp_call_page(c, "maxResults", "nextToken", &page);
    return rc == LP_REG_OK ? lp_reg_things(c->reg, &c->scope, &filter, &page, &c->out) : rc;
}

static lp_reg_err_t attach_principal(lp_call_t *c)
{
    return lp_reg_thing_attach(c->reg, &c->scope, c->param[0],
                               lp_call_header(c, "x-amzn-principal"));
}

static lp_reg_err_t detach_principal(lp_call_t *c)
{
    return lp_reg_thing_detach(c->reg, &c->scope, c->param[0],
                               lp_call_header(c, "x-amzn-principal"));
}

static lp_reg_err_t list_principals(lp_call_t *c)
{
    lp_page_t page = {0};
    lp_reg_err_t rc = lp_call_page(c, "maxResults", "nextToken", &page);
    return rc == LP_REG_OK ? lp_reg_thing_principals(c->reg, &c->scope, c->param[0], &page, &c->out)
                           : rc;
}

static lp_reg_err_t list_principal_things(lp_call_t *c)
{
    lp_page_t page = {0};
    lp_reg_err_t rc = lp_call_page(c, "maxResults", "nextToken", &page);
    return rc == LP_REG_OK
               ? lp_reg_principal_things(c->reg, &c->scope, lp_call_header(c, "x-amzn-principal"),
                                         &page, &c->out)
               : rc;
}

const lp_route_t lp_routes_things[] = {
    {"GET", "/endpoint", describe_endpoint, "DescribeEndpoint"},
    {"POST", "/things/{thingName}", create_thing, "CreateThing"},
    {"GET", "/things/{thingName}", describe_thing, "DescribeThing"},
    {"PATCH", "/things/{thingName}", update_thing, "UpdateThing"},
    {"DELETE", "/things/{thingName}", delete_thing, "DeleteThing"},
    {"GET", "/things", list_things, "ListThings"},
    {"PUT", "/things/{thingName}/principals", attach_principal, "AttachThingPrincipal"},
    {"DELETE", "/things/{thingName}/principals", detach_principal, "DetachThingPrincipal"},
    {"GET", "/things/{thingName}/principals", list_principals, "ListThingPrincipals"},
    {"GET", "/principals/things", list_principal_things, "ListPrincipalThings"},
    {0},
};
