// SPDX-License-Identifier: Apache-2.0
// What is too wide in somebody's AWS IoT policy.
#ifndef LP_SETUP_POLICY_CHECK_H
#define LP_SETUP_POLICY_CHECK_H

#include <stdbool.h>
#include <stddef.h>

// The first statement that allows every action, or anything on every resource, in words:
// "iot:* on *". False: there is none. A document that is not one is said to be so, and counts.
bool lp_policy_find_wildcard(const char *document, char *words, size_t cap);

#endif
