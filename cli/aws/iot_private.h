// SPDX-License-Identifier: Apache-2.0
// What the calls of AWS IoT share. Private to this folder.
#ifndef LP_IOT_PRIVATE_H
#define LP_IOT_PRIVATE_H

#include <cjson/cJSON.h>

#include "limpet/aws_answer.h"
#include "limpet/iot.h"

enum { IOT_PATH = 1024 };

// "<before><segment, encoded><after>" in out[IOT_PATH]. False: it does not fit.
bool iot_path(char *out, const char *before, const char *segment, const char *after);

// A call of the control plane without query and body.
lp_aws_request_t iot_request(const lp_aws_config_t *c, const char *action, const char *method,
                             const char *path);

// A call with nothing of interest in the answer. body and principal may be null.
lp_aws_result_t iot_simple(const lp_aws_config_t *c, const char *action, const char *method,
                           const char *path, const char *query, const char *body,
                           const char *principal, lp_fault_t *f);

// LP_AWS_FAILED with the fault's words.
lp_aws_result_t iot_fail_name(const char *action, const char *name, lp_fault_t *f);
lp_aws_result_t iot_fail_answer(const char *action, const char *member, lp_fault_t *f);

// Copies the string `name`. False: there is none, or it does not fit; `out` is untouched.
bool iot_take(const cJSON *tree, const char *name, char *out, size_t cap);

// An answer without its list says nothing; it does not say that there is nothing.
bool iot_has_array(const cJSON *answer, const char *name);

#endif
