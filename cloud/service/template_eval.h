// SPDX-License-Identifier: Apache-2.0
// Private: the functions of templates.
#ifndef LP_SERVICE_TEMPLATE_EVAL_H
#define LP_SERVICE_TEMPLATE_EVAL_H

#include "limpet/template.h"

#define LP_TEMPLATE_THING       "AWS::IoT::Thing"
#define LP_TEMPLATE_CERTIFICATE "AWS::IoT::Certificate"
#define LP_TEMPLATE_POLICY      "AWS::IoT::Policy"

// Every function is known and has arguments of the right shape, every Ref and ${...} a parameter.
bool lp_template_check_functions(const cJSON *template, char *why, size_t size);

#endif
