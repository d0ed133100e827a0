// SPDX-License-Identifier: Apache-2.0
// Condition blocks. @source IAM User Guide, "IAM JSON policy elements: Condition operators" and
// "Conditions with multiple context keys or values".
#include <arpa/inet.h>
#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "policy_match.h"

enum { VALUES_MAX = 64, TEXT_MAX = 512 };

typedef enum { KIND_EQUAL, KIND_FOLD, KIND_LIKE, KIND_NUMBER, KIND_DATE, KIND_IP } kind_t;
typedef enum { CMP_EQ, CMP_LT, CMP_LE, CMP_GT, CMP_GE } cmp_t;

typedef struct {
    const char *name;
    kind_t kind;
    cmp_t cmp;
    bool negated;
} operator_t;

static const operator_t operators[] = {
    {"StringEquals", KIND_EQUAL, CMP_EQ, false},
    {"StringNotEquals", KIND_EQUAL, CMP_EQ, true},
    {"StringEqualsIgnoreCase", KIND_FOLD, CMP_EQ, false},
    {"StringNotEqualsIgnoreCase", KIND_FOLD, CMP_EQ, true},
    {"StringLike", KIND_LIKE, CMP_EQ, false},
    {"StringNotLike", KIND_LIKE, CMP_EQ, true},
    {"ArnEquals", KIND_LIKE, CMP_EQ, false},
    {"ArnNotEquals", KIND_LIKE, CMP_EQ, true},
    {"ArnLike", KIND_LIKE, CMP_EQ, false},
    {"ArnNotLike", KIND_LIKE, CMP_EQ, true},
    {"Bool", KIND_FOLD, CMP_EQ, false},
    {"NumericEquals", KIND_NUMBER, CMP_EQ, false},
    {"NumericNotEquals", KIND_NUMBER, CMP_EQ, true},
    {"NumericLessThan", KIND_NUMBER, CMP_LT, false},
    {"NumericLessThanEquals", KIND_NUMBER, CMP_LE, false},
    {"NumericGreaterThan", KIND_NUMBER, CMP_GT, false},
    {"NumericGreaterThanEquals", KIND_NUMBER, CMP_GE, false},
    {"DateEquals", KIND_DATE, CMP_EQ, false},
    {"DateNotEquals", KIND_DATE, CMP_EQ, true},
    {"DateLessThan", KIND_DATE, CMP_LT, false},
    {"DateLessThanEquals", KIND_DATE, CMP_LE, false},
    {"DateGreaterThan", KIND_DATE, CMP_GT, false},
    {"DateGreaterThanEquals", KIND_DATE, CMP_GE, false},
    {"IpAddress", KIND_IP, CMP_EQ, false},
    {"NotIpAddress", KIND_IP, CMP_EQ, true},
};

// An operator as written: "ForAnyValue:StringLikeIfExists".
typedef struct {
    const operator_t *op; // null for Null
    bool is_null;
    bool all_values;
    bool any_value;
    bool if_exists;
} spec_t;

static bool find_operator(const char *name, size_t len, spec_t *spec)
{
    if (len == 4 && strncmp(name, "Null", 4) == 0) {
        spec->is_null = true;
        return true;
    }
    for (size_t i = 0; i < sizeof operators / sizeof operators[0]; i++) {
        if (strlen(operators[i].name) == len && strncmp(operators[i].name, name, len) == 0) {
            spec->op = &operators[i];
            return true;
        }
    }
    return false;
}

static bool parse_spec(const char *text, spec_t *spec)
{
    *spec = (spec_t){0};
    if (strncmp(text, "ForAllValues:", 13) == 0) {
        spec->all_values = true;
        text += 13;
    } else if (strncmp(text, "ForAnyValue:", 12) == 0) {
        spec->any_value = true;
        text += 12;
    }
    size_t len = strlen(text);
    if (len > 8 && strcmp(text + len - 8, "IfExists") == 0) {
        spec->if_exists = true;
        len -= 8;
    }
    return find_operator(text, len, spec);
}

static bool compare(double have, double want, cmp_t cmp)
{
    switch (cmp) {
    case CMP_EQ:
        return fabs(have - want) <= 0.0;
    case CMP_LT:
        return have < want;
    case CMP_LE:
        return have <= want;
    case CMP_GT:
        return have > want;
    case CMP_GE:
        return have >= want;
    }
    return false;
}

static bool read_number(const char *text, double *out)
{
    char *end = NULL;
    *out = strtod(text, &end);
    return end != text && *end == '\0' && isfinite(*out);
}

// Seconds since 1970 or 2026-01-31T12:00:00Z or 2026-01-31.
static bool read_date(const char *text, double *out)
{
    struct tm tm = {0};
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
    if (rest == NULL) {
        tm = (struct tm){0};
        rest = strptime(text, "%Y-%m-%d", &tm);
    }
    if (rest != NULL && (strcmp(rest, "Z") == 0 || *rest == '\0')) {
        *out = (double)timegm(&tm);
        return true;
    }
    return read_number(text, out);
}

static bool bits_equal(const unsigned char *a, const unsigned char *b, int bits)
{
    int whole = bits / 8;
    if (memcmp(a, b, (size_t)whole) != 0) {
        return false;
    }
    int rest = bits % 8;
    return rest == 0 || ((a[whole] ^ b[whole]) & (0xff << (8 - rest)) & 0xff) == 0;
}

static bool ip_in(const char *have, const char *want)
{
    char net[64];
    snprintf(net, sizeof net, "%s", want);
    char *slash = strchr(net, '/');
    if (slash != NULL) {
        *slash = '\0';
    }
    int family = strchr(net, ':') != NULL ? AF_INET6 : AF_INET;
    int width = family == AF_INET6 ? 128 : 32;
    char *end = NULL;
    long bits = slash != NULL ? strtol(slash + 1, &end, 10) : width;
    unsigned char a[16];
    unsigned char b[16];
    if ((end != NULL && *end != '\0') || bits < 0 || bits > width ||
        inet_pton(family, have, a) != 1 || inet_pton(family, net, b) != 1) {
        return false;
    }
    return bits_equal(a, b, (int)bits);
}

static bool value_text(const cJSON *value, char text[TEXT_MAX])
{
    if (cJSON_IsString(value)) {
        return snprintf(text, TEXT_MAX, "%s", value->valuestring) < TEXT_MAX;
    }
    if (cJSON_IsBool(value)) {
        return snprintf(text, TEXT_MAX, "%s", cJSON_IsTrue(value) ? "true" : "false") > 0;
    }
    return cJSON_IsNumber(value) && snprintf(text, TEXT_MAX, "%.17g", value->valuedouble) > 0;
}

static bool compare_as(const operator_t *op, const char *have, const char *want)
{
    double a = 0;
    double b = 0;
    if (op->kind == KIND_IP) {
        return ip_in(have, want);
    }
    bool ok = op->kind == KIND_NUMBER ? read_number(have, &a) && read_number(want, &b)
                                      : read_date(have, &a) && read_date(want, &b);
    return ok && compare(a, b, op->cmp);
}

// One value of the request against one value of the policy, before negation.
static bool value_matches(const operator_t *op, const char *have, const cJSON *want,
                          const lp_policy_env_t *env)
{
    char text[TEXT_MAX];
    lp_pattern_t pattern;
    if (!value_text(want, text) || !lp_pattern_expand(text, env, &pattern)) {
        return false;
    }
    if (op->kind == KIND_LIKE) {
        return lp_pattern_match(&pattern, have, false);
    }
    if (op->kind == KIND_EQUAL || op->kind == KIND_FOLD) {
        return lp_pattern_equal(&pattern, have, op->kind == KIND_FOLD);
    }
    return lp_pattern_text(&pattern, text, sizeof text) && compare_as(op, have, text);
}

static bool any_matches(const operator_t *op, const char *have, const cJSON *wants,
                        const lp_policy_env_t *env)
{
    const cJSON *want = NULL;
    if (!cJSON_IsArray(wants)) {
        return value_matches(op, have, wants, env);
    }
    cJSON_ArrayForEach(want, wants)
    {
        if (value_matches(op, have, want, env)) {
            return true;
        }
    }
    return false;
}

static bool null_holds(const cJSON *wants, bool missing)
{
    char text[TEXT_MAX];
    const cJSON *want = cJSON_IsArray(wants) ? cJSON_GetArrayItem(wants, 0) : wants;
    return value_text(want, text) && (strcasecmp(text, "true") == 0) == missing;
}

// All or any of the request's values.
static bool set_holds(const spec_t *spec, const char *key, const cJSON *wants,
                      const lp_policy_env_t *env)
{
    for (size_t n = 0; n < VALUES_MAX; n++) {
        const char *have = env->lookup(env->arg, key, n);
        if (have == NULL) {
            break;
        }
        bool holds = any_matches(spec->op, have, wants, env) != spec->op->negated;
        if (holds != spec->all_values) {
            return holds;
        }
    }
    return spec->all_values;
}

static bool key_holds(const spec_t *spec, const char *key, const cJSON *wants,
                      const lp_policy_env_t *env)
{
    const char *have = env->lookup != NULL ? env->lookup(env->arg, key, 0) : NULL;
    if (spec->is_null) {
        return null_holds(wants, have == NULL);
    }
    if (have == NULL) {
        // An absent key is unequal to everything; ForAllValues holds over no values.
        return spec->if_exists || spec->all_values || (spec->op->negated && !spec->any_value);
    }
    if (spec->all_values || spec->any_value) {
        return set_holds(spec, key, wants, env);
    }
    return any_matches(spec->op, have, wants, env) != spec->op->negated;
}

bool lp_condition_holds(const cJSON *conditions, const lp_policy_env_t *env)
{
    const cJSON *block = NULL;
    cJSON_ArrayForEach(block, conditions)
    {
        spec_t spec;
        const cJSON *key = NULL;
        if (!parse_spec(block->string, &spec)) {
            return false;
        }
        cJSON_ArrayForEach(key, block)
        {
            if (!key_holds(&spec, key->string, key, env)) {
                return false;
            }
        }
    }
    return true;
}

static const char *values_fault(const cJSON *values)
{
    char text[TEXT_MAX];
    const cJSON *value = NULL;
    if (!cJSON_IsArray(values)) {
        return value_text(values, text) ? NULL : "a condition's value is not text";
    }
    if (cJSON_GetArraySize(values) == 0) {
        return "a condition has no values";
    }
    cJSON_ArrayForEach(value, values)
    {
        if (!value_text(value, text)) {
            return "a condition's value is not text";
        }
    }
    return NULL;
}

static const char *block_fault(const cJSON *block)
{
    spec_t spec;
    if (!parse_spec(block->string, &spec)) {
        return "a condition operator is not known";
    }
    const cJSON *key = NULL;
    const char *fault =
        cJSON_IsObject(block) && block->child != NULL ? NULL : "a condition has no keys";
    cJSON_ArrayForEach(key, block)
    {
        fault = fault == NULL ? values_fault(key) : fault;
    }
    return fault;
}

const char *lp_condition_fault(const cJSON *conditions)
{
    if (conditions == NULL) {
        return NULL;
    }
    const cJSON *block = NULL;
    const char *fault = cJSON_IsObject(conditions) ? NULL : "Condition is not an object";
    cJSON_ArrayForEach(block, conditions)
    {
        fault = fault == NULL ? block_fault(block) : fault;
    }
    return fault;
}
