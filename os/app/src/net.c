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
                            .scratch_bytes = sizeof scratch};
}
