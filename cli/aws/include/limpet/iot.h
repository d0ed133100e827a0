// SPDX-License-Identifier: Apache-2.0
// limpet/iot.h - the operations of AWS IoT that a setup needs, one function each.
//
// Each returns LP_AWS_OK or fills the fault. Names and ids are checked for what AWS allows before
// they go out; answers are checked before they come back. @source service model 2015-05-28
#ifndef LIMPET_IOT_H
#define LIMPET_IOT_H

#include "limpet/aws.h"

enum {
    LP_IOT_ID_LEN = 64,
    LP_IOT_MAX_NAME = 128,
    LP_IOT_MAX_LISTED = 250,
};

typedef struct {
    char id[LP_IOT_ID_LEN + 1];
    char arn[256];
    char status[32];  // "ACTIVE", "INACTIVE", "REVOKED"...
    double created_s; // 0 when not said
    char pem[4096];
} lp_iot_cert_t;

bool lp_iot_is_thing_name(const char *name);
bool lp_iot_is_policy_name(const char *name);
bool lp_iot_is_cert_id(const char *id);

// "host" or "host:port" of the data endpoint (ATS).
lp_aws_result_t lp_iot_endpoint(const lp_aws_config_t *c, char *out, size_t cap, lp_fault_t *f);
// The account number. Often not permitted; not needed.
lp_aws_result_t lp_iot_account(const lp_aws_config_t *c, char *out, size_t cap, lp_fault_t *f);

lp_aws_result_t lp_iot_cert_get(const lp_aws_config_t *c, const char *id, lp_iot_cert_t *cert,
                                lp_fault_t *f);
// Not repeatable: LP_AWS_UNKNOWN means that a certificate may have been made.
lp_aws_result_t lp_iot_cert_create(const lp_aws_config_t *c, const char *csr_pem,
                                   lp_iot_cert_t *cert, lp_fault_t *f);
// Registers a certificate that somebody else made, without its CA, ACTIVE. LP_AWS_CONFLICT: it is
// registered already; so it may be repeated. *cert is what DescribeCertificate says of it.
lp_aws_result_t lp_iot_cert_register(const lp_aws_config_t *c, const char *pem, const char *id,
                                     lp_iot_cert_t *cert, lp_fault_t *f);
lp_aws_result_t lp_iot_cert_set_status(const lp_aws_config_t *c, const char *id, const char *status,
                                       lp_fault_t *f);
lp_aws_result_t lp_iot_cert_delete(const lp_aws_config_t *c, const char *id, lp_fault_t *f);
// Ids of the newest certificates that were made at since_s or later (0: any time), newest first.
lp_aws_result_t lp_iot_cert_list(const lp_aws_config_t *c, double since_s,
                                 char ids[LP_IOT_MAX_LISTED][LP_IOT_ID_LEN + 1], size_t *n,
                                 lp_fault_t *f);

// LP_AWS_OK: it exists.
lp_aws_result_t lp_iot_thing_get(const lp_aws_config_t *c, const char *thing, lp_fault_t *f);
lp_aws_result_t lp_iot_thing_create(const lp_aws_config_t *c, const char *thing, lp_fault_t *f);
// With a type (which must exist) and attributes "name=value,name=value"; both may be null.
lp_aws_result_t lp_iot_thing_create_as(const lp_aws_config_t *c, const char *thing,
                                       const char *type, const char *attributes, lp_fault_t *f);
// Whether `text` is a list of attributes that AWS IoT allows.
bool lp_iot_is_attributes(const char *text);
lp_aws_result_t lp_iot_thing_join(const lp_aws_config_t *c, const char *thing, const char *group,
                                  lp_fault_t *f);
lp_aws_result_t lp_iot_thing_delete(const lp_aws_config_t *c, const char *thing, lp_fault_t *f);
// The ids of the certificates that are attached to a thing.
lp_aws_result_t lp_iot_thing_certs(const lp_aws_config_t *c, const char *thing,
                                   char ids[LP_IOT_MAX_LISTED][LP_IOT_ID_LEN + 1], size_t *n,
                                   lp_fault_t *f);
lp_aws_result_t lp_iot_thing_attach(const lp_aws_config_t *c, const char *thing, const char *arn,
                                    lp_fault_t *f);
lp_aws_result_t lp_iot_thing_detach(const lp_aws_config_t *c, const char *thing, const char *arn,
                                    lp_fault_t *f);

// *document (owned by the caller, free) is the policy's default version; `arn` may be null.
lp_aws_result_t lp_iot_policy_get(const lp_aws_config_t *c, const char *policy, char **document,
                                  char *arn, size_t arn_cap, lp_fault_t *f);
lp_aws_result_t lp_iot_policy_create(const lp_aws_config_t *c, const char *policy,
                                     const char *document, lp_fault_t *f);
// Another text for a policy that is there, in force at once. Not repeatable: LP_AWS_UNKNOWN means
// that it may have been taken.
lp_aws_result_t lp_iot_policy_version(const lp_aws_config_t *c, const char *policy,
                                      const char *document, lp_fault_t *f);
// How many versions there are, and which is the oldest that is not in force ("" for none).
lp_aws_result_t lp_iot_policy_versions(const lp_aws_config_t *c, const char *policy, size_t *n,
                                       char *oldest, size_t cap, lp_fault_t *f);
lp_aws_result_t lp_iot_policy_attach(const lp_aws_config_t *c, const char *policy, const char *arn,
                                     lp_fault_t *f);
lp_aws_result_t lp_iot_policy_detach(const lp_aws_config_t *c, const char *policy, const char *arn,
                                     lp_fault_t *f);
lp_aws_result_t lp_iot_policy_is_attached(const lp_aws_config_t *c, const char *policy,
                                          const char *arn, bool *is_attached, lp_fault_t *f);

// The payload of a retained message, terminated.
lp_aws_result_t lp_iot_retained(const lp_aws_config_t *c, const char *topic, char *out, size_t cap,
                                lp_fault_t *f);

#endif
