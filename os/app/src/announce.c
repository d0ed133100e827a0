// SPDX-License-Identifier: Apache-2.0
// An image that is found on its network by name, where it can be called.
#include "app_internal.h"
#include "app_manifest.h"
#include "limpet/svc_mdns.h"

static lp_svc_mdns_t mdns;

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
