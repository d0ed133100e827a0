// SPDX-License-Identifier: Apache-2.0
// Security_Device_Policies: what the policies of the device's certificate let it do.
//
// AWS says only that they may not contain wildcards. Here: a wildcard in an action, or in a
// resource before anything that pins the device, fails; one that a policy variable or the thing's
// own name keeps within the device's own topics is a warning.
#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "engine.h"

static const char *text_of(const cJSON *v)
{
    return cJSON_IsString(v) ? v->valuestring : "";
}

static bool is_pinned(const char *resource, const char *wildcard, const char *thing)
{
    const char *variable = strstr(resource, "${iot:");
    const char *name = thing != NULL && thing[0] != '\0' ? strstr(resource, thing) : NULL;
    return (variable != NULL && variable < wildcard) || (name != NULL && name < wildcard);
}

static lp_advisor_verdict_t judge_resource(const char *text, const char *thing, char *why,
                                           size_t cap)
{
    const char *wildcard = strpbrk(text, "*?");
    if (wildcard == NULL) {
        return LP_ADVISOR_PASS;
    }
    snprintf(why, cap, "resource \"%.120s\" has a wildcard", text);
    return is_pinned(text, wildcard, thing) ? LP_ADVISOR_WARN : LP_ADVISOR_FAIL;
}

static lp_advisor_verdict_t judge_action(const char *text, const char *thing, char *why, size_t cap)
{
    (void)thing;
    if (strpbrk(text, "*?") == NULL) {
        return LP_ADVISOR_PASS;
    }
    snprintf(why, cap, "action \"%.120s\" has a wildcard", text);
    return LP_ADVISOR_FAIL;
}

typedef lp_advisor_verdict_t judge_fn(const char *text, const char *thing, char *why, size_t cap);

// One value or a list of them; the worst counts.
static lp_advisor_verdict_t judge_each(const cJSON *value, judge_fn *fn, const char *thing,
                                       char *why, size_t cap)
{
    lp_advisor_verdict_t worst = LP_ADVISOR_PASS;
    const cJSON *item = cJSON_IsArray(value) ? value->child : value;
    while (item != NULL) {
        char words[200] = "";
        const lp_advisor_verdict_t v = fn(text_of(item), thing, words, sizeof words);
        if (v > worst) {
            worst = v;
            snprintf(why, cap, "%s", words);
        }
        item = cJSON_IsArray(value) ? item->next : NULL;
    }
    return worst;
}

static lp_advisor_verdict_t judge_statement(const cJSON *s, const char *thing, char *why,
                                            size_t cap)
{
    if (strcmp(text_of(cJSON_GetObjectItemCaseSensitive(s, "Effect")), "Allow") != 0) {
        return LP_ADVISOR_PASS; // what is denied cannot be too much
    }
    char other[200] = "";
    const cJSON *action = cJSON_GetObjectItemCaseSensitive(s, "Action");
    const cJSON *resource = cJSON_GetObjectItemCaseSensitive(s, "Resource");
    const lp_advisor_verdict_t a = judge_each(action, judge_action, thing, why, cap);
    const lp_advisor_verdict_t r = judge_each(resource, judge_resource, thing, other, sizeof other);
    if (r > a) {
        snprintf(why, cap, "%s", other);
    }
    return r > a ? r : a;
}

lp_advisor_verdict_t lp_advisor_policy_judge(const char *document, const char *thing, char *why,
                                             size_t cap)
{
    cJSON *root = cJSON_Parse(document);
    const cJSON *statements = cJSON_GetObjectItemCaseSensitive(root, "Statement");
    lp_advisor_verdict_t worst = LP_ADVISOR_PASS;
    snprintf(why, cap, "%s", "");
    if (!cJSON_IsArray(statements) && !cJSON_IsObject(statements)) {
        cJSON_Delete(root);
        snprintf(why, cap, "a policy is not a document with a Statement");
        return LP_ADVISOR_ERROR;
    }
    const cJSON *s = cJSON_IsArray(statements) ? statements->child : statements;
    while (s != NULL) {
        char words[200] = "";
        const lp_advisor_verdict_t v = judge_statement(s, thing, words, sizeof words);
        if (v > worst) {
            worst = v;
            snprintf(why, cap, "%s", words);
        }
        s = cJSON_IsArray(statements) ? s->next : NULL;
    }
    cJSON_Delete(root);
    return worst;
}

static void on_policies(lp_advisor_t *a, const adv_input_t *in)
{
    char why[240];
    if (in->kind != ADV_START) {
        return;
    }
    if (a->p.policies == NULL || a->p.policies[0] == NULL) {
        adv_end(a, LP_ADVISOR_ERROR, "no policy to look at: name a file with --policy");
        return;
    }
    for (size_t i = 0; a->p.policies[i] != NULL; i++) {
        const lp_advisor_verdict_t v =
            lp_advisor_policy_judge(a->p.policies[i], a->p.thing, why, sizeof why);
        if (v == LP_ADVISOR_FAIL || v == LP_ADVISOR_ERROR) {
            adv_end(a, v, "%s", why);
            return;
        }
        if (v == LP_ADVISOR_WARN) {
            adv_warn(a, "%s, within the device's own names", why);
        }
    }
    adv_end(a, LP_ADVISOR_PASS, "the device's policies have no wildcards");
}

const adv_play_t adv_policies = {on_policies, "for nothing"};
