// SPDX-License-Identifier: Apache-2.0
// Looking through an account for what nobody needs and what lets too much in. Changes nothing.
#ifndef LP_SETUP_AUDIT_H
#define LP_SETUP_AUDIT_H

#include "limpet/aws.h"

typedef struct {
    long days;         // a certificate that ends sooner is a finding
    size_t n_certs;    // out: certificates that were looked at
    size_t n_active;   // out
    size_t n_policies; // out
    size_t n_findings; // out
} lp_audit_t;

// Prints each finding (text or event "finding") as it is found.
lp_exit_t lp_audit_run(const lp_aws_config_t *aws, lp_audit_t *audit, lp_fault_t *f);

#endif
