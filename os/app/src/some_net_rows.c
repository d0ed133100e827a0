// SPDX-License-Identifier: Apache-2.0
// The settings of what an image with some of the network's parts has: those that its manifest asks
// for.
#include <string.h>

#include "app_internal.h"
#include "limpet/settings_net_rows.h"
#include "sizes.h"

static bool is_here(const lp_settings_more_t *module)
{
    const char *name = module->group.name;
    return (LP_APP_ANNOUNCES && strcmp(name, "mdns") == 0) ||
           (LP_APP_MQTT1 && strcmp(name, "mqtt1") == 0);
}

size_t lp_app_net_settings(lp_config_row_t *rows)
{
    size_t n = 0;
    for (size_t i = 0; i < LP_NET_SETTINGS_GROUPS; i++) {
        const lp_settings_more_t *module = &lp_net_settings_more[i];
        if (is_here(module)) {
            memcpy(rows + n, module->rows, module->count * sizeof *rows);
            n += module->count;
        }
    }
    return n;
}

lp_err_t lp_app_net_words(lp_svc_config_t *config)
{
    lp_err_t err = LP_OK;
    for (size_t i = 0; err == LP_OK && i < LP_NET_SETTINGS_GROUPS; i++) {
        if (is_here(&lp_net_settings_more[i])) {
            err = lp_svc_config_add(config, &lp_net_settings_more[i], 1);
        }
    }
    return err;
}
