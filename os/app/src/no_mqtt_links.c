// SPDX-License-Identifier: Apache-2.0
// An image whose one broker is the cloud's.
#include "app_internal.h"

void lp_app_mqtt_start(const lp_app_t *app, const lp_link_base_t *base)
{
    (void)app;
    (void)base;
}

struct lp_mqtt_link *lp_app_mqtt(const lp_app_t *app, const char *name)
{
    (void)app;
    (void)name;
    return NULL;
}

void lp_app_mqtt_changed(void)
{
}

void lp_app_mqtt_stop(void)
{
}

bool lp_app_mqtt_is_up(void)
{
    return false;
}
