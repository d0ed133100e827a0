// SPDX-License-Identifier: Apache-2.0
// An image whose log stays on the board.
#include "app_internal.h"

void lp_app_log_sinks_start(const lp_app_t *app)
{
    (void)app;
}

void lp_app_log_sinks_changed(void)
{
}

void lp_app_log_sinks_stop(void)
{
}
