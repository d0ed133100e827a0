// SPDX-License-Identifier: Apache-2.0
// An image with connections of the application's own.
#include "app_internal.h"
#include "sizes.h"

static uint8_t scratch[SIZE_LINK_SCRATCH_BYTES];
static lp_link_base_t base;

const lp_link_base_t *lp_app_net(const lp_app_t *app)
{
    base.files = app->files;
    return base.loop != NULL ? &base : NULL;
}

void lp_app_net_start(const lp_app_t *app, lp_turn_t *turn)
{
    base = (lp_link_base_t){.loop = app->loop,
                            .turn = app->cloud != NULL ? turn : NULL, // and so TLS
                            .config = app->config,
                            .files = app->files,
                            .scratch = scratch,
                            .scratch_bytes = sizeof scratch,
                            .events = lp_app_events(app)};
    lp_app_mqtt_start(app, &base);
    lp_app_log_sinks_start(app);
}

void lp_app_net_changed(void)
{
    lp_app_mqtt_changed();
    lp_app_log_sinks_changed();
}

void lp_app_net_stop(void)
{
    lp_app_mqtt_stop();
}

bool lp_app_net_is_up(void)
{
    return lp_app_mqtt_is_up();
}

void lp_app_net_end(void)
{
    lp_app_log_sinks_stop();
}
