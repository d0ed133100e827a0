// SPDX-License-Identifier: Apache-2.0
// An image without room for callers over the network: the UART is the only way in.
#include "app_internal.h"
#include "limpet/settings.h"

const lp_config_row_t *lp_app_settings(size_t *count)
{
    *count = LP_SETTINGS_COUNT;
    return lp_settings;
}

void lp_app_remote_start(lp_app_t *app, lp_store_t *store, lp_turn_t *turn)
{
    (void)app;
    (void)store;
    (void)turn;
}

void lp_app_remote_changed(void)
{
}

void lp_app_remote_stop(void)
{
}
