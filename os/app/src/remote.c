// SPDX-License-Identifier: Apache-2.0
// An image that can be called over the network, once its owner says so.
#include <string.h>

#include "app_internal.h"
#include "limpet/log.h"
#include "limpet/settings.h"
#include "limpet/svc_remote.h"
#include "limpet/svc_remote_mqtt.h"
#include "sizes.h"

#define LOG_MODULE "app"

_Static_assert((int)SIZE_SETTINGS <= (int)LP_CONFIG_ROWS_MAX,
               "more settings than a table may have");
static lp_config_row_t rows[SIZE_SETTINGS];
static lp_remote_conn_t conns[SIZE_REMOTE_CONNS];
static lp_access_t access;
static lp_svc_remote_t remote;
static lp_svc_remote_mqtt_t mqtt;
static bool is_started;
static bool has_mqtt;

const lp_config_row_t *lp_app_settings(size_t *count)
{
    const size_t common = LP_SETTINGS_COUNT + LP_REMOTE_SETTINGS_COUNT;
    memcpy(rows, lp_settings, sizeof lp_settings);
    memcpy(rows + LP_SETTINGS_COUNT, lp_remote_settings, sizeof lp_remote_settings);
    *count = common + lp_app_net_settings(rows + common);
    *count += lp_app_own_net_settings(rows + *count);
    *count += lp_app_wifi_settings(rows + *count);
    return rows;
}

void lp_app_remote_words(lp_svc_config_t *config)
{
    const lp_settings_more_t *wifi = lp_app_wifi_words();
    const lp_settings_more_t *own_net = lp_app_own_net_words();
    lp_err_t err = lp_svc_config_add(config, wifi, wifi != NULL ? 1 : 0);
    if (err == LP_OK) {
        err = lp_svc_config_add(config, own_net, own_net != NULL ? 1 : 0);
    }
    if (err == LP_OK) {
        err = lp_svc_config_add(config, lp_remote_settings_more, LP_REMOTE_SETTINGS_GROUPS);
    }
    if (err == LP_OK) {
        err = lp_app_net_words(config);
    }
    if (err != LP_OK) {
        LP_LOGE("Config.Schema does not describe all settings (%s)", lp_err_text(err));
    }
}

void lp_app_remote_start(lp_app_t *app, lp_store_t *store, lp_turn_t *turn)
{
    lp_app_own_net_start(app);
    lp_app_net_start(app, turn);
    const lp_err_t err = lp_access_init(&access, store, lp_config_str(app->config, "device.id"));
    if (err != LP_OK) {
        LP_LOGE("no random numbers (%s): nobody can log in over the network", lp_err_text(err));
    }
    const lp_svc_remote_setup_t setup = {.loop = app->loop,
                                         .rpc = app->rpc,
                                         .config = app->config,
                                         .access = &access,
                                         .turn = app->cloud != NULL ? turn : NULL, // and so TLS
                                         .conns = conns,
                                         .conn_count = SIZE_REMOTE_CONNS,
                                         .on_listeners = lp_app_announce_changed};
    lp_svc_remote_init(&remote, &setup);
    lp_app_announce_start(app, &remote);
    is_started = true;
    if (app->cloud != NULL) {
        lp_svc_remote_mqtt_init(&mqtt, &remote, app->cloud);
        has_mqtt = true;
    }
}

void lp_app_remote_changed(void)
{
    lp_app_own_net_changed();
    lp_app_net_changed();
    if (is_started) {
        lp_svc_remote_poke(&remote);
    }
    if (has_mqtt) {
        lp_svc_remote_mqtt_poke(&mqtt);
    }
}

void lp_app_remote_set_up(const char *address, lp_access_t *set_up)
{
    lp_svc_remote_set_up(&remote, address, set_up);
}

void lp_app_remote_stop(void)
{
    if (is_started) {
        lp_app_announce_stop();
        lp_svc_remote_stop(&remote);
    }
    lp_app_net_end();
}
