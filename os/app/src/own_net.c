// SPDX-License-Identifier: Apache-2.0
// An image whose port brings a network of its own.
#include <string.h>

#include "app_internal.h"
#include "limpet/settings_ip.h"
#include "limpet/svc_net.h"

static lp_svc_net_t net;
static bool is_started;

size_t lp_app_own_net_settings(lp_config_row_t *rows)
{
    memcpy(rows, lp_settings_ip, sizeof lp_settings_ip);
    return LP_SETTINGS_IP_COUNT;
}

const lp_settings_more_t *lp_app_own_net_words(void)
{
    return &lp_settings_ip_more;
}

void lp_app_own_net_start(const lp_app_t *app)
{
    lp_svc_net_init(&net, app->rpc, app->config);
    is_started = true;
}

void lp_app_own_net_changed(void)
{
    if (is_started) {
        lp_svc_net_poke(&net);
    }
}
