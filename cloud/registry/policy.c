// SPDX-License-Identifier: Apache-2.0
#include "limpet/policy.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy_match.h"

struct lp_policy {
    cJSON *document_;
    bool variables_;
};

size_t lp_policy_chars(const char *document)
{
    size_t n = 0;
    for (const char *p = document; *p != '\0'; p++) {
        n += isspace((unsigned char)*p) == 0;
    }
    return n;
}

static const cJSON *member(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

static bool only_members(const cJSON *object, const char *const *allowed)
{
    const cJSON *m = NULL;
    cJSON_ArrayForEach(m, object)
    {
        size_t i = 0;
        while (allowed[i] != NULL && strcmp(allowed[i], m->string) != 0) {
            i++;
        }
        if (allowed[i] == NULL || member(object, m->string) != m) { // unknown, or there twice
            return false;
        }
    }
    return true;
}

typedef bool (*text_check_t)(const char *text);

static bool action_plausible(const char *text)
{
    return strcmp(text, "*") == 0 || strchr(text, ':') != NULL;
}

static bool resource_plausible(const char *text)
{
    return strcmp(text, "*") == 0 || strncmp(text, "arn:", 4) == 0;
}

// A string or a list of them, each accepted by `check`.
static bool texts_ok(const cJSON *item, text_check_t check)
{
    const cJSON *e = NULL;
    if (cJSON_IsString(item)) {
        return check(item->valuestring);
    }
    if (!cJSON_IsArray(item) || cJSON_GetArraySize(item) == 0) {
        return false;
    }
    cJSON_ArrayForEach(e, item)
    {
        if (!cJSON_IsString(e) || !check(e->valuestring)) {
            return false;
        }
    }
    return true;
}

// Exactly one of two members.
static bool one_of_ok(const cJSON *statement, const char *a, const char *b, text_check_t check)
{
    const cJSON *first = member(statement, a);
    const cJSON *second = member(statement, b);
    if ((first == NULL) == (second == NULL)) {
        return false;
    }
    return texts_ok(first != NULL ? first : second, check);
}

static const char *statement_fault(const cJSON *s)
{
    static const char *const allowed[] = {"Sid",      "Effect",      "Action",    "NotAction",
                                          "Resource", "NotResource", "Condition", NULL};
    const char *effect = cJSON_GetStringValue(member(s, "Effect"));
    if (!cJSON_IsObject(s)) {
        return "a statement is not an object";
    }
    if (!only_members(s, allowed)) {
        return "a statement has a member that is unknown or there twice";
    }
    if (effect == NULL || (strcmp(effect, "Allow") != 0 && strcmp(effect, "Deny") != 0)) {
        return "Effect must be Allow or Deny";
    }
    if (!one_of_ok(s, "Action", "NotAction", action_plausible)) {
        return "a statement needs Action or NotAction, such as iot:Connect";
    }
    if (!one_of_ok(s, "Resource", "NotResource", resource_plausible)) {
        return "a statement needs Resource or NotResource, an ARN or *";
    }
    return lp_condition_fault(member(s, "Condition"));
}

static const char *statements_fault(const cJSON *list)
{
    const cJSON *s = NULL;
    if (cJSON_IsObject(list)) {
        return statement_fault(list);
    }
    if (!cJSON_IsArray(list) || cJSON_GetArraySize(list) == 0) {
        return "Statement is missing";
    }
    cJSON_ArrayForEach(s, list)
    {
        const char *fault = statement_fault(s);
        if (fault != NULL) {
            return fault;
        }
    }
    return NULL;
}

static const char *document_fault(const cJSON *doc)
{
    static const char *const allowed[] = {"Version", "Id", "Statement", NULL};
    if (!cJSON_IsObject(doc)) {
        return "it is not JSON of an object";
    }
    if (!only_members(doc, allowed)) {
        return "it has a member that is unknown or there twice";
    }
    const cJSON *version = member(doc, "Version");
    const char *text = cJSON_GetStringValue(version);
    if (version != NULL &&
        (text == NULL || (strcmp(text, "2012-10-17") != 0 && strcmp(text, "2008-10-17") != 0))) {
        return "Version must be 2012-10-17 or 2008-10-17";
    }
    return statements_fault(member(doc, "Statement"));
}

bool lp_policy_parse(const char *document, lp_policy_t **out, char *why, size_t size)
{
    cJSON *doc = cJSON_ParseWithOpts(document, NULL, true);
    const char *fault = document_fault(doc);
    lp_policy_t *policy = fault == NULL ? calloc(1, sizeof *policy) : NULL;
    if (policy == NULL) {
        snprintf(why, size, "%s", fault != NULL ? fault : "out of memory");
        cJSON_Delete(doc);
        return false;
    }
    const char *version = cJSON_GetStringValue(member(doc, "Version"));
    policy->document_ = doc;
    policy->variables_ = version != NULL && strcmp(version, "2012-10-17") == 0;
    *out = policy;
    return true;
}

void lp_policy_free(lp_policy_t *policy)
{
    if (policy != NULL) {
        cJSON_Delete(policy->document_);
        free(policy);
    }
}

static bool text_matches(const char *pattern, const char *text, const lp_policy_env_t *env,
                         bool fold_case)
{
    lp_pattern_t expanded;
    return lp_pattern_expand(pattern, env, &expanded) &&
           lp_pattern_match(&expanded, text, fold_case);
}

static bool any_text_matches(const cJSON *item, const char *text, const lp_policy_env_t *env,
                             bool fold_case)
{
    const cJSON *e = NULL;
    if (cJSON_IsString(item)) {
        return text_matches(item->valuestring, text, env, fold_case);
    }
    cJSON_ArrayForEach(e, item)
    {
        if (text_matches(e->valuestring, text, env, fold_case)) {
            return true;
        }
    }
    return false;
}

static bool all_expand(const cJSON *item, const lp_policy_env_t *env)
{
    const cJSON *e = NULL;
    lp_pattern_t expanded;
    if (cJSON_IsString(item)) {
        return lp_pattern_expand(item->valuestring, env, &expanded);
    }
    cJSON_ArrayForEach(e, item)
    {
        if (!lp_pattern_expand(e->valuestring, env, &expanded)) {
            return false;
        }
    }
    return true;
}

static bool action_applies(const cJSON *s, const char *action)
{
    const lp_policy_env_t none = {0};
    const cJSON *wanted = member(s, "Action");
    return wanted != NULL ? any_text_matches(wanted, action, &none, true)
                          : !any_text_matches(member(s, "NotAction"), action, &none, true);
}

// "Everything but the thing's own topics" must not become "everything" because the thing is not
// known: NotResource applies only when each of its variables has a value.
static bool resource_applies(const cJSON *s, const char *resource, const lp_policy_env_t *env)
{
    const cJSON *wanted = member(s, "Resource");
    const cJSON *others = member(s, "NotResource");
    return wanted != NULL
               ? any_text_matches(wanted, resource, env, false)
               : all_expand(others, env) && !any_text_matches(others, resource, env, false);
}

static lp_policy_answer_t statement_says(const cJSON *s, const lp_policy_request_t *request,
                                         const lp_policy_env_t *env)
{
    if (!action_applies(s, request->action) || !resource_applies(s, request->resource, env) ||
        !lp_condition_holds(member(s, "Condition"), env)) {
        return LP_POLICY_SILENT;
    }
    const char *effect = cJSON_GetStringValue(member(s, "Effect"));
    return strcmp(effect, "Deny") == 0 ? LP_POLICY_DENIES : LP_POLICY_ALLOWS;
}

lp_policy_answer_t lp_policy_combine(lp_policy_answer_t a, lp_policy_answer_t b)
{
    return a > b ? a : b;
}

lp_policy_answer_t lp_policy_evaluate(const lp_policy_t *policy, const lp_policy_request_t *request)
{
    const lp_policy_env_t env = {
        .variables = policy->variables_, .lookup = request->lookup, .arg = request->arg};
    const cJSON *list = member(policy->document_, "Statement");
    if (cJSON_IsObject(list)) {
        return statement_says(list, request, &env);
    }
    lp_policy_answer_t answer = LP_POLICY_SILENT;
    const cJSON *s = NULL;
    cJSON_ArrayForEach(s, list)
    {
        answer = lp_policy_combine(answer, statement_says(s, request, &env));
    }
    return answer;
}
