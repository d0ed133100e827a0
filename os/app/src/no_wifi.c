// SPDX-License-Identifier: Apache-2.0
// An image for boards whose network is a wire.
#include "app_internal.h"

size_t lp_app_wifi_settings(lp_config_row_t *rows)
{
    (void)rows;
    return 0;
}

const lp_settings_more_t *lp_app_wifi_words(void)
{
    return NULL;
}

void lp_app_wifi_start(lp_app_t *app, lp_store_t *store, void (*on_config)(void *ctx))
{
    (void)app;
    (void)store;
    (void)on_config;
}

lp_err_t lp_app_open_setup(void)
{
    return LP_E_UNSUPPORTED;
}

void lp_app_wifi_changed(void)
{
}
