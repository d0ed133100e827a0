// SPDX-License-Identifier: Apache-2.0
// Provisioning: templates, their versions, claims, RegisterThing.
#include <string.h>

#include "call.h"
#include "limpet/fleet.h"

static lp_reg_err_t create(lp_call_t *c)
{
    const lp_template_config_t config = {
        .body = lp_call_text(c, "templateBody"),
        .description = lp_call_text(c, "description"),
        .role_arn = lp_call_text(c, "provisioningRoleArn"),
        .type = lp_call_text(c, "type"),
        .hook = lp_call_item(c, "preProvisioningHook"),
        .enabled = cJSON_IsTrue(lp_call_item(c, "enabled")),
    };
    const char *name = lp_call_text(c, "templateName");
    lp_reg_err_t rc = lp_call_check_tags(c);
    rc = rc == LP_REG_OK ? lp_fleet_template_create(c->reg, &c->scope, name, &config, &c->out) : rc;
    return lp_call_put_tags(c, rc, "provisioningtemplate", name);
}

static lp_reg_err_t describe(lp_call_t *c)
{
    return lp_fleet_template_get(c->reg, &c->scope, c->param[0], &c->out);
}

static lp_reg_err_t update(lp_call_t *c)
{
    const cJSON *enabled = lp_call_item(c, "enabled");
    const cJSON *version = lp_call_item(c, "defaultVersionId");
    const lp_template_update_t update = {
        .description = lp_call_text(c, "description"),
        .role_arn = lp_call_text(c, "provisioningRoleArn"),
        .hook = lp_call_item(c, "preProvisioningHook"),
        .enabled = cJSON_IsBool(enabled) ? cJSON_IsTrue(enabled) : -1,
        .default_version = cJSON_IsNumber(version) ? (int64_t)version->valuedouble : 0,
    };
    return lp_fleet_template_update(c->reg, &c->scope, c->param[0], &update);
}

static lp_reg_err_t delete_template(lp_call_t *c)
{
    return lp_fleet_template_delete(c->reg, &c->scope, c->param[0]);
}

static lp_reg_err_t list(lp_call_t *c)
{
    lp_page_t page = {0};
    lp_reg_err_t rc = lp_call_page(c, "maxResults", "nextToken", &page);
    return rc == LP_REG_OK ? lp_fleet_templates(c->reg, &c->scope, &page, &c->out) : rc;
}

static lp_reg_err_t create_version(lp_call_t *c)
{
    return lp_fleet_version_create(c->reg, &c->scope, c->param[0], lp_call_text(c, "templateBody"),
                                   lp_call_flag(c, "setAsDefault"), &c->out);
}

static lp_reg_err_t describe_version(lp_call_t *c)
{
    return lp_fleet_version_get(c->reg, &c->scope, c->param[0], c->param[1], &c->out);
}

static lp_reg_err_t delete_version(lp_call_t *c)
{
    return lp_fleet_version_delete(c->reg, &c->scope, c->param[0], c->param[1]);
}

static lp_reg_err_t list_versions(lp_call_t *c)
{
    lp_page_t page = {.descending = true};
    lp_reg_err_t rc = lp_call_page(c, "maxResults", "nextToken", &page);
    return rc == LP_REG_OK ? lp_fleet_versions(c->reg, &c->scope, c->param[0], &page, &c->out) : rc;
}

static lp_reg_err_t create_claim(lp_call_t *c)
{
    return lp_fleet_claim_create(c->reg, &c->scope, c->param[0], &c->out);
}

static lp_reg_err_t register_thing(lp_call_t *c)
{
    return lp_fleet_register_thing(c->reg, &c->scope, lp_call_text(c, "templateBody"),
                                   lp_call_item(c, "parameters"), &c->out);
}

const lp_route_t lp_routes_fleet[] = {
    {"POST", "/provisioning-templates", create, "CreateProvisioningTemplate"},
    {"GET", "/provisioning-templates", list, "ListProvisioningTemplates"},
    {"GET", "/provisioning-templates/{templateName}", describe, "DescribeProvisioningTemplate"},
    {"PATCH", "/provisioning-templates/{templateName}", update, "UpdateProvisioningTemplate"},
    {"DELETE", "/provisioning-templates/{templateName}", delete_template,
     "DeleteProvisioningTemplate"},
    {"POST", "/provisioning-templates/{templateName}/versions", create_version,
     "CreateProvisioningTemplateVersion"},
    {"GET", "/provisioning-templates/{templateName}/versions", list_versions,
     "ListProvisioningTemplateVersions"},
    {"GET", "/provisioning-templates/{templateName}/versions/{versionId}", describe_version,
     "DescribeProvisioningTemplateVersion"},
    {"DELETE", "/provisioning-templates/{templateName}/versions/{versionId}", delete_version,
     "DeleteProvisioningTemplateVersion"},
    {"POST", "/provisioning-templates/{templateName}/provisioning-claim", create_claim,
     "CreateProvisioningClaim"},
    {"POST", "/things", register_thing, "RegisterThing"},
    {0},
};
