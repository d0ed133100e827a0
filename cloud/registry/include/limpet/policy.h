// SPDX-License-Identifier: Apache-2.0
// limpet/policy.h - AWS IoT Core policies: parsing and evaluation. Pure: no store, no clock, no
// network.
//
// explicit Deny > Allow > nothing said. A statement applies when its action, its resource and all
// its conditions match. A resource with a variable that has no value matches nothing, and the value
// of a variable is always literal: a client that calls itself "*" gets no wildcard.
// @source AWS IoT Core Developer Guide, "AWS IoT Core policies"; IAM User Guide, "Policy evaluation
// logic", "Condition operators".
#ifndef LIMPET_POLICY_H
#define LIMPET_POLICY_H

#include <stdbool.h>
#include <stddef.h>

typedef struct lp_policy lp_policy_t;

// Parses and checks a document. On failure *out is untouched, false is returned and `why` (size
// bytes) says where it is wrong. Owned by the caller: lp_policy_free().
bool lp_policy_parse(const char *document, lp_policy_t **out, char *why, size_t size);
void lp_policy_free(lp_policy_t *policy);

// Characters that count against the size limit: all but white space.
size_t lp_policy_chars(const char *document);

// The n-th value (from 0) of a context key such as "iot:ClientId" (compared without case), or null.
// Lends.
typedef const char *(*lp_policy_lookup_fn)(void *arg, const char *key, size_t n);

typedef struct {
    const char *action;   // "iot:Connect", ...
    const char *resource; // a whole ARN
    lp_policy_lookup_fn lookup;
    void *arg;
} lp_policy_request_t;

typedef enum { LP_POLICY_SILENT, LP_POLICY_ALLOWS, LP_POLICY_DENIES } lp_policy_answer_t;

// What one policy says; combine several with lp_policy_combine().
lp_policy_answer_t lp_policy_evaluate(const lp_policy_t *policy,
                                      const lp_policy_request_t *request);

// Deny over allow over silence.
lp_policy_answer_t lp_policy_combine(lp_policy_answer_t a, lp_policy_answer_t b);

// Pattern (with * and ? and variables, when `variables`) against text. Exposed for tests and
// fuzzing.
bool lp_policy_match(const char *pattern, const char *text, bool variables,
                     lp_policy_lookup_fn lookup, void *arg);

#endif
