// SPDX-License-Identifier: Apache-2.0
// Private: patterns with wildcards and variables.
#ifndef LP_REGISTRY_POLICY_MATCH_H
#define LP_REGISTRY_POLICY_MATCH_H

#include <stdint.h>

#include "limpet/policy.h"

// A pattern with its variables replaced: bytes, or one of the two wildcards, which no byte of a
// value can become.
enum { LP_TOKEN_ANY = 0x100, LP_TOKEN_ONE = 0x101, LP_TOKENS_MAX = 4096 };

typedef struct {
    uint16_t token[LP_TOKENS_MAX];
    size_t len;
} lp_pattern_t;

typedef struct {
    bool variables; // ${...} is replaced (policy Version 2012-10-17)
    lp_policy_lookup_fn lookup;
    void *arg;
} lp_policy_env_t;

// False: a variable has no value, is not closed, or the result is too long.
bool lp_pattern_expand(const char *pattern, const lp_policy_env_t *env, lp_pattern_t *out);
bool lp_pattern_match(const lp_pattern_t *pattern, const char *text, bool fold_case);
// The same with * and ? as plain characters.
bool lp_pattern_equal(const lp_pattern_t *pattern, const char *text, bool fold_case);
// The pattern as text, wildcards as written; false: it does not fit.
bool lp_pattern_text(const lp_pattern_t *pattern, char *out, size_t size);

// A statement's Condition block; null: no conditions, true.
struct cJSON;
bool lp_condition_holds(const struct cJSON *conditions, const lp_policy_env_t *env);
// Null when every operator is known and every value usable, else what is wrong. Static.
const char *lp_condition_fault(const struct cJSON *conditions);

#endif
