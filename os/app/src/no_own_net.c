// SPDX-License-Identifier: Apache-2.0
// An image on a computer's network, which knows its addresses.
#include "app_internal.h"

size_t lp_app_own_net_settings(lp_config_row_t *rows)
{
    (void)rows;
    return 0;
}

const lp_settings_more_t *lp_app_own_net_words(void)
{
    return NULL;
}

void lp_app_own_net_start(const lp_app_t *app)
{
    (void)app;
}

void lp_app_own_net_changed(void)
{
}
