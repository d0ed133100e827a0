// SPDX-License-Identifier: Apache-2.0
// limpet/tags.h - names and values that people put on resources. They go with the resource.
// @source AWS IoT API Reference, "TagResource"; AWS General Reference, "Tagging AWS resources".
#ifndef LIMPET_TAGS_H
#define LIMPET_TAGS_H

#include "limpet/registry.h"

enum { LP_TAGS_MAX = 50, LP_TAG_KEY_MAX = 128, LP_TAG_VALUE_MAX = 256 }; // characters

// Whether an array of {Key, Value} is fine; null is. LP_REG_INVALID, LP_REG_LIMIT.
lp_reg_err_t lp_reg_tags_check(lp_registry_t *reg, const cJSON *tags);

// For the makers of resources: the tags of a Create call, already within their transaction. kind as
// in the ARN. LP_REG_INVALID, LP_REG_LIMIT.
lp_reg_err_t lp_reg_tags_put(lp_registry_t *reg, const lp_scope_t *scope, const char *kind,
                             const char *name, const cJSON *tags);

// LP_REG_INVALID: no ARN of this scope, or of a kind that AWS does not tag (things and device
// certificates are such). LP_REG_NOT_FOUND: no such resource.
lp_reg_err_t lp_reg_tag(lp_registry_t *reg, const lp_scope_t *scope, const char *arn,
                        const cJSON *tags);
lp_reg_err_t lp_reg_untag(lp_registry_t *reg, const lp_scope_t *scope, const char *arn,
                          const cJSON *keys);
lp_reg_err_t lp_reg_tags(lp_registry_t *reg, const lp_scope_t *scope, const char *arn,
                         const lp_page_t *page, cJSON **doc);

#endif
