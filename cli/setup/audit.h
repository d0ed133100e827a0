// SPDX-License-Identifier: Apache-2.0
// Looking through an account for what nobody needs and what lets too much in. Changes nothing.
//
// audit_collect.c asks the cloud and only reads; audit_findings.c and policy_check.c judge without
// any I/O.
#ifndef LP_SETUP_AUDIT_H
#define LP_SETUP_AUDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "limpet/iot.h"

typedef enum {
    LP_FINDING_NO_THING,
    LP_FINDING_NO_POLICY,
    LP_FINDING_SEVERAL_ACTIVE,
    LP_FINDING_WIDE_POLICY,
    LP_FINDING_EXPIRED,
    LP_FINDING_EXPIRING,
    LP_FINDING_UNREADABLE,
    LP_FINDING_OFF_ATTACHED,
    LP_FINDING_PENDING,
    LP_FINDING_COUNT
} lp_finding_kind_t;

typedef struct {
    lp_finding_kind_t kind;
    char name[LP_IOT_MAX_NAME + 1]; // of the certificate (its id), thing or policy
    char detail[280];
} lp_finding_t;

// One certificate as the cloud has it.
typedef struct {
    char id[LP_IOT_ID_LEN + 1];
    char status[32];
    int64_t not_after_s; // seconds since 1970; 0: not known
    size_t n_things;
    size_t n_policies; // with those that come through its things' groups
} lp_audit_cert_t;

typedef struct {
    char name[LP_IOT_MAX_NAME + 1];
} lp_audit_thing_t;

typedef struct {
    lp_finding_t *findings; // owned
    size_t n_findings;
    lp_audit_thing_t *things; // owned; one for each active certificate that is attached to one
    size_t n_things;
    size_t n_certs;    // looked at
    size_t n_active;   // of them
    size_t n_policies; // looked at
    bool is_cut;       // --limit left some out
    bool has_no_memory;
} lp_audit_t;

void lp_audit_deinit(lp_audit_t *a);

const char *lp_finding_code(lp_finding_kind_t kind);  // "no-thing": stable
const char *lp_finding_of(lp_finding_kind_t kind);    // "certificate", "thing" or "policy"
const char *lp_finding_title(lp_finding_kind_t kind); // for people
const char *lp_finding_next(lp_finding_kind_t kind);  // what to do

void lp_audit_add(lp_audit_t *a, lp_finding_kind_t kind, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
// Adds what is to be said of one certificate.
void lp_audit_judge_cert(lp_audit_t *a, const lp_audit_cert_t *cert, int64_t now_s, long days);
// Counts an active certificate for a thing.
void lp_audit_count_thing(lp_audit_t *a, const char *thing);
// Adds what is to be said of the things, once all certificates are counted.
void lp_audit_judge_things(lp_audit_t *a);

typedef struct {
    long days;
    long limit; // certificates and policies, each; 0 for all
    int64_t now_s;
} lp_audit_wish_t;

// Fills `a` from the cloud; on a fault it holds what was found until then.
lp_exit_t lp_audit_collect(const lp_aws_config_t *c, const lp_audit_wish_t *wish, lp_audit_t *a,
                           lp_fault_t *f);

#endif
