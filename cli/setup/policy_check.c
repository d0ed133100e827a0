// SPDX-License-Identifier: Apache-2.0
#include "policy_check.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

// Action, Resource, Statement: one, or a list of them. i-th, or null.
static const cJSON *one_of(const cJSON *item, int i)
{
    if (cJSON_IsArray(item)) {
        return cJSON_GetArrayItem(item, i);
    }
    return i == 0 ? item : NULL;
}

static const char *text_of(const cJSON *item)
{
    return cJSON_IsString(item) ? item->valuestring : "";
}

// Only stars, and at least one: "*", "**".
static bool is_stars(const char *s)
{
    size_t n = strspn(s, "*");
    return n > 0 && s[n] == '\0';
}

// "iot:*", "*", "io*": what stands before the first star decides.
static bool is_any_action(const char *action)
{
    size_t n = strcspn(action, "*");
    return n <= 4 && is_stars(action + n) && strncasecmp(action, "iot:", n) == 0;
}

// "*", "arn:aws:iot:<any>:<any>:*", the same with a kind before ("topic/*"), and "arn:*", which
// ends in a star before its fifth colon.
static bool is_any_resource(const char *resource)
{
    if (is_stars(resource)) {
        return true;
    }
    const char *p = resource;
    for (int colons = 0; colons < 5; colons++) {
        p = strchr(p, ':');
        if (p == NULL) {
            return strncmp(resource, "arn:", 4) == 0 && resource[strlen(resource) - 1] == '*';
        }
        p++;
    }
    const char *slash = strchr(p, '/');
    return is_stars(p) || (slash != NULL && is_stars(slash + 1));
}

static bool is_wide(const cJSON *action, const cJSON *resource, bool is_by_exclusion, char *words,
                    size_t cap)
{
    bool is_any = is_any_action(text_of(action));
    if (!is_by_exclusion && !is_any && !is_any_resource(text_of(resource))) {
        return false;
    }
    snprintf(words, cap, "%.80s on %.120s", is_by_exclusion ? "NotAction" : text_of(action),
             text_of(resource));
    return true;
}

static bool is_statement_wide(const cJSON *statement, char *words, size_t cap)
{
    const cJSON *actions = cJSON_GetObjectItemCaseSensitive(statement, "Action");
    const cJSON *resources = cJSON_GetObjectItemCaseSensitive(statement, "Resource");
    bool is_by_exclusion = cJSON_HasObjectItem(statement, "NotAction") ||
                           cJSON_HasObjectItem(statement, "NotResource");
    if (strcmp(text_of(cJSON_GetObjectItemCaseSensitive(statement, "Effect")), "Allow") != 0) {
        return false;
    }
    if (is_by_exclusion) {
        return is_wide(NULL, resources, true, words, cap);
    }
    const cJSON *action = NULL;
    for (int i = 0; (action = one_of(actions, i)) != NULL; i++) {
        const cJSON *resource = NULL;
        for (int j = 0; (resource = one_of(resources, j)) != NULL; j++) {
            if (is_wide(action, resource, false, words, cap)) {
                return true;
            }
        }
    }
    return false;
}

bool lp_policy_find_wildcard(const char *document, char *words, size_t cap)
{
    cJSON *tree = cJSON_Parse(document);
    const cJSON *statements = cJSON_GetObjectItemCaseSensitive(tree, "Statement");
    const cJSON *statement = NULL;
    bool is_found = statements == NULL;
    if (is_found) {
        snprintf(words, cap, "a document that is none");
    }
    for (int i = 0; !is_found && (statement = one_of(statements, i)) != NULL; i++) {
        is_found = is_statement_wide(statement, words, cap);
    }
    cJSON_Delete(tree);
    return is_found;
}
