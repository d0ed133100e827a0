// SPDX-License-Identifier: Apache-2.0
// The log of an image that has room for its last lines, and where else it goes.
#ifndef LP_APP_LOGS_H
#define LP_APP_LOGS_H

#include "extras.h"

// First of all, so that no line is missed.
void logs_begin(void);
void logs_start(const lp_app_extras_t *parts);

#endif
