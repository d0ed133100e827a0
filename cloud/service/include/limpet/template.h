// SPDX-License-Identifier: Apache-2.0
// limpet/template.h - provisioning templates: checking and evaluation. Pure: no store, no clock.
//
// A template declares parameters and describes a thing, a certificate and policies by them. Only
// the template itself is evaluated: what a parameter's value says stays text, whatever it looks
// like.
// @source AWS IoT Core Developer Guide, "Provisioning templates".
#ifndef LIMPET_TEMPLATE_H
#define LIMPET_TEMPLATE_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

enum {
    LP_TEMPLATE_BODY_MAX = 10240,        // characters of a template
    LP_TEMPLATE_VALUE_MAX = 4096,        // of a parameter's value
    LP_TEMPLATE_RESULT_MAX = 256 * 1024, // text made in one evaluation, in bytes
    LP_TEMPLATE_DEPTH_MAX = 24,          // nesting
};

// What all parameters have in common that the cloud itself gives.
#define LP_TEMPLATE_CERT "AWS::IoT::Certificate::"

// Reads and checks a body. On failure *out is untouched, false is returned and `why` (size bytes)
// says what is wrong. The caller deletes *out.
bool lp_template_parse(const char *body, cJSON **out, char *why, size_t size);

// The template with all functions replaced by their values: {Resources, DeviceConfiguration}.
// `values` is an object of texts, `given` another one that wins over it and over defaults (what the
// cloud knows of the certificate); both may be null. The rest as above.
bool lp_template_evaluate(const cJSON *template, const cJSON *values, const cJSON *given,
                          cJSON **out, char *why, size_t size);

// The first resource of a type ("AWS::IoT::Thing"), or null; the next after `after`.
const cJSON *lp_template_resource(const cJSON *template, const char *type, const cJSON *after);

#endif
