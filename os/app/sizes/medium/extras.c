// SPDX-License-Identifier: Apache-2.0
#include "extras.h"

#include <string.h>

#include "app_internal.h"
#include "files.h"
#include "limpet/app_wires.h"
#include "limpet/log.h"
#include "limpet/settings.h"
#include "limpet/svc_adc.h"
#include "limpet/svc_atca.h"
#include "limpet/svc_atca_change.h"
#include "limpet/svc_config.h"
#include "limpet/svc_debug.h"
#include "limpet/svc_gpio.h"
#include "limpet/svc_i2c.h"
#include "limpet/svc_onewire.h"
#include "limpet/svc_trial.h"
#include "logs.h"

#define LOG_MODULE "app"

static lp_rpc_set_t adc;
static lp_svc_atca_t atca;
static lp_svc_atca_change_t atca_change;
static lp_rpc_set_t debug;
static lp_svc_gpio_t gpio;
static lp_svc_i2c_t i2c;
static lp_svc_onewire_t onewire;
static lp_svc_cron_t cron;
static lp_cron_action_t publish;
static lp_svc_config_t config_service;
static lp_svc_trial_t trial;

void lp_app_extras_begin(void)
{
    logs_begin();
}

void lp_app_extras_load(lp_config_t *config, lp_store_t *store, lp_buf_t *scratch, bool wants_reset)
{
    lp_err_t err = lp_config_migrate(store, lp_settings_moves, lp_settings_move_count, scratch);
    if (err == LP_OK && wants_reset) {
        LP_LOGW("factory reset, as the board was told: all settings are back at their defaults");
        err = lp_config_reset(config);
    }
    lp_config_load(config, NULL);
    if (err == LP_OK) {
        err = lp_config_start_trial(config);
    }
    if (err != LP_OK) {
        LP_LOGE("the stored settings could not be brought up to date (%s)", lp_err_text(err));
    }
}

void lp_app_extras_put_info(lp_json_writer_t *w)
{
    lp_app_power_put(w);
}

lp_err_t lp_app_extras_save_trial(lp_config_t *config)
{
    return lp_config_save_trial(config);
}

// "WHAT TEXT": the text on limpet/<thing>/WHAT.
static void on_publish(void *ctx, const char *payload)
{
    char what[LP_CRON_PAYLOAD_MAX + 1];
    const size_t len = strcspn(payload, " ");
    memcpy(what, payload, len);
    what[len] = '\0';
    (void)lp_app_publish(ctx, what, "%s", payload[len] == ' ' ? payload + len + 1 : "");
}

void lp_app_extras_start_safe(const lp_app_extras_t *parts)
{
    lp_svc_debug_init(&debug, parts->app->rpc);
    logs_start(parts);
    lp_app_events_begin(parts->app);
    lp_app_power_begin(parts->app);
}

void lp_app_extras_start(const lp_app_extras_t *parts)
{
    lp_app_t *app = parts->app;
    const lp_svc_i2c_setup_t for_i2c = {
        .loop = app->loop, .rpc = app->rpc, .bus = parts->bus, .chip = app->chip};
    const lp_svc_cron_setup_t for_cron = {
        .loop = app->loop, .rpc = app->rpc, .store = parts->store};
    lp_svc_adc_init(&adc, app->rpc);
    lp_svc_atca_init(&atca, app->rpc, app->chip);
    lp_svc_atca_change_init(&atca_change, app->rpc, app->chip, app->config);
    lp_svc_gpio_init(&gpio, app->loop, app->rpc);
    lp_svc_i2c_init(&i2c, &for_i2c);
    lp_svc_onewire_init(&onewire, app->rpc, lp_app_onewire(app));
    lp_svc_cron_init(&cron, &for_cron);
    publish = (lp_cron_action_t){.name = "publish", .run = on_publish, .ctx = app};
    lp_svc_cron_add_action(&cron, &publish);
    app->cron = &cron;
    lp_svc_config_init(&config_service, app->rpc, app->config, parts->sys);
    lp_app_remote_words(&config_service);
    const lp_svc_trial_setup_t for_trial = {
        .loop = app->loop, .config = app->config, .cloud = app->cloud, .sys = parts->sys};
    lp_svc_trial_init(&trial, &for_trial);
    files_start(parts);
    lp_app_events_start();
    lp_app_power_start(app, parts->turn);
}
