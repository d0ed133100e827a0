// SPDX-License-Identifier: Apache-2.0
// A small image has no room for more, unless LP_SMALL_CRASHES says that crashes are worth it.
#include "extras.h"

#include "app_manifest.h"
#include "limpet/svc_crash.h"
#include "sizes.h"

static lp_svc_crash_t crash_service;

void lp_app_extras_begin(void)
{
}

void lp_app_extras_load(lp_config_t *config, lp_store_t *store, lp_buf_t *scratch, bool wants_reset)
{
    (void)store;
    (void)scratch;
    (void)wants_reset;
    lp_config_load(config, NULL);
}

void lp_app_extras_put_info(lp_json_writer_t *w)
{
    (void)w;
}

lp_err_t lp_app_extras_save_trial(lp_config_t *config)
{
    (void)config;
    return LP_E_UNSUPPORTED;
}

void lp_app_extras_start_safe(const lp_app_extras_t *parts)
{
    static const char about[] = LP_APP_NAME " " LP_APP_VERSION;
    if (SIZE_KEEPS_CRASHES) {
        lp_port_crash_start(about, parts->app->counters->value[LP_COUNTER_BOOTS]);
        lp_svc_crash_init(&crash_service, parts->app->rpc, parts->store, parts->app->config);
    }
}

void lp_app_extras_start(const lp_app_extras_t *parts)
{
    (void)parts;
}
