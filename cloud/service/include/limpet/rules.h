// SPDX-License-Identifier: Apache-2.0
// limpet/rules.h - topic rules: what messages set off, and basic ingest ($aws/rules/RULE/...).
//
// A small part of AWS's rules: SELECT of members, WHERE with comparisons, republish, and s3 as
// files in the cloud's folder. Whatever else is asked for is refused when the rule is made.
// @source AWS IoT Core Developer Guide, "Rules for AWS IoT", "Basic Ingest".
#ifndef LIMPET_RULES_H
#define LIMPET_RULES_H

#include "limpet/registry.h"
#include "limpet/service.h"

// payload: a TopicRulePayload {sql, actions, description, ruleDisabled, awsIotSqlVersion}.
// LP_REG_SQL_PARSE: the statement is not in the part that is here; LP_REG_NOT_IMPLEMENTED: an
// action is not.
lp_reg_err_t lp_rule_create(lp_registry_t *reg, const lp_scope_t *scope, const char *name,
                            const cJSON *payload);
lp_reg_err_t lp_rule_replace(lp_registry_t *reg, const lp_scope_t *scope, const char *name,
                             const cJSON *payload);
// LP_REG_UNAUTHORIZED: no such rule, as AWS has it.
lp_reg_err_t lp_rule_get(lp_registry_t *reg, const lp_scope_t *scope, const char *name,
                         cJSON **doc);
lp_reg_err_t lp_rule_delete(lp_registry_t *reg, const lp_scope_t *scope, const char *name);
lp_reg_err_t lp_rule_disable(lp_registry_t *reg, const lp_scope_t *scope, const char *name,
                             bool disabled);
// topic null: all; disabled -1: both.
lp_reg_err_t lp_rules_list(lp_registry_t *reg, const lp_scope_t *scope, const char *topic,
                           int disabled, const lp_page_t *page, cJSON **doc);

// The rules of a scope, read once and again when something changed. Null: no memory.
typedef struct lp_rules lp_rules_t;
lp_rules_t *lp_rules_open(lp_registry_t *reg, const lp_scope_t *scope);
void lp_rules_close(lp_rules_t *rules);

// Runs what a message sets off. client may be null (a message by REST). What a rule publishes sets
// off no rule.
void lp_rules_run(lp_rules_t *rules, const lp_service_request_t *message,
                  const lp_service_out_t *out);

// Whether a topic is one of basic ingest, which no subscriber ever hears.
bool lp_rules_is_ingest(const char *topic);

#endif
