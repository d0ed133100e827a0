// SPDX-License-Identifier: Apache-2.0
// An image for boards that may have a radio. Without one nothing is different.
#include <string.h>

#include "app_internal.h"
#include "limpet/fmt.h"
#include "limpet/log.h"
#include "limpet/settings_wifi.h"
#include "limpet/svc_cloud.h"
#include "limpet/svc_wifi.h"

#define LOG_MODULE "app"

static lp_svc_wifi_t wifi;
static lp_svc_secret_t secrets;
static lp_access_t set_up; // callers over the set-up network
static lp_app_t *the_app;  // null: no radio
static bool was_up;

static const char set_up_user[] = "setup";

size_t lp_app_wifi_settings(lp_config_row_t *rows)
{
    if (!lp_port_wifi_is_there()) {
        return 0;
    }
    memcpy(rows, lp_settings_wifi, sizeof lp_settings_wifi);
    return LP_SETTINGS_WIFI_COUNT;
}

const lp_settings_more_t *lp_app_wifi_words(void)
{
    return lp_port_wifi_is_there() ? &lp_settings_wifi_more : NULL;
}

static void on_link(void *ctx, bool is_up)
{
    lp_app_t *app = ctx;
    if (app->cloud != NULL) {
        lp_svc_cloud_set_link(app->cloud, is_up);
    }
    if (is_up != was_up) {
        lp_events_publish(lp_app_events(app), is_up ? LP_EV_WIFI_JOINED : LP_EV_WIFI_LOST, 0,
                          is_up ? wifi.ssid : NULL);
        lp_app_events_network(is_up ? wifi.address : NULL);
    }
    was_up = is_up;
}

static void on_try(void *ctx, bool is_reached)
{
    lp_svc_wifi_reached(ctx, is_reached);
}

// One account that is in memory alone, with the password of the set-up network.
static void make_account(lp_app_t *app, const char *password)
{
    uint8_t text[LP_ACCESS_NAME_MAX + LP_ACCESS_REALM_MAX + LP_SVC_WIFI_SECRET_MAX];
    lp_buf_t out = lp_buf(text, sizeof text);
    if (lp_access_init_alone(&set_up, lp_config_str(app->config, "device.id")) != LP_OK) {
        LP_LOGE("no random numbers: nobody can log in over the set-up network");
    }
    (void)lp_fmt(&out, "%s:%s:%s", set_up_user, set_up.realm, password);
    set_up.count = 1;
    set_up.users[0] = (lp_access_user_t){.role = LP_ROLE_OPERATOR};
    memcpy(set_up.users[0].name, set_up_user, sizeof set_up_user);
    lp_sha256(lp_buf_span(&out), set_up.users[0].verifier);
    lp_wipe(text, sizeof text);
}

static void on_setup(void *ctx, const char *address, const char *password)
{
    if (address == NULL) {
        lp_app_remote_set_up(NULL, NULL);
        lp_wipe(&set_up, sizeof set_up);
        return;
    }
    make_account(ctx, password);
    lp_app_remote_set_up(address, &set_up);
}

lp_err_t lp_app_open_setup(void)
{
    return the_app != NULL ? lp_svc_wifi_open_setup(&wifi) : LP_E_UNSUPPORTED;
}

void lp_app_wifi_changed(void)
{
    if (the_app != NULL) {
        lp_svc_wifi_poke(&wifi);
        lp_svc_secret_poke(&secrets);
    }
}

void lp_app_wifi_start(lp_app_t *app, lp_store_t *store, void (*on_config)(void *ctx))
{
    if (!lp_port_wifi_is_there()) {
        return;
    }
    the_app = app;
    lp_svc_secret_init(&secrets, app->loop, app->config, store, lp_settings_wifi,
                       LP_SETTINGS_WIFI_COUNT);
    lp_svc_secret_use(&secrets, app->seal);
    const lp_svc_wifi_setup_t setup = {.loop = app->loop,
                                       .rpc = app->rpc,
                                       .config = app->config,
                                       .store = store,
                                       .secrets = &secrets,
                                       .on_link = on_link,
                                       .on_setup = on_setup,
                                       .on_config = on_config,
                                       .ctx = app};
    on_link(app, false);
    lp_svc_wifi_init(&wifi, &setup);
    lp_svc_cloud_on_try(on_try, &wifi);
}
