// SPDX-License-Identifier: Apache-2.0
// The settings of an image that announces itself, and has no connections of the application's.
#include <string.h>

#include "app_internal.h"
#include "limpet/settings_net_rows.h"

static const char group[] = "mdns";

size_t lp_app_announce_settings(lp_config_row_t *rows)
{
    size_t n = 0;
    for (size_t i = 0; i < LP_NET_SETTINGS_COUNT; i++) {
        const char *key = lp_net_settings[i].key;
        if (strncmp(key, group, sizeof group - 1) == 0 && key[sizeof group - 1] == '.') {
            rows[n++] = lp_net_settings[i];
        }
    }
    return n;
}

lp_err_t lp_app_announce_words(lp_svc_config_t *config)
{
    for (size_t i = 0; i < LP_NET_SETTINGS_GROUPS; i++) {
        if (strcmp(lp_net_settings_more[i].group.name, group) == 0) {
            return lp_svc_config_add(config, &lp_net_settings_more[i], 1);
        }
    }
    return LP_OK;
}
