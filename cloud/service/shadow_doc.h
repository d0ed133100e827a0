// SPDX-License-Identifier: Apache-2.0
// Private: shadow documents as trees; nothing is stored here.
#ifndef LP_SERVICE_SHADOW_DOC_H
#define LP_SERVICE_SHADOW_DOC_H

#include <cjson/cJSON.h>
#include <stdbool.h>

// Why a state section cannot be taken, or null. Static.
const char *lp_shadow_section_fault(const cJSON *section, int depth);

// Merges `change` into `state` (objects by member, null deletes, the rest replaces) and marks what
// changed in `metadata` with {timestamp}.
void lp_shadow_merge(cJSON *state, cJSON *metadata, const cJSON *change, double now);

// {timestamp} for each leaf of what was asked. Caller's.
cJSON *lp_shadow_stamp(const cJSON *change, double now);

// What of `desired` differs from `reported`: a new object, null for nothing. Arrays are whole
// values.
cJSON *lp_shadow_delta(const cJSON *desired, const cJSON *reported);

// The parts of `metadata` that belong to the members of `state`. Caller's.
cJSON *lp_shadow_select(const cJSON *metadata, const cJSON *state);

#endif
