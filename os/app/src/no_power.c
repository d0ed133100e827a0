// SPDX-License-Identifier: Apache-2.0
// An image that never sleeps deeper than its loop does.
#include "app_internal.h"

lp_power_t *lp_app_power(const lp_app_t *app)
{
    (void)app;
    return NULL;
}
