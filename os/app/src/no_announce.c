// SPDX-License-Identifier: Apache-2.0
// An image that is not found by name: who calls it knows its address.
#include "app_internal.h"

void lp_app_announce_start(const lp_app_t *app, lp_svc_remote_t *remote)
{
    (void)app;
    (void)remote;
}

void lp_app_announce_changed(void *ctx)
{
    (void)ctx;
}

void lp_app_announce_stop(void)
{
}
