// SPDX-License-Identifier: Apache-2.0
// An image without room for connections of the application beside the cloud's.
#include "app_internal.h"

void lp_app_net_start(const lp_app_t *app, lp_turn_t *turn)
{
    (void)app;
    (void)turn;
}

void lp_app_net_changed(void)
{
}

const lp_link_base_t *lp_app_net(const lp_app_t *app)
{
    (void)app;
    return NULL;
}

void lp_app_net_stop(void)
{
}

bool lp_app_net_is_up(void)
{
    return false;
}

void lp_app_net_end(void)
{
}
