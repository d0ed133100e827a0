// SPDX-License-Identifier: Apache-2.0
// Topic rules.
#include <string.h>

#include "call.h"
#include "limpet/rules.h"

static lp_reg_err_t create(lp_call_t *c)
{
    return lp_rule_create(c->reg, &c->scope, c->param[0], c->body);
}

static lp_reg_err_t replace(lp_call_t *c)
{
    return lp_rule_replace(c->reg, &c->scope, c->param[0], c->body);
}

static lp_reg_err_t get(lp_call_t *c)
{
    return lp_rule_get(c->reg, &c->scope, c->param[0], &c->out);
}

static lp_reg_err_t delete_rule(lp_call_t *c)
{
    return lp_rule_delete(c->reg, &c->scope, c->param[0]);
}

static lp_reg_err_t enable(lp_call_t *c)
{
    return lp_rule_disable(c->reg, &c->scope, c->param[0], false);
}

static lp_reg_err_t disable(lp_call_t *c)
{
    return lp_rule_disable(c->reg, &c->scope, c->param[0], true);
}

static lp_reg_err_t list(lp_call_t *c)
{
    lp_page_t page = {0};
    const char *disabled = lp_call_query(c, "ruleDisabled");
    int which = disabled == NULL ? -1 : strcmp(disabled, "true") == 0;
    lp_reg_err_t rc = lp_call_page(c, "maxResults", "nextToken", &page);
    return rc == LP_REG_OK
               ? lp_rules_list(c->reg, &c->scope, lp_call_query(c, "topic"), which, &page, &c->out)
               : rc;
}

const lp_route_t lp_routes_rules[] = {
    {"POST", "/rules/{ruleName}", create, "CreateTopicRule"},
    {"PATCH", "/rules/{ruleName}", replace, "ReplaceTopicRule"},
    {"GET", "/rules/{ruleName}", get, "GetTopicRule"},
    {"DELETE", "/rules/{ruleName}", delete_rule, "DeleteTopicRule"},
    {"POST", "/rules/{ruleName}/enable", enable, "EnableTopicRule"},
    {"POST", "/rules/{ruleName}/disable", disable, "DisableTopicRule"},
    {"GET", "/rules", list, "ListTopicRules"},
    {0},
};
