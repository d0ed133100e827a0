// SPDX-License-Identifier: Apache-2.0
#include "policy_match.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { VARIABLE_MAX = 256 };

static bool put(lp_pattern_t *out, uint16_t token)
{
    if (out->len == LP_TOKENS_MAX) {
        return false;
    }
    out->token[out->len++] = token;
    return true;
}

static bool put_literal(lp_pattern_t *out, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (!put(out, (unsigned char)text[i])) {
            return false;
        }
    }
    return true;
}

// ${name, 'default'}: the value to use where the key has none.
static bool put_default(lp_pattern_t *out, const char *comma)
{
    const char *open = strchr(comma, '\'');
    const char *close = open != NULL ? strchr(open + 1, '\'') : NULL;
    return close != NULL && put_literal(out, open + 1, (size_t)(close - open - 1));
}

// One variable, `name` without ${ and }.
static bool put_variable(lp_pattern_t *out, char *name, const lp_policy_env_t *env)
{
    if (strcmp(name, "*") == 0 || strcmp(name, "?") == 0 || strcmp(name, "$") == 0) {
        return put_literal(out, name, 1);
    }
    char *comma = strchr(name, ',');
    if (comma != NULL) {
        *comma = '\0';
    }
    const char *value = env->lookup != NULL ? env->lookup(env->arg, name, 0) : NULL;
    if (value != NULL) {
        return put_literal(out, value, strlen(value));
    }
    return comma != NULL && put_default(out, comma + 1);
}

// At "${": the length of the variable in the pattern, 0 on failure.
static size_t expand_variable(lp_pattern_t *out, const char *at, const lp_policy_env_t *env)
{
    char name[VARIABLE_MAX];
    const char *end = strchr(at, '}');
    size_t len = end != NULL ? (size_t)(end - at - 2) : sizeof name;
    if (len >= sizeof name) {
        return 0;
    }
    memcpy(name, at + 2, len);
    name[len] = '\0';
    return put_variable(out, name, env) ? len + 3 : 0;
}

bool lp_pattern_expand(const char *pattern, const lp_policy_env_t *env, lp_pattern_t *out)
{
    out->len = 0;
    for (const char *p = pattern; *p != '\0';) {
        if (env->variables && p[0] == '$' && p[1] == '{') {
            size_t used = expand_variable(out, p, env);
            if (used == 0) {
                return false;
            }
            p += used;
            continue;
        }
        uint16_t token = *p == '*'   ? LP_TOKEN_ANY
                         : *p == '?' ? LP_TOKEN_ONE
                                     : (uint16_t)(unsigned char)*p;
        if (!put(out, token)) {
            return false;
        }
        p++;
    }
    return true;
}

static bool same(uint16_t token, unsigned char c, bool fold_case)
{
    if (fold_case && token < 0x80 && c < 0x80) {
        return tolower(token) == tolower(c);
    }
    return token == c;
}

// Greedy with one place to come back to: a later * makes earlier ones unimportant, so time is
// bounded by pattern times text.
bool lp_pattern_match(const lp_pattern_t *pattern, const char *text, bool fold_case)
{
    size_t p = 0;
    size_t back_p = SIZE_MAX;
    const char *back_t = NULL;
    const char *t = text;
    while (*t != '\0') {
        if (p < pattern->len && pattern->token[p] == LP_TOKEN_ANY) {
            back_p = ++p;
            back_t = t;
        } else if (p < pattern->len && (pattern->token[p] == LP_TOKEN_ONE ||
                                        same(pattern->token[p], (unsigned char)*t, fold_case))) {
            p++;
            t++;
        } else if (back_t != NULL) {
            p = back_p;
            t = ++back_t;
        } else {
            return false;
        }
    }
    while (p < pattern->len && pattern->token[p] == LP_TOKEN_ANY) {
        p++;
    }
    return p == pattern->len;
}

static uint16_t as_byte(uint16_t token)
{
    return token == LP_TOKEN_ANY ? '*' : token == LP_TOKEN_ONE ? '?' : token;
}

bool lp_pattern_equal(const lp_pattern_t *pattern, const char *text, bool fold_case)
{
    for (size_t i = 0; i < pattern->len; i++) {
        if (text[i] == '\0' ||
            !same(as_byte(pattern->token[i]), (unsigned char)text[i], fold_case)) {
            return false;
        }
    }
    return text[pattern->len] == '\0';
}

bool lp_pattern_text(const lp_pattern_t *pattern, char *out, size_t size)
{
    if (pattern->len >= size) {
        return false;
    }
    for (size_t i = 0; i < pattern->len; i++) {
        out[i] = (char)as_byte(pattern->token[i]);
    }
    out[pattern->len] = '\0';
    return true;
}

bool lp_policy_match(const char *pattern, const char *text, bool variables,
                     lp_policy_lookup_fn lookup, void *arg)
{
    const lp_policy_env_t env = {.variables = variables, .lookup = lookup, .arg = arg};
    lp_pattern_t expanded;
    return lp_pattern_expand(pattern, &env, &expanded) && lp_pattern_match(&expanded, text, false);
}
