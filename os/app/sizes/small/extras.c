// SPDX-License-Identifier: Apache-2.0
// A small image has no room for more.
#include "extras.h"

void lp_app_extras_begin(void)
{
}

void lp_app_extras_load(lp_config_t *config, lp_store_t *store, lp_buf_t *scratch, bool wants_reset)
{
    (void)store;
    (void)scratch;
    (void)wants_reset;
    lp_config_load(config, NULL);
}

lp_err_t lp_app_extras_save_trial(lp_config_t *config)
{
    (void)config;
    return LP_E_UNSUPPORTED;
}

void lp_app_extras_start_safe(const lp_app_extras_t *parts)
{
    (void)parts;
}

void lp_app_extras_start(const lp_app_extras_t *parts)
{
    (void)parts;
}
