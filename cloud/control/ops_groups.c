// SPDX-License-Identifier: Apache-2.0
// Thing types and static thing groups.
#include <stdlib.h>
#include <string.h>

#include "call.h"

static const cJSON *of(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

static lp_reg_err_t type_create(lp_call_t *c)
{
    const cJSON *properties = lp_call_item(c, "thingTypeProperties");
    const lp_type_config_t config = {
        .description = cJSON_GetStringValue(of(properties, "thingTypeDescription")),
        .searchable = of(properties, "searchableAttributes"),
    };
    lp_reg_err_t rc = lp_call_check_tags(c);
    rc =
        rc == LP_REG_OK ? lp_reg_type_create(c->reg, &c->scope, c->param[0], &config, &c->out) : rc;
    return lp_call_put_tags(c, rc, "thingtype", c->param[0]);
}

static lp_reg_err_t type_get(lp_call_t *c)
{
    return lp_reg_type_get(c->reg, &c->scope, c->param[0], &c->out);
}

static lp_reg_err_t type_deprecate(lp_call_t *c)
{
    return lp_reg_type_deprecate(c->reg, &c->scope, c->param[0],
                                 cJSON_IsTrue(lp_call_item(c, "undoDeprecate")));
}

static lp_reg_err_t type_delete(lp_call_t *c)
{
    return lp_reg_type_delete(c->reg, &c->scope, c->param[0]);
}

static lp_reg_err_t type_list(lp_call_t *c)
{
    lp_page_t page = {0};
    lp_reg_err_t rc = lp_call_page(c, "maxResults", "nextToken", &page);
    return rc == LP_REG_OK
               ? lp_reg_types(c->reg, &c->scope, lp_call_query(c, "thingTypeName"), &page, &c->out)
               : rc;
}

static lp_reg_err_t group_create(lp_call_t *c)
{
    const cJSON *properties = lp_call_item(c, "thingGroupProperties");
    const lp_group_config_t config = {
        .parent = lp_call_text(c, "parentGroupName"),
        .description = cJSON_GetStringValue(of(properties, "thingGroupDescription")),
        .attributes = of(of(properties, "attributePayload"), "attributes"),
    };
    lp_reg_err_t rc = lp_call_check_tags(c);
    rc = rc == LP_REG_OK ? lp_reg_group_create(c->reg, &c->scope, c->param[0], &config, &c->out)
                         : rc;
    return lp_call_put_tags(c, rc, "thinggroup", c->param[0]);
}

static lp_reg_err_t group_get(lp_call_t *c)
{
    return lp_reg_group_get(c->reg, &c->scope, c->param[0], &c->out);
}

static lp_reg_err_t group_delete(lp_call_t *c)
{
    const char *expected = lp_call_query(c, "expectedVersion");
    return lp_reg_group_delete(c->reg, &c->scope, c->param[0],
                               expected != NULL ? strtoll(expected, NULL, 10) : 0);
}

static lp_reg_err_t group_list(lp_call_t *c)
{
    lp_page_t page = {0};
    const char *recursive = lp_call_query(c, "recursive");
    const lp_group_filter_t filter = {
        .parent = lp_call_query(c, "parentGroup"),
        .prefix = lp_call_query(c, "namePrefixFilter"),
        .recursive = recursive == NULL || strcmp(recursive, "true") == 0,
    };
    lp_reg_err_t rc = lp_call_page(c, "maxResults", "nextToken", &page);
    return rc == LP_REG_OK ? lp_reg_groups(c->reg, &c->scope, &filter, &page, &c->out) : rc;
}

// Names, or the ends of ARNs.
static const char *name_of(const lp_call_t *c, const char *name, const char *arn)
{
    const char *text = lp_call_text(c, name);
    const char *whole = lp_call_text(c, arn);
    const char *slash = whole != NULL ? strrchr(whole, '/') : NULL;
    return text != NULL ? text : slash != NULL ? slash + 1 : "";
}

static lp_reg_err_t group_add(lp_call_t *c)
{
    return lp_reg_group_add(c->reg, &c->scope, name_of(c, "thingGroupName", "thingGroupArn"),
                            name_of(c, "thingName", "thingArn"));
}

static lp_reg_err_t group_remove(lp_call_t *c)
{
    return lp_reg_group_remove(c->reg, &c->scope, name_of(c, "thingGroupName", "thingGroupArn"),
                               name_of(c, "thingName", "thingArn"));
}

static lp_reg_err_t group_things(lp_call_t *c)
{
    lp_page_t page = {0};
    lp_reg_err_t rc = lp_call_page(c, "maxResults", "nextToken", &page);
    return rc == LP_REG_OK ? lp_reg_group_things(c->reg, &c->scope, c->param[0],
                                                 lp_call_flag(c, "recursive"), &page, &c->out)
                           : rc;
}

static lp_reg_err_t thing_groups(lp_call_t *c)
{
    lp_page_t page = {0};
    lp_reg_err_t rc = lp_call_page(c, "maxResults", "nextToken", &page);
    return rc == LP_REG_OK ? lp_reg_thing_groups(c->reg, &c->scope, c->param[0], &page, &c->out)
                           : rc;
}

// addThingToThingGroup before {thingGroupName}: the first that fits is taken.
const lp_route_t lp_routes_groups[] = {
    {"POST", "/thing-types/{thingTypeName}", type_create, "CreateThingType"},
    {"GET", "/thing-types/{thingTypeName}", type_get, "DescribeThingType"},
    {"DELETE", "/thing-types/{thingTypeName}", type_delete, "DeleteThingType"},
    {"POST", "/thing-types/{thingTypeName}/deprecate", type_deprecate, "DeprecateThingType"},
    {"GET", "/thing-types", type_list, "ListThingTypes"},
    {"PUT", "/thing-groups/addThingToThingGroup", group_add, "AddThingToThingGroup"},
    {"PUT", "/thing-groups/removeThingFromThingGroup", group_remove, "RemoveThingFromThingGroup"},
    {"POST", "/thing-groups/{thingGroupName}", group_create, "CreateThingGroup"},
    {"GET", "/thing-groups/{thingGroupName}", group_get, "DescribeThingGroup"},
    {"DELETE", "/thing-groups/{thingGroupName}", group_delete, "DeleteThingGroup"},
    {"GET", "/thing-groups", group_list, "ListThingGroups"},
    {"GET", "/thing-groups/{thingGroupName}/things", group_things, "ListThingsInThingGroup"},
    {"GET", "/things/{thingName}/thing-groups", thing_groups, "ListThingGroupsForThing"},
    {0},
};
