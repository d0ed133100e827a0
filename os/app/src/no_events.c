// SPDX-License-Identifier: Apache-2.0
// An image without room for events.
#include "app_internal.h"

lp_events_t *lp_app_events(const lp_app_t *app)
{
    (void)app;
    return NULL;
}

void lp_app_events_settings_changed(void)
{
}

void lp_app_events_stopping(const char *how)
{
    (void)how;
}
