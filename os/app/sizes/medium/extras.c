// SPDX-License-Identifier: Apache-2.0
#include "extras.h"

#include <string.h>

#include "files.h"
#include "limpet/svc_i2c.h"

static lp_svc_i2c_t i2c;
static lp_svc_cron_t cron;
static lp_cron_action_t publish;

// "WHAT TEXT": the text on limpet/<thing>/WHAT.
static void on_publish(void *ctx, const char *payload)
{
    char what[LP_CRON_PAYLOAD_MAX + 1];
    const size_t len = strcspn(payload, " ");
    memcpy(what, payload, len);
    what[len] = '\0';
    (void)lp_app_publish(ctx, what, "%s", payload[len] == ' ' ? payload + len + 1 : "");
}

void lp_app_extras_start(lp_app_t *app, lp_store_t *store, lp_i2c_bus_t *bus)
{
    const lp_svc_i2c_setup_t for_i2c = {
        .loop = app->loop, .rpc = app->rpc, .bus = bus, .chip = app->chip};
    const lp_svc_cron_setup_t for_cron = {.loop = app->loop, .rpc = app->rpc, .store = store};
    lp_svc_i2c_init(&i2c, &for_i2c);
    lp_svc_cron_init(&cron, &for_cron);
    publish = (lp_cron_action_t){.name = "publish", .run = on_publish, .ctx = app};
    lp_svc_cron_add_action(&cron, &publish);
    app->cron = &cron;
    files_start(app, store);
}
