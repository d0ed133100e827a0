// SPDX-License-Identifier: Apache-2.0
// An image that is found on its network by name, where it can be called.
#include <string.h>

#include "app_internal.h"
#include "app_manifest.h"
#include "limpet/settings_net_rows.h"
#include "limpet/svc_mdns.h"

static lp_svc_mdns_t mdns;

size_t lp_app_announce_settings(lp_config_row_t *rows)
{
    memcpy(rows, lp_net_settings, sizeof lp_net_settings);
    return LP_NET_SETTINGS_COUNT;
}

lp_err_t lp_app_announce_words(lp_svc_config_t *config)
{
    return lp_svc_config_add(config, lp_net_settings_more, LP_NET_SETTINGS_GROUPS);
}

void lp_app_announce_start(const lp_app_t *app, lp_svc_remote_t *remote)
{
    const lp_svc_mdns_setup_t setup = {.loop = app->loop,
                                       .rpc = app->rpc,
                                       .config = app->config,
                                       .remote = remote,
                                       .app = LP_APP_NAME,
                                       .version = LP_APP_VERSION};
    lp_svc_mdns_init(&mdns, &setup);
}

void lp_app_announce_changed(void *ctx)
{
    (void)ctx;
    lp_svc_mdns_poke(&mdns);
}

void lp_app_announce_stop(void)
{
    lp_svc_mdns_stop(&mdns);
}
