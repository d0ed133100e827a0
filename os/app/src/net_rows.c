// SPDX-License-Identifier: Apache-2.0
// The settings of an image with all of the network's parts.
#include <string.h>

#include "app_internal.h"
#include "limpet/settings_net_rows.h"

size_t lp_app_net_settings(lp_config_row_t *rows)
{
    memcpy(rows, lp_net_settings, sizeof lp_net_settings);
    return LP_NET_SETTINGS_COUNT;
}

lp_err_t lp_app_net_words(lp_svc_config_t *config)
{
    return lp_svc_config_add(config, lp_net_settings_more, LP_NET_SETTINGS_GROUPS);
}
